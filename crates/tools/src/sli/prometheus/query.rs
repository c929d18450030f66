//! Queries: placeholders of the ones that users write, and the ones that need not be written.

use std::fmt::Write;

use capstan_model::event::sli::MissingReason;
use jiff::Timestamp;

use super::literal::{Scanner, push_literal};
use crate::sli::request::{Failure, Scope};

const NANOSECONDS: i128 = 1_000_000_000;

/// Makes the queries of one evaluation.
#[derive(Debug)]
pub struct Queries {
    /// What is replaced, and by what, in this order: one replacement may bring a placeholder that a later one replaces.
    placeholders: Vec<(String, String)>,
    /// What stands between the braces of the built-in queries.
    matchers: String,
    /// Length of the window, for instance `600s`.
    window: String,
}

impl Queries {
    /// Prepares the queries about `scope`.
    pub fn new(scope: &Scope) -> Self {
        let window = window(scope.start, scope.end);
        Self { placeholders: placeholders(scope, &window), matchers: matchers(scope), window }
    }

    /// The query for an indicator, by its `template` or else by its name. An empty template counts as none.
    ///
    /// A value that lands in a string literal of the template stays inside of it. Fails with
    /// [`MissingReason::Unsupported`] where there is no template and the name is not one of the five with a built-in
    /// query, and with [`MissingReason::QueryError`] where a value cannot be written in its place.
    pub fn render(&self, indicator: &str, template: Option<&str>) -> Result<String, Failure> {
        match template.filter(|template| !template.trim().is_empty()) {
            Some(template) => self.fill(template),
            None => self.built_in(indicator),
        }
    }

    fn fill(&self, template: &str) -> Result<String, Failure> {
        let mut query = template.to_owned();
        for (placeholder, value) in &self.placeholders {
            if let Some(first) = find(&query, placeholder) {
                query = replace(&query, first, placeholder, value)?;
            }
        }
        Ok(query)
    }

    fn built_in(&self, indicator: &str) -> Result<String, Failure> {
        let Self { matchers, window, .. } = self;
        let latency = |quantile: &str| {
            format!(
                "histogram_quantile({quantile},sum(rate(http_response_time_milliseconds_bucket{{{matchers}}}[{window}]))by(le))"
            )
        };
        let throughput = || format!("sum(rate(http_requests_total{{{matchers}}}[{window}]))");
        match indicator {
            "throughput" => Ok(throughput()),
            "error_rate" => {
                Ok(format!("sum(rate(http_requests_total{{{matchers},status!~'2..'}}[{window}]))/{}", throughput()))
            }
            "response_time_p50" => Ok(latency("0.50")),
            "response_time_p90" => Ok(latency("0.90")),
            "response_time_p95" => Ok(latency("0.95")),
            _ => Err(Failure::new(
                MissingReason::Unsupported,
                format!(
                    "unsupported SLI {indicator}: it has no query, and only throughput, error_rate, response_time_p50, response_time_p90 and response_time_p95 have one built in"
                ),
            )),
        }
    }
}

/// The length of the window in seconds, rounded up.
fn window(start: Timestamp, end: Timestamp) -> String {
    let nanoseconds = end.as_nanosecond() - start.as_nanosecond();
    let begun = i128::from(nanoseconds.rem_euclid(NANOSECONDS) != 0);
    format!("{}s", nanoseconds.div_euclid(NANOSECONDS) + begun)
}

fn placeholders(scope: &Scope, window: &str) -> Vec<(String, String)> {
    let mut placeholders = Vec::new();
    // Names are replaced as substrings. Going backwards through the sorted names puts a longer name before the
    // shorter one that it begins with, so that a filter `path` does not eat `$path_id`.
    for (key, value) in scope.filters.iter().rev().filter(|(key, _)| is_name(key)) {
        let value = value.replace(['\'', '"'], "");
        let upper = key.to_uppercase();
        if upper != *key {
            placeholders.push((format!("${key}"), value.clone()));
        }
        placeholders.push((format!("${upper}"), value));
    }
    for (name, value) in [
        ("$PROJECT", scope.project.as_str()),
        ("$STAGE", &scope.stage),
        ("$SERVICE", &scope.service),
        ("$DEPLOYMENT", deployment(scope)),
    ] {
        placeholders.push((name.to_owned(), value.to_owned()));
    }
    for (name, value) in scope.labels.iter().rev().filter(|(name, _)| is_name(name)) {
        placeholders.push((format!("$LABEL.{name}"), value.clone()));
    }
    placeholders.push(("$DURATION_SECONDS".to_owned(), window.to_owned()));
    placeholders
}

