//! What a task is told (contract: core.md 3.4).

use capstan_engine::orchestrate::{Fact, Limits, merge};
use capstan_model::shipyard;
use serde_json::{Value, json};

use super::driver::{Driver, birth, definition};

fn with_properties(tasks: &[(&str, Value)], data: Value) -> Driver {
    let tasks = tasks.iter().map(|(name, properties)| shipyard::Task {
        name: (*name).to_owned(),
        properties: properties.clone(),
        ..shipyard::Task::default()
    });
    let definition = shipyard::Sequence { tasks: tasks.collect(), ..definition("build") };
    Driver::new(birth(definition, data))
}

fn answer(driver: &mut Driver, mut data: Value) {
    driver.line("a starts");
    data["result"] = "pass".into();
    data["status"] = "succeeded".into();
    driver.answers("a", data);
}

/// Old, new, and what the next task sees.
#[test]
fn scenario_26_answers_are_laid_over_what_was() {
    let cases = [
        (json!({ "uris": ["old"] }), json!({ "uris": ["new"] }), json!({ "uris": ["new", "old"] })),
        (json!({ "uris": ["old"] }), json!({ "uris": null }), json!({ "uris": ["old"] })),
        (json!({ "text": "old" }), json!({ "text": null }), json!({ "text": "" })),
        (json!({ "map": { "a": 1 } }), json!({ "map": { "b": 2 } }), json!({ "map": { "a": 1, "b": 2 } })),
        (json!({ "map": { "a": 1 } }), json!({ "map": null }), json!({ "map": { "a": 1 } })),
        (json!({ "x": ["a"] }), json!({ "x": "b" }), json!({ "x": "b" })),
        (json!({ "x": null }), json!({ "x": { "a": 1 } }), json!({ "x": { "a": 1 } })),
        (json!({}), json!({ "x": null }), json!({ "x": null })),
        // Corner 20.
        (
            json!({ "get-action": { "actionIndex": 0 } }),
            json!({ "get-action": { "actionIndex": 1 } }),
            json!({ "get-action": { "actionIndex": 1 } }),
        ),
        (json!({ "ok": true, "n": 1.5 }), json!({ "ok": false, "n": 0 }), json!({ "ok": false, "n": 0 })),
        // Corner 21.
        (json!({ "uris": ["a", "b"] }), json!({ "uris": ["b", "c", "c"] }), json!({ "uris": ["b", "c", "a"] })),
    ];
    for (old, new, expected) in cases {
        let mut driver = with_properties(&[("build", Value::Null), ("check", Value::Null)], old.clone());
        answer(&mut driver, new.clone());
        let mut data = driver.offers[1].data.clone();
        let data = data.as_object_mut().unwrap();
        for field in ["project", "stage", "service", "result", "status"] {
            data.remove(field);
        }
        assert_eq!(Value::Object(data.clone()), expected, "{old} ⊕ {new}");
    }
}

#[test]
fn the_message_is_blanked_only_where_there_is_one() {
    let mut driver = with_properties(&[("build", Value::Null), ("check", Value::Null)], json!({}));
    assert_eq!(driver.offers[0].data.get("message"), None);
    answer(&mut driver, json!({ "message": "all well" }));
    assert_eq!(driver.offers[1].data["message"], "");
}

#[test]
fn result_and_status_are_those_of_the_last_task() {
    let mut driver = with_properties(
        &[("build", Value::Null), ("check", Value::Null)],
        json!({ "result": "warning", "status": "errored" }),
    );
    assert_eq!(driver.offers[0].data["result"], "warning");
    assert_eq!(driver.offers[0].data["status"], "errored");
    driver.line("a starts");
    driver.line("b starts");
    driver.line("a answers warning");
    driver.line("b answers pass");
    assert_eq!(driver.offers[1].data["result"], "warning");
    assert_eq!(driver.offers[1].data["status"], "succeeded");
}

