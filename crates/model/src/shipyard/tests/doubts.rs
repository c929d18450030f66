//! Findings about the keys that v1 does not have.

use proptest::prelude::*;
use serde_json::Map;

use super::super::when::tests::{conditions, values};
use super::{codes, first, with_sequences};
use crate::shipyard::When;

/// A sequence `a` with these keys and these tasks.
fn with(keys: &str, tasks: &str) -> String {
    with_sequences(&format!("{{name: a, {keys}tasks: [{tasks}]}}"))
}

/// What is found about a condition on the first task of a sequence.
fn on_first(when: &str) -> Vec<&'static str> {
    codes(&with("", &format!("{{name: t, when: \"{}\"}}", when.replace('"', "\\\""))))
}

/// What is found about a condition behind a task that always runs.
fn on_second(when: &str) -> Vec<&'static str> {
    codes(&with("", &format!("{{name: s}}, {{name: t, when: \"{when}\"}}")))
}

/// What is found about a condition on a task that is `finally`.
fn at_the_end(when: &str) -> Vec<&'static str> {
    codes(&with("", &format!("{{name: s}}, {{name: t, finally: true, when: \"{when}\"}}")))
}

const NOTHING: [&str; 0] = [];

#[test]
fn conditions_that_never_hold_are_found() {
    for bad in [
        "false",
        "1 > 2",
        "labels.a == 'x' && labels.a == 'y'",
        "labels.a == 'x' && labels.a != 'x'",
        "a.n > 5 && a.n < 5",
        "a.n > 5 && a.n <= 5.0",
        "a.n > 9007199254740993 && a.n < 0",
        "a.t > 'x' && a.t < 'w'",
        "a.t < ''",
        "labels.a in []",
        "labels.a == null && labels.a == 'x'",
        "a.flag && !a.flag",
        "!(a == 'x' || a != 'x')",
        "result.score == 'x'",
        "service == null",
        "'a' in a.list && a.list == []",
    ] {
        assert_eq!(on_first(bad), ["SHY115"], "{bad}");
    }
    for good in [
        "labels.a == 'x'",
        "labels.a == 'x' || labels.b == 'y'",
        "a.n > 5 && a.n < 6",
        "a.n > 5 && a.n < 5.0000001",
        "a.n > 9007199254740993",
        "a.n < -1e308",
        "a.t > 'x' && a.t < 'y'",
        "a.t > '' && a.t < 'b'",
        "labels.a in ['x', 'y'] && labels.a != 'x'",
        "labels.a != null",
        "labels.a == null",
        "labels.a != null && labels.a != 'x'",
        "a.list != null && a.list != ['a']",
        "'a' in a.list && !('b' in c.list)",
        "a.flag",
        "!a.flag && labels.a == 'x'",
        "(labels.a == 'x') == a.flag",
        "!(!true in a.list)",
        "a == b && a != b",
        "service in ['cart', 'shop']",
        "service > 'a'",
        "result == 'fail'",
        "result == null",
        "status == 'errored'",
    ] {
        assert_eq!(on_first(good), NOTHING, "{good}");
    }
    let many: Vec<_> = (0..20).map(|n| format!("a{n} == 'x'")).collect();
    assert_eq!(on_first(&format!("{} && false", many.join(" && "))), NOTHING, "too many to try");
}

#[test]
fn conditions_that_always_hold_are_found() {
    for bad in
        ["true", "labels.a == 'x' || labels.a != 'x'", "labels != 'a' || labels != 'b'", "service != null", "1 < 2"]
    {
        assert_eq!(on_first(bad), ["SHY116"], "{bad}");
    }
    for good in ["labels.a != 'x'", "a.n >= 0 || a.n < 0", "a.flag || !a.flag"] {
        assert_eq!(on_first(good), NOTHING, "{good}: null is an error");
    }
}