/// Whether a key can be a placeholder. One with a quote in it cannot be told from the end of the literal that it is in.
fn is_name(key: &str) -> bool {
    !key.is_empty() && !key.contains(['\'', '"', '`', '\\', '\n', '#'])
}

fn deployment(scope: &Scope) -> &str {
    let label = scope.labels.get("deployment").map(String::as_str);
    [label, scope.deployment.as_deref()].into_iter().flatten().find(|name| !name.is_empty()).unwrap_or("primary")
}

/// Where `placeholder` begins. It goes from `$` to `$`, which is quick: most of a query is something else.
fn find(query: &str, placeholder: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + query[from..].find('$')?;
        if query[at..].starts_with(placeholder) {
            return Some(at);
        }
        from = at + 1;
    }
}

/// Replaces `placeholder`, which comes up at `first` and perhaps again.
fn replace(query: &str, first: usize, placeholder: &str, value: &str) -> Result<String, Failure> {
    let mut replaced = String::with_capacity(query.len() + value.len());
    let mut scanner = Scanner::new();
    let mut rest = query;
    let mut next = Some(first);
    while let Some(at) = next {
        let before = &rest[..at];
        scanner.read(before);
        let fitted = scanner.fit(value).map_err(|_| {
            Failure::new(
                MissingReason::QueryError,
                format!(
                    "the value of {placeholder} has a backtick, which cannot stand in the `…` around {placeholder}"
                ),
            )
        })?;
        scanner.read(&fitted);
        replaced.push_str(before);
        replaced.push_str(&fitted);
        rest = &rest[at + placeholder.len()..];
        next = find(rest, placeholder);
    }
    replaced.push_str(rest);
    Ok(replaced)
}

/// The label matchers of the built-in queries: the job, and the filters by name. A filter `job` takes the job's place.
fn matchers(scope: &Scope) -> String {
    let mut matchers = String::new();
    if let Some(filter) = scope.filters.get("job") {
        push_filter(&mut matchers, "job", filter);
    } else {
        let job = format!("{}-{}-{}-canary", scope.service, scope.project, scope.stage);
        push_matcher(&mut matchers, "job", "=", &job);
    }
    for (key, filter) in scope.filters.iter().filter(|(key, _)| *key != "job") {
        matchers.push(',');
        push_filter(&mut matchers, key, filter);
    }
    matchers
}

/// A filter is an operator and a value, or a value to be equal to; the value may stand between quotes.
fn push_filter(matchers: &mut String, key: &str, filter: &str) {
    let (operator, value) = ["=~", "!=", "!~", "="]
        .into_iter()
        .find_map(|operator| Some((operator, filter.strip_prefix(operator)?.trim_start())))
        .unwrap_or(("=", filter));
    let unquoted = ['\'', '"'].into_iter().find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
    push_matcher(matchers, key, operator, unquoted.unwrap_or(value));
}

fn push_matcher(matchers: &mut String, key: &str, operator: &str, value: &str) {
    // A name with other characters has to be quoted. Servers before 3.0 refuse that, which is right for them as well.
    let plain = key.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if plain {
        matchers.push_str(key);
    } else {
        push_literal(matchers, '"', key);
    }
    matchers.push_str(operator);
    push_literal(matchers, '\'', value);
}

