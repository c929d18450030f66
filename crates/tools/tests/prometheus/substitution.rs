//! No value breaks out of the literal that it is put into.

use std::collections::BTreeMap;

use capstan_tools::sli::prometheus::Queries;
use capstan_tools::sli::{Failure, Scope};
use proptest::prelude::*;
use proptest::sample::select;

/// The query without what is in its literals and comments: each literal shrinks to a pair of its quotes.
/// `None` where a literal is not closed, or a line ends in one that may not have line ends.
fn skeleton(query: &str) -> Option<String> {
    let mut skeleton = String::new();
    let mut chars = query.chars();
    while let Some(char) = chars.next() {
        skeleton.push(char);
        match char {
            '#' if chars.by_ref().any(|char| char == '\n') => skeleton.push('\n'),
            '`' => {
                chars.by_ref().find(|char| *char == '`')?;
                skeleton.push('`');
            }
            '"' | '\'' => {
                literal(&mut chars, char)?;
                skeleton.push(char);
            }
            _ => {}
        }
    }
    Some(skeleton)
}

/// What stands up to the closing `quote`, unescaped as far as this test needs it.
fn literal(chars: &mut impl Iterator<Item = char>, quote: char) -> Option<String> {
    let mut text = String::new();
    loop {
        match chars.next()? {
            '\n' => return None,
            '\\' => match chars.next()? {
                '\n' => return None,
                'n' => text.push('\n'),
                char => text.push(char),
            },
            char if char == quote => return Some(text),
            char => text.push(char),
        }
    }
}

fn value() -> impl Strategy<Value = String> {
    let parts = ["'", "\"", "`", "\\", "\\\\", "\n", "#", "x", "é", "}", "$SERVICE", "$f", "$LABEL.l", "$", " or m"];
    prop::collection::vec(select(parts.to_vec()), 0..6).prop_map(|parts| parts.concat())
}

/// A part of a template that holds a literal with placeholders in it, of any kind and in any company.
fn part() -> impl Strategy<Value = String> {
    let contents = [
        "a",
        "\\\\",
        "\\n",
        "#",
        "$f",
        "$F",
        "$SERVICE",
        "$PROJECT",
        "$LABEL.l",
        "$LABEL.m",
        "$STAGE",
        "$DEPLOYMENT",
        "\\$SERVICE",
        "\\$LABEL.l",
        "$$LABEL.l",
        "$DURATION_SECONDS",
    ];
    let content = prop::collection::vec(select(contents.to_vec()), 0..5).prop_map(|parts| parts.concat());
    let mix = (select(vec!['\'', '"', '`']), content).prop_map(|(quote, content)| {
        let other = if quote == '\'' { '"' } else { '\'' };
        format!("{quote}{other}{content}{quote}")
    });
    prop_oneof![
        4 => mix,
        1 => Just("sum(m{a=~".to_owned()),
        1 => Just("}[5m]) # it's \"fine\n".to_owned()),
        1 => Just("# $LABEL.l\n".to_owned()),
    ]
}

fn scope(values: &[String]) -> Scope {
    let value = |index: usize| values[index].clone();
    Scope {
        project: value(0),
        stage: value(1),
        service: value(2),
        deployment: Some(value(3)),
        labels: BTreeMap::from([("l".to_owned(), value(4)), ("m".to_owned(), value(5))]),
        filters: BTreeMap::from([("f".to_owned(), value(6))]),
        start: "2024-01-02T15:00:00Z".parse().unwrap(),
        end: "2024-01-02T15:10:00Z".parse().unwrap(),
    }
}

fn render(template: &str, values: &[String]) -> Result<String, Failure> {
    Queries::new(&scope(values)).render("q", Some(template))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn values_never_leave_their_literal(
        parts in prop::collection::vec(part(), 1..5),
        values in prop::collection::vec(value(), 7),
    ) {
        let template = parts.concat();
        prop_assume!(!template.trim().is_empty());
        match render(&template, &values) {
            Ok(query) => {
                let (before, after) = (skeleton(&template), skeleton(&query));
                prop_assert!(before.is_some(), "{template}");
                prop_assert_eq!(before, after, "{} became {}", template, query);
            }
            // The one thing that cannot be written.
            Err(failure) => {
                prop_assert!(failure.message.contains("backtick"), "{failure:?}");
                prop_assert!(template.contains('`') && values.iter().any(|value| value.contains('`')));
            }
        }
    }

    #[test]
    fn plain_values_arrive_as_they_are(value in "[^\\\\$]*", quote in select(vec!['\'', '"'])) {
        let query = render(&format!("m{{l={quote}$LABEL.l{quote}}}"), &vec![value.clone(); 7]).unwrap();
        let text = query.strip_prefix("m{l=").and_then(|rest| rest.strip_prefix(quote)).unwrap();
        let mut chars = text.chars();
        prop_assert_eq!(literal(&mut chars, quote), Some(value));
        prop_assert_eq!(chars.as_str(), "}");
    }

    #[test]
    fn built_in_queries_hold_any_value(values in prop::collection::vec(value(), 7), key in value()) {
        let mut scope = scope(&values);
        scope.filters.insert(key.clone(), values[0].clone());
        let query = Queries::new(&scope).render("throughput", None).unwrap();
        let skeleton = skeleton(&query);
        let shown = |key: &str| if key.trim_matches('x').is_empty() && !key.is_empty() { key } else { "\"\"" }.to_owned();
        let operator = |value: &str| ["=~", "!=", "!~"].into_iter().find(|start| value.starts_with(start)).unwrap_or("=");
        let mut filters = vec![(key.clone(), values[0].clone())];
        if key != "f" {
            filters.push(("f".to_owned(), values[6].clone()));
        }
        filters.sort();
        let mut matchers = String::new();
        for (key, value) in &filters {
            let key = if key == "f" { "f".to_owned() } else { shown(key) };
            matchers.push_str(&[",", &key, operator(value), "''"].concat());
        }
        let expected = format!("sum(rate(http_requests_total{{job=''{matchers}}}[600s]))");
        prop_assert_eq!(skeleton, Some(expected));
    }
}
