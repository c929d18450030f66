//! Filters of queries, ready to be applied.

use std::collections::BTreeSet;

use capstan_model::event::sli::MissingReason;
use regex_lite::Regex;

use super::query::{Matcher, Operator};
use super::wording::{listed, quoted, unknown};
use crate::sli::Failure;

/// Conditions on labels that must all hold.
#[derive(Debug)]
pub(crate) struct Filter {
    conditions: Vec<Condition>,
    /// As it is shown where nothing passes.
    text: String,
}

#[derive(Debug)]
struct Condition {
    label: String,
    test: Test,
    /// Whether the condition must fail.
    negated: bool,
}

#[derive(Debug)]
enum Test {
    Equal(String),
    Matches(Regex),
}

impl Filter {
    /// Gets `matchers` ready; fails for a pattern that does not parse.
    pub(crate) fn new(matchers: &[Matcher]) -> Result<Self, Failure> {
        let conditions = matchers.iter().map(Condition::new).collect::<Result<_, _>>()?;
        let text = super::query::Filter(matchers).to_string();
        Ok(Self { conditions, text })
    }

    /// Fails where the filter names a label that is none of `known`.
    pub(crate) fn check_labels(&self, known: &[&str]) -> Result<(), Failure> {
        match self.conditions.iter().find(|condition| !known.contains(&condition.label.as_str())) {
            None => Ok(()),
            Some(Condition { label, .. }) => {
                Err(Failure::new(MissingReason::QueryError, unknown("label", label, known)))
            }
        }
    }

    /// Fails where the filter asks for another value than `true` or `false` of one of `labels`. There is none, so that
    /// a count of `False` would be 0 forever.
    pub(crate) fn check_truths(&self, labels: &[&str]) -> Result<(), Failure> {
        let wrong = self.conditions.iter().find_map(|Condition { label, test, .. }| match test {
            Test::Equal(text) if labels.contains(&label.as_str()) && text != "true" && text != "false" => {
                Some(format!("{} is 'true' or 'false', never {}", quoted(label), quoted(text)))
            }
            _ => None,
        });
        wrong.map_or(Ok(()), |message| Err(Failure::new(MissingReason::QueryError, message)))
    }

    /// Names of the labels that it looks at.
    pub(crate) fn labels(&self) -> impl Iterator<Item = &str> {
        self.conditions.iter().map(|condition| condition.label.as_str())
    }

    /// Whether all conditions hold for the labels that `value` gives; a label that is not there is empty.
    pub(crate) fn passes<'a>(&self, value: impl Fn(&str) -> &'a str) -> bool {
        self.conditions.iter().all(|condition| condition.holds(value(&condition.label)))
    }

    /// Like [`passes`](Self::passes), without the conditions on labels among `ignored`.
    pub(crate) fn passes_without<'a>(&self, ignored: &[&str], value: impl Fn(&str) -> &'a str) -> bool {
        let mut counted = self.conditions.iter().filter(|condition| !ignored.contains(&condition.label.as_str()));
        counted.all(|condition| condition.holds(value(&condition.label)))
    }

    /// The failure that nothing passes, where it is about a `thing` like "sample"; `values` gives what there is of a
    /// label.
    pub(crate) fn nothing_passes<'a>(&self, thing: &str, values: impl Fn(&str) -> BTreeSet<&'a str>) -> Failure {
        if self.conditions.is_empty() {
            return Failure::new(MissingReason::NoData, format!("the file holds no {thing}"));
        }
        let labels: BTreeSet<_> = self.labels().collect();
        let there = labels.into_iter().map(|label| format!("; there is {label} {}", listed(values(label))));
        let message = format!("no {thing} matches {}{}", self.text, there.collect::<String>());
        Failure::new(MissingReason::NoData, message.replace(char::is_control, " "))
    }
}

impl Condition {
    fn new(matcher: &Matcher) -> Result<Self, Failure> {
        let Matcher { label, operator, value } = matcher;
        let (is_pattern, negated) = match operator {
            Operator::Equal => (false, false),
            Operator::NotEqual => (false, true),
            Operator::Matches => (true, false),
            Operator::MatchesNot => (true, true),
        };
        let test = if is_pattern { Test::Matches(whole(value)?) } else { Test::Equal(value.clone()) };
        Ok(Self { label: label.clone(), test, negated })
    }

    fn holds(&self, value: &str) -> bool {
        let holds = match &self.test {
            Test::Equal(text) => value == text,
            Test::Matches(pattern) => pattern.is_match(value),
        };
        holds != self.negated
    }
}

/// A pattern that matches nothing but whole texts.
fn whole(pattern: &str) -> Result<Regex, Failure> {
    // Alone first: `a)|(b` would become two halves of a pattern, each anchored at one end only.
    Regex::new(pattern).and_then(|_| Regex::new(&format!("^(?s:{pattern})$"))).map_err(|error| {
        let message = format!("pattern {} does not parse: {error}", quoted(pattern));
        Failure::new(MissingReason::QueryError, message.replace(char::is_control, " "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sli::file::query::Expression;

    fn filter(text: &str) -> Result<Filter, Failure> {
        Filter::new(&text.parse::<Expression>().unwrap().matchers)
    }

    #[test]
    fn operators_mean_what_they_mean_in_prometheus() {
        for (text, value, passes) in [
            ("x{l='GET /'}", "GET /", true),
            ("x{l='GET'}", "GET /", false),
            ("x{l!='GET /'}", "GET /", false),
            ("x{l=~'GET'}", "GET /", false),
            ("x{l=~'GET.*'}", "GET /\nx", true),
            ("x{l=~'a|b'}", "ab", false),
            ("x{l=~'a|b'}", "b", true),
            ("x{l!~'a|b'}", "ab", true),
            ("x{l=~'5\\d\\d'}", "503", true),
            ("x{l=~''}", "", true),
            ("x{l=~'.+'}", "", false),
            ("x{l=~'a', l!~'b'}", "a", true),
            ("x{}", "a", true),
        ] {
            assert_eq!(filter(text).unwrap().passes(|_| value), passes, "{text} on {value:?}");
        }
    }

    #[test]
    fn patterns_that_do_not_parse_are_refused() {
        for text in ["x{l=~'('}", "x{l=~'a)|(b'}", "x{l=~'\\pZ'}", "x{l=~'(a{1000}){1000}'}"] {
            let failure = filter(text).unwrap_err();
            assert_eq!(failure.reason, MissingReason::QueryError, "{text}");
            assert!(failure.message.starts_with("pattern '"), "{}", failure.message);
        }
    }

    #[test]
    fn unknown_labels_are_refused_with_the_known_ones() {
        let failure = filter("x{lable='a'}").unwrap().check_labels(&["label", "code"]).unwrap_err();
        assert_eq!(failure.message, "no label 'lable' (did you mean 'label'?); there are 'label', 'code'");
    }

    #[test]
    fn truths_are_written_in_one_way() {
        assert_eq!(filter("x{ok='true', l='False'}").unwrap().check_truths(&["ok"]), Ok(()));
        let failure = filter("x{ok!='False'}").unwrap().check_truths(&["ok"]).unwrap_err();
        assert_eq!(failure.message, "'ok' is 'true' or 'false', never 'False'");
    }

    #[test]
    fn conditions_can_be_left_out() {
        let filter = filter("x{label='a', code='500'}").unwrap();
        let of = |label: &str| if label == "label" { "a" } else { "200" };
        assert!(!filter.passes(of));
        assert!(filter.passes_without(&["code"], of));
        assert!(!filter.passes_without(&["label"], of));
    }
}