/// `at` as the query API takes it: seconds since 1970 with three decimals.
pub(crate) fn seconds(at: Timestamp) -> String {
    let milliseconds = at.as_millisecond();
    let mut text = String::from(if milliseconds < 0 { "-" } else { "" });
    let milliseconds = milliseconds.unsigned_abs();
    // Writing to a string does not fail.
    let _ = write!(text, "{}.{:03}", milliseconds / 1000, milliseconds % 1000);
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn scope(filters: &[(&str, &str)], labels: &[(&str, &str)]) -> Scope {
        Scope {
            project: "sockshop".into(),
            stage: "staging".into(),
            service: "carts".into(),
            deployment: None,
            labels: map(labels),
            filters: map(filters),
            start: "2024-01-02T15:00:00Z".parse().unwrap(),
            end: "2024-01-02T15:10:00Z".parse().unwrap(),
        }
    }

    fn fill(template: &str, scope: &Scope) -> Result<String, Failure> {
        Queries::new(scope).render("q", Some(template))
    }

    #[test]
    fn the_label_deployment_goes_before_the_deployment_and_that_before_primary() {
        let mut scope = scope(&[], &[]);
        assert_eq!(fill("$DEPLOYMENT", &scope).unwrap(), "primary");
        scope.deployment = Some("canary".into());
        assert_eq!(fill("$DEPLOYMENT", &scope).unwrap(), "canary");
        scope.labels.insert("deployment".into(), "blue".into());
        assert_eq!(fill("$DEPLOYMENT $LABEL.deployment", &scope).unwrap(), "blue blue");
        scope.labels.insert("deployment".into(), String::new());
        scope.deployment = Some(String::new());
        assert_eq!(fill("$DEPLOYMENT", &scope).unwrap(), "primary");
    }

    #[test]
    fn filters_and_labels_are_placeholders() {
        let scope = scope(
            &[("path", "'/a'"), ("path_id", "7"), ("service", "other"), ("x", "$stage $STAGE")],
            &[("build", "17"), ("build_id", "x9")],
        );
        for (template, query) in [
            ("$path $PATH $Path", "/a /a $Path"),
            ("$path_id $PATH_ID", "7 7"),
            ("$service $SERVICE", "other other"),
            ("$x", "$stage staging"),
            ("$LABEL.build $LABEL.build_id $LABEL.none", "17 x9 $LABEL.none"),
            ("$DURATION_SECONDS$", "600s$"),
        ] {
            assert_eq!(fill(template, &scope).unwrap(), query, "{template}");
        }
    }

    #[test]
    fn a_key_that_could_reach_over_a_quote_is_no_placeholder() {
        let scope = scope(&[("a\"", "x"), ("", "y")], &[("b'", "z")]);
        for template in [r#"m{l="$a"}"#, "m{l='$LABEL.b'}"] {
            assert_eq!(fill(template, &scope).unwrap(), template);
        }
    }

    #[test]
    fn values_stay_in_their_literals() {
        let scope = scope(&[("tick", "a`b")], &[("evil", "x\"} or vector(0)#'")]);
        assert_eq!(fill(r#"m{l="$LABEL.evil"}"#, &scope).unwrap(), r#"m{l="x\"} or vector(0)#'"}"#);
        assert_eq!(fill("m{l='$LABEL.evil'}", &scope).unwrap(), r#"m{l='x"} or vector(0)#\''}"#);
        assert_eq!(fill("m{l=`$LABEL.evil`}", &scope).unwrap(), "m{l=`x\"} or vector(0)#'`}");
        let failure = fill("m{l=`$tick`}", &scope).unwrap_err();
        assert_eq!(failure.reason, MissingReason::QueryError);
        assert!(failure.message.contains("$tick"), "{failure:?}");
    }

    #[test]
    fn built_in_queries_escape_their_values() {
        let mut scope = scope(&[("handler", "!~'it's\\d'"), ("a.b", "= \"x\""), ("path", "a'b\nc\\")], &[]);
        let queries = Queries::new(&scope);
        assert_eq!(
            queries.render("error_rate", None).unwrap(),
            "sum(rate(http_requests_total{job='carts-sockshop-staging-canary',\"a.b\"='x',handler!~'it\\'s\\\\d',path='a\\'b\\nc\\\\',status!~'2..'}[600s]))/sum(rate(http_requests_total{job='carts-sockshop-staging-canary',\"a.b\"='x',handler!~'it\\'s\\\\d',path='a\\'b\\nc\\\\'}[600s]))"
        );
        scope.filters.clear();
        scope.service = "c'".into();
        assert!(Queries::new(&scope).render("throughput", Some(" ")).unwrap().contains("{job='c\\'-sockshop-"));
    }

    #[test]
    fn other_names_are_unsupported() {
        let failure = Queries::new(&scope(&[], &[])).render("latency", None).unwrap_err();
        assert_eq!(failure.reason, MissingReason::Unsupported);
        assert!(failure.message.starts_with("unsupported SLI latency"), "{failure:?}");
        for name in ["throughput", "error_rate", "response_time_p50", "response_time_p90", "response_time_p95"] {
            assert!(failure.message.contains(name), "{failure:?}");
        }
    }

    #[test]
    fn times() {
        for (text, expected) in [
            ("2024-01-02T15:10:00Z", "1704208200.000"),
            ("2024-01-02T15:10:00.0079Z", "1704208200.007"),
            ("1969-12-31T23:59:59.5Z", "-0.500"),
        ] {
            assert_eq!(seconds(text.parse().unwrap()), expected);
        }
        let start: Timestamp = "2024-01-02T15:00:00Z".parse().unwrap();
        for (end, expected) in [
            ("2024-01-02T15:00:00Z", "0s"),
            ("2024-01-02T15:00:00.000000001Z", "1s"),
            ("2024-01-02T15:00:01Z", "1s"),
            ("2024-01-02T15:00:01.5Z", "2s"),
        ] {
            assert_eq!(window(start, end.parse().unwrap()), expected);
        }
    }
}