#[test]
fn what_is_known_behind_a_success_is_known() {
    assert_eq!(on_second("result == 'fail'"), ["SHY115"]);
    assert_eq!(on_second("status == 'errored'"), ["SHY115"]);
    assert_eq!(on_second("result in ['pass', 'warning']"), ["SHY116"]);
    assert_eq!(on_second("result != 'fail' && labels.a == 'x'"), NOTHING);
    assert_eq!(on_second("result == 'warning'"), NOTHING);
    assert_eq!(at_the_end("result == 'fail'"), NOTHING);
    assert_eq!(at_the_end("status in ['errored', 'aborted', 'unknown']"), NOTHING);
    assert_eq!(at_the_end("result == 'fail' && result == 'pass'"), ["SHY115"]);
    let help = first(&with("", "{name: s}, {name: t, when: result == 'fail'}")).1;
    let wanted = "a failure ends the sequence, so 'result' is 'pass' or 'warning' here; what is 'finally' runs after a failure too";
    assert_eq!(help, wanted);
    let skipped = "{name: s, when: labels.a == 'x'}, {name: t, when: result == 'fail'}";
    assert_eq!(codes(&with("", skipped)), NOTHING, "the first may be skipped, and the trigger may say 'fail'");
    let group = "{name: s, parallel: g}, {name: t, parallel: g, when: result == 'fail'}";
    assert_eq!(codes(&with("", group)), NOTHING, "nothing stands before the group");
}

#[test]
fn conditions_that_cannot_be_answered_are_found() {
    for bad in ["5", "'x'", "service", "result.score >= 5", "service >= 5", "service in 'cart'", "labels.a < null"] {
        assert_eq!(on_first(bad), ["SHY117"], "{bad}");
    }
    assert_eq!(on_second("result >= 5"), ["SHY117"]);
    let (message, _) = first(&with("", "{name: t, when: service >= 5}"));
    assert_eq!(message, "this can never be answered: 'service' is a string, and '>=' compares it with a number");
}

#[test]
fn words_that_a_result_never_is_are_found() {
    assert_eq!(on_second("result == 'passed'"), ["SHY118"]);
    assert_eq!(on_first("'ok' != result"), ["SHY118"]);
    assert_eq!(at_the_end("result in ['fail', 'failed', 'error']"), ["SHY118", "SHY118"]);
    assert_eq!(at_the_end("!(status == 'error') || labels.a == 'x'"), ["SHY118"]);
    let found = first(&with("", "{name: t, when: result == 'passed'}"));
    assert_eq!(found, ("'result' is never 'passed'".to_owned(), "did you mean 'pass'?".to_owned()));
    let found = first(&with("", "{name: t, when: status == 'ok'}"));
    assert_eq!(found.1, "known: succeeded, errored, aborted, unknown");
    assert_eq!(on_first("labels.result == 'passed'"), NOTHING);
    assert_eq!(on_first("result == ''"), NOTHING);
}

#[test]
fn words_without_quotes_are_found() {
    for bad in
        ["result == pass", "passed != result", "!(labels.team == shop) && true", "service in carts", "stage == None"]
    {
        assert_eq!(on_first(bad), ["SHY127"], "{bad}");
    }
    for good in ["labels.team == labels.owner", "a == b", "service == t", "labels.team == a.team", "service == stage"] {
        assert_eq!(on_first(good), NOTHING, "{good}");
    }
    assert_eq!(first(&with("", "{name: t, when: result == pass}")).1, "write \"pass\", in quotes, for the text");
}

#[test]
fn doubtful_retries_and_limits_are_found() {
    let cases = [
        ("", "{name: t, timeout: 5m, retry: {attempts: 3}}", vec![]),
        ("", "{name: t, retry: {attempts: 3}}", vec!["SHY119"]),
        ("", "{name: t, retry: {attempts: 1}}", vec!["SHY120"]),
        ("", "{name: approval, retry: {attempts: 3}}", vec!["SHY121"]),
        ("", "{name: approval, timeout: 5m}", vec!["SHY122"]),
        ("timeout: 5m, ", "{name: t, timeout: 4m, startTimeout: 4m}", vec![]),
        ("timeout: 5m, ", "{name: t, timeout: 5m}", vec!["SHY124"]),
        ("timeout: 5m, ", "{name: t, startTimeout: 1h}", vec!["SHY124"]),
        ("timeout: 5m, ", "{name: s}, {name: t, timeout: 1h, finally: true}", vec![]),
        ("", "{name: t, startTimeout: 1h, timeout: 5m}", vec![]),
    ];
    for (keys, tasks, wanted) in cases {
        assert_eq!(codes(&with(keys, tasks)), wanted, "{keys}{tasks}");
    }
}

#[test]
fn a_group_of_one_is_found() {
    assert_eq!(codes(&with("", "{name: s, parallel: g}, {name: t, parallel: g}")), NOTHING);
    assert_eq!(codes(&with("", "{name: s, parallel: g}, {name: t, parallel: h}")), ["SHY123", "SHY123"]);
    assert_eq!(codes(&with("", "{name: s}, {name: t, parallel: g}")), ["SHY123"]);
}

