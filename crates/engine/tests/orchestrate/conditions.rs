//! `when`: tasks that are skipped.

use serde_json::json;

use super::driver::{Driver, birth, shipyard, written};
use capstan_engine::orchestrate::followers;

fn with(sequence: &str, data: serde_json::Value) -> Driver {
    Driver::new(birth(written(sequence), data))
}

#[test]
fn a_condition_that_does_not_hold_skips_its_task() {
    let mut driver = with(
        "tasks: [{name: build}, {name: check, when: deep.flag == true}, {name: release}]",
        json!({ "deep": { "flag": false } }),
    );
    driver.check(
        "a starts => started by a
         a answers warning => answered by a; done build warning/succeeded; check skipped; next release; offers release",
    );
    assert_eq!(driver.offered("release")["result"], "warning", "what was skipped has no say");
    assert_eq!(driver.sequence.done[1].message, "its condition does not hold: deep.flag == true");
}

#[test]
fn a_condition_sees_what_was_answered_before() {
    let tasks = "tasks: [{name: build}, {name: check, when: build.risky == true}]";
    for (risky, goes_on) in [(json!(true), true), (json!(false), false), (json!(null), false)] {
        let mut driver = with(tasks, json!({}));
        driver.line("a starts");
        driver.answers("a", json!({ "result": "pass", "status": "succeeded", "build": { "risky": risky } }));
        assert_eq!(driver.offers.len() == 2, goes_on, "{risky}");
        assert_eq!(driver.sequence.is_over(), !goes_on, "{risky}");
    }
}

#[test]
fn a_path_that_leads_nowhere_is_null() {
    with("tasks: [{name: build, when: a.b.c == null}]", json!({ "a": {} })).check("a starts => started by a");
    with("tasks: [{name: build, when: a.b.c == null}]", json!({})).check("a starts => started by a");
}

#[test]
fn one_that_cannot_be_judged_fails_its_task_and_names_the_path() {
    let driver =
        with("tasks: [{name: build, when: size > 3, retry: {attempts: 3}}, {name: check}]", json!({ "size": "x" }));
    assert!(driver.sequence.is_over() && driver.offers.is_empty());
    let message = driver.said_at_the_end();
    assert!(
        message.contains("the condition of task 'build' cannot be judged (size > 3)") && message.contains("'size'"),
        "{message}"
    );
    assert_eq!(driver.published[0].data["result"], "fail");
    assert_eq!(driver.follows, 1, "it has finished, badly");
}

#[test]
fn where_all_is_skipped_it_passes() {
    let driver = with("tasks: [{name: build, when: false}, {name: check, when: no.way == 1}]", json!({}));
    assert!(driver.sequence.is_over() && driver.offers.is_empty());
    let end = &driver.published[0].data;
    assert_eq!((&end["result"], &end["status"]), (&json!("pass"), &json!("succeeded")));
}

#[test]
fn where_the_last_task_is_skipped_the_one_before_has_the_say() {
    let mut driver = with("tasks: [{name: build}, {name: check, when: false}]", json!({}));
    driver.check(
        "a starts => started by a
         a answers warning => answered by a; done build warning/succeeded; check skipped; finished warning/succeeded; frees",
    );
    let stage = |selector: &str| {
        format!(
            "{{name: prod, sequences: [{{name: go, triggeredOn: [{{event: dev.delivery.finished, selector: {{match: {{{selector}}}}}}}], tasks: [{{name: t}}]}}]}}"
        )
    };
    for (selector, fires) in [("build.result: warning", 1), ("check.result: warning", 0), ("result: warning", 1)] {
        let events = followers(&driver.sequence, &shipyard(&stage(selector)), driver.at);
        assert_eq!(events.len(), fires, "{selector}");
    }
}

#[test]
fn a_condition_is_judged_before_the_delay() {
    with("tasks: [{name: build, triggeredAfter: 10m, when: go == 1}]", json!({ "go": 1 }))
        .check("10m pass => offers build");
    assert!(with("tasks: [{name: build, triggeredAfter: 10m, when: go == 1}]", json!({})).sequence.is_over());
}
