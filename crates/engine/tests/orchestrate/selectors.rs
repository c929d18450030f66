//! What follows an end (contract: core.md 3.5; scenario 14).

use capstan_engine::orchestrate::followers;
use serde_json::json;

use super::driver::{Driver, START, birth, definition, shipyard};

/// Stages and sequences that follow one of tasks `first`, `last`, which ends with this answer to its last task.
fn following(triggers: &str, answer: &str) -> Vec<String> {
    let shipyard = shipyard(&format!(
        "{{name: dev, sequences: [{{name: delivery, tasks: [{{name: first}}, {{name: last}}]}},
          {{name: next, triggeredOn: [{triggers}], tasks: [{{name: t}}]}}]}}"
    ));
    let mut driver = Driver::of("first, last");
    driver.line("a starts");
    driver.line("a answers pass");
    driver.line("a starts");
    driver.line(&format!("a answers {answer}"));
    assert!(driver.sequence.is_over());
    let types = followers(&driver.sequence, &shipyard, START).into_iter().map(|event| event.kind);
    types.map(|kind| kind.replace("sh.keptn.event.", "")).collect()
}

#[test]
fn scenario_14_a_selector_decides_by_result() {
    let on = |selector: &str| format!("{{event: dev.delivery.finished, selector: {{match: {{{selector}}}}}}}");
    let cases = [
        ("{event: dev.delivery.finished}".to_owned(), "pass warning"),
        (on(""), "pass warning"),
        (on("result: pass"), "pass"),
        (on("result: warning"), "warning"),
        (on("result: fail"), "fail pass/errored/no"),
        (on("last.result: fail"), "fail"),
        (on("last.result: pass"), "pass"),
        (on("first.result: pass"), ""),
        (on("result: failed"), ""),
        (on("odd: fail"), ""),
        // Corner 29, as v1 has it: any key is enough.
        (on("result: pass, last.result: fail"), "pass fail"),
        (on("odd: x, result: pass"), "pass"),
        ("{event: dev.other.finished}".to_owned(), ""),
        ("{event: prod.delivery.finished}".to_owned(), ""),
    ];
    for (trigger, results) in cases {
        for result in ["pass", "warning", "fail"] {
            let expected = usize::from(results.split(' ').any(|wanted| wanted == result));
            assert_eq!(following(&trigger, result).len(), expected, "{trigger} after {result}");
        }
    }
}

#[test]
fn a_result_that_nobody_knows_is_a_failure() {
    let on_failure = "{event: dev.delivery.finished, selector: {match: {result: fail}}}";
    assert_eq!(following(on_failure, "nothing"), ["dev.next.triggered"]);
    // The status does not count: recorded from v1.
    assert_eq!(following("{event: dev.delivery.finished}", "pass/errored"), ["dev.next.triggered"]);
}

#[test]
fn two_triggers_that_match_start_it_twice_with_ids_of_their_own() {
    let shipyard = shipyard(
        "{name: dev, sequences: [{name: delivery, tasks: [{name: build}], triggeredOn: [{event: dev.delivery.finished}]}]},
         {name: prod, sequences: [{name: go, triggeredOn: [{event: dev.delivery.finished}, {event: dev.delivery.finished}]}]}",
    );
    let mut driver = Driver::of("build");
    driver.line("a starts");
    driver.line("a answers pass");
    let events = followers(&driver.sequence, &shipyard, START);
    let kinds: Vec<&str> = events.iter().map(|event| &*event.kind).collect();
    assert_eq!(
        kinds,
        [
            "sh.keptn.event.dev.delivery.triggered",
            "sh.keptn.event.prod.go.triggered",
            "sh.keptn.event.prod.go.triggered"
        ]
    );
    assert!(events[0].id != events[1].id && events[1].id != events[2].id);
    assert_eq!(followers(&driver.sequence, &shipyard, START), events);
}

#[test]
fn a_follower_is_told_what_was_carried_and_its_own_stage() {
    let shipyard = shipyard(
        "{name: prod, sequences: [{name: go, triggeredOn: [{event: dev.delivery.finished}], tasks: [{name: t}]}]}",
    );
    let mut driver = Driver::new(birth(definition("build"), json!({ "labels": { "a": "1" }, "image": "x:1" })));
    driver.line("a starts");
    driver.answers(
        "a",
        json!({ "stage": "wrong", "result": "warning", "status": "succeeded", "labels": { "b": "2" }, "message": "m",
                "build": { "artifact": "a1" } }),
    );
    let events = followers(&driver.sequence, &shipyard, START);
    assert_eq!(
        events[0].data,
        json!({ "project": "p", "stage": "prod", "service": "svc", "labels": { "a": "1", "b": "2" }, "image": "x:1",
                "message": "", "build": { "artifact": "a1" }, "result": "warning", "status": "succeeded" })
    );
    assert_eq!((events[0].context.as_deref(), &events[0].triggered_id), (Some("run"), &None));
    assert_eq!((events[0].commit.as_deref(), &*events[0].source), (None, "shipyard-controller"));
}

#[test]
fn nothing_follows_what_is_open() {
    let shipyard = shipyard("{name: prod, sequences: [{name: go, triggeredOn: [{event: dev.delivery.finished}]}]}");
    assert_eq!(followers(&Driver::of("build").sequence, &shipyard, START), []);
}