#[test]
fn a_turn_that_services_take_from_each_other_is_found() {
    assert_eq!(codes(&with("concurrency: {key: deploy, policy: supersede}, ", "{name: t}")), ["SHY126"]);
    for good in [
        "{key: deploy, policy: reject}",
        "{key: deploy}",
        "{policy: supersede}",
        "{key: 'd-{service}', policy: supersede}",
    ] {
        assert_eq!(codes(&with(&format!("concurrency: {good}, "), "{name: t}")), NOTHING, "{good}");
    }
}

#[test]
fn keys_in_the_wrong_place_or_by_another_name_are_found() {
    let among = |properties: &str| codes(&with("", &format!("{{name: t, properties: {{{properties}}}}}")));
    for bad in [
        "startTimeout: 5m",
        "triggeredAfter: 5m",
        "finally: true",
        "join: any",
        "retry: {attempts: 3}",
        "when: result == 'pass'",
    ] {
        assert_eq!(among(bad), ["SHY125"], "{bad}");
    }
    for good in
        ["timeout: 5m", "retry: 3", "when: always", "when: 5", "parallel: 4", "join: a", "finally: x", "retries: 3"]
    {
        assert_eq!(among(good), NOTHING, "{good}");
    }
    let help = |text: &str| {
        assert_eq!(codes(text), ["YAML101"], "{text}");
        first(text).1
    };
    for (key, wanted) in [
        ("starttimeout", "did you mean 'startTimeout'?"),
        ("if", "did you mean 'when'?"),
        ("IF", "did you mean 'when'?"),
        ("retries", "did you mean 'retry: {attempts: 3}'?"),
        ("time_out", "did you mean 'timeout'?"),
        ("finaly", "did you mean 'finally'?"),
        ("concurrency", "it stands on a sequence, beside 'tasks:'"),
    ] {
        assert_eq!(help(&with("", &format!("{{name: t, {key}: x}}"))), wanted, "{key}");
    }
    for (key, wanted) in [
        ("retry", "it stands on a task, below 'tasks:'"),
        ("starttimeout", "it stands on a task, below 'tasks:'"),
        ("concurency", "did you mean 'concurrency'?"),
        ("mutex", "did you mean 'concurrency'?"),
    ] {
        assert_eq!(help(&with(&format!("{key}: x, "), "{name: t}")), wanted, "{key}");
    }
    assert_eq!(help(&with("", "{name: t, timeout: 5m, retry: {attempts: 2, delay: 5s}}")), "did you mean 'backoff'?");
    assert_eq!(help(&with("concurrency: {group: a}, ", "{name: t}")), "did you mean 'key'?");
}

#[test]
fn any_of_the_last_tasks_may_be_the_one_that_a_selector_names() {
    let triggered = |tasks: &str, condition: &str| {
        let event = format!("{{event: dev.a.finished, selector: {{match: {{{condition}: pass}}}}}}");
        codes(&with_sequences(&format!(
            "{{name: a, tasks: [{tasks}]}}, {{name: b, triggeredOn: [{event}], tasks: [{{name: x}}]}}"
        )))
    };
    assert_eq!(triggered("{name: s}, {name: t}", "s.result"), ["SHY110"]);
    for tasks in [
        "{name: s}, {name: t, when: labels.a == 'x'}",
        "{name: s, parallel: g}, {name: t, parallel: g}",
        "{name: s}, {name: t, finally: true}",
        "{name: r}, {name: s}, {name: t, when: labels.a == 'x'}, {name: u, finally: true}",
    ] {
        assert_eq!(triggered(tasks, "s.result"), NOTHING, "{tasks}");
        assert_eq!(triggered(tasks, "t.result"), NOTHING, "{tasks}");
    }
    assert_eq!(triggered("{name: s}, {name: r}, {name: t, when: labels.a == 'x'}", "s.result"), ["SHY110"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn what_is_said_of_a_condition_is_true_of_any_data(
        when in conditions(), data in prop::collection::btree_map("[a-e]", values(), 0..5),
    ) {
        let data: Map<_, _> = data.into_iter().collect();
        let answer = When::parse(&when).map(|when| when.holds(&data));
        match on_first(&when).as_slice() {
            ["SHY115"] => prop_assert!(!matches!(answer, Ok(Ok(true))), "{when}"),
            ["SHY116"] => prop_assert!(matches!(answer, Ok(Ok(true))), "{when}: {answer:?}"),
            ["SHY117"] => prop_assert!(matches!(answer, Ok(Err(_))), "{when}: {answer:?}"),
            found => prop_assert!(found.is_empty(), "{when}: {found:?}"),
        }
    }
}