#[test]
fn a_tasks_properties_reach_that_task_alone() {
    let mut driver = with_properties(
        &[
            ("build", json!({ "flavour": "plain", "n": 1 })),
            ("check", json!({ "build": "text" })),
            ("build", json!({ "flavour": "spicy" })),
            ("done", json!({})),
        ],
        json!({ "build": { "n": 7 } }),
    );
    assert_eq!(driver.offers[0].data["build"], json!({ "n": 1, "flavour": "plain" }));
    answer(&mut driver, json!({ "build": { "artifact": "a1" } }));
    assert_eq!(driver.offers[1].data["build"], json!({ "n": 7, "artifact": "a1" }));
    assert_eq!(driver.offers[1].data["check"], json!({ "build": "text" }));
    answer(&mut driver, json!({}));
    assert_eq!(driver.offers[2].data["build"], json!({ "n": 7, "artifact": "a1", "flavour": "spicy" }));
    assert_eq!(driver.offers[2].data.get("check"), None);
    answer(&mut driver, json!({}));
    assert_eq!(driver.offers[3].data["build"], json!({ "n": 7, "artifact": "a1" }));
}

#[test]
fn corner_22_what_a_task_answered_stays_as_it_was() {
    let mut driver = Driver::of("build, check, done");
    answer(&mut driver, json!({ "map": { "from": "build", "list": [1] } }));
    answer(&mut driver, json!({ "map": { "from": "check", "list": [2] } }));
    let of = |task: usize| driver.sequence.done[task].properties["map"].clone();
    assert_eq!(of(0), json!({ "from": "build", "list": [1] }));
    assert_eq!(of(1), json!({ "from": "check", "list": [2] }));
    assert_eq!(driver.offers[2].data["map"], json!({ "from": "check", "list": [2, 1] }));
}

#[test]
fn corner_23_project_stage_and_service_are_those_of_the_scope() {
    let mut driver = Driver::of("build, check");
    answer(&mut driver, json!({ "stage": "elsewhere", "service": "other", "labels": { "from": "a" } }));
    let data = &driver.offers[1].data;
    assert_eq!((&data["project"], &data["stage"], &data["service"]), (&json!("p"), &json!("dev"), &json!("svc")));
    assert_eq!(data["labels"], json!({ "from": "a" }));
}

#[test]
fn corner_21_too_large_a_payload_ends_the_sequence_and_says_what_is_large() {
    let mut driver = Driver::of("build, check");
    answer(&mut driver, json!({ "log": "x".repeat(1 << 20), "small": 1 }));
    let end = driver.published[0].data.clone();
    assert_eq!((&end["status"], &end["result"]), (&json!("errored"), &json!("fail")));
    let message = end["message"].as_str().unwrap();
    let start = "the answer of 'a' to task 'build' cannot be passed on: the event's data would be 10";
    assert!(message.starts_with(start), "{message}");
    assert!(message.contains("more than the 1048576 that are allowed (largest: 'log' 10485"), "{message}");
    assert!(matches!(driver.facts.last(), Some((_, Fact::SlotFreed))));
    // What follows a failure follows, without what was too large.
    assert_eq!((driver.offers.len(), driver.follows), (1, 1));
    assert_eq!(driver.sequence.done[0].properties.get("log"), None);
}

#[test]
fn the_cap_is_that_of_the_data_as_they_are_sent() {
    let data = json!({ "text": "x".repeat(100) });
    let size = serde_json::to_vec(&birth(definition("build"), data.clone()).input).unwrap().len();
    for (payload, is_offered) in [(size, true), (size - 1, false)] {
        let limits = Limits { payload, ..Limits::default() };
        let driver = Driver::under(birth(definition("build"), data.clone()), limits, true);
        assert_eq!(driver.offers.len(), usize::from(is_offered), "{payload}");
        assert_eq!(driver.sequence.is_over(), !is_offered);
    }
}

#[test]
fn a_task_event_names_the_run_the_commit_and_no_task() {
    let driver = Driver::of("build");
    let offer = &driver.offers[0];
    assert_eq!(offer.source, "shipyard-controller");
    assert_eq!(offer.context.as_deref(), Some("run"));
    assert_eq!((offer.commit.as_deref(), offer.triggered_id.as_deref()), (Some("c0ffee"), None));
    assert_eq!(offer.extensions["shkeptnspecversion"], "latest");
}

#[test]
fn merging_leaves_the_newer_where_kinds_differ() {
    for (old, new) in [(json!(1), json!("1")), (json!([1]), json!({})), (json!({ "a": 1 }), json!(true))] {
        let mut merged = old.clone();
        merge(&mut merged, &new);
        assert_eq!(merged, new, "{old}");
    }
}
