//! Our own API: events that count once, and runs with all that they are.

#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod support;

use serde_json::{Value, json};
use support::TestServer;

fn event(id: &str) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "ci", "type": "sh.keptn.event.dev.delivery.triggered",
        "time": "2026-01-02T03:04:05.678Z", "subject": "kept",
        "data": { "project": "p", "stage": "dev", "service": "svc" },
    })
}

fn run(server: &TestServer, context: &str) -> Value {
    let answer = server.get(&format!("/api/capstan/v1/projects/p/runs/{context}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// What a run waits for, without ids and times.
fn waiting(server: &TestServer, context: &str) -> Value {
    let run = run(server, context);
    let entries = run["waiting"].as_array().unwrap().iter();
    entries.map(|entry| json!([entry["for"], entry["task"], entry["holders"]])).collect()
}

#[test]
fn an_event_counts_once_by_source_and_id() {
    let server = TestServer::start();
    server.with_project("p");
    let first = server.post("/api/capstan/v1/events", &event("1"));
    assert_eq!((first.status, &first.json()["id"]), (200, &"1".into()));
    let reordered = r#"{"data": {"service":"svc", "stage":"dev", "project":"p"}, "subject":"kept", "id":"1",
        "time":"2026-01-02T03:04:05.678Z", "type":"sh.keptn.event.dev.delivery.triggered", "source":"ci", "specversion":"1.0"}"#;
    let again = server.request("POST", "/api/capstan/v1/events", Some(reordered.as_bytes()), Some(support::TOKEN), &[]);
    assert_eq!(again.json(), first.json());
    let mut other = event("1");
    other["data"]["service"] = "other".into();
    assert_eq!(server.post("/api/capstan/v1/events", &other).status, 409);
    assert_eq!(server.get("/api/controlPlane/v1/sequence/p").json()["totalCount"], 1);
    // What v1 does not know stays out of its shapes.
    let stored = server.get("/api/mongodb-datastore/event?eventID=1").json()["events"][0].clone();
    assert_eq!(stored.get("subject"), None);
    assert_eq!(
        (&stored["time"], &stored["contenttype"]),
        (&"2026-01-02T03:04:05.678Z".into(), &"application/json".into())
    );
}

#[test]
fn what_is_no_event_is_refused_with_a_place() {
    let server = TestServer::start();
    for (body, words) in [
        ("{\"id\":\n 1 x", "line 2 column 4"),
        ("[]", "this is a list"),
        (r#"{"id":"1"}"#, "'type' is missing"),
        (r#"{"id":"1","type":"t"}"#, "'source' is missing"),
        (r#"{"id":"1","type":"t","source":"s","specversion":"0.3"}"#, "'specversion' is \"0.3\""),
    ] {
        let answer = server.request("POST", "/api/capstan/v1/events", Some(body.as_bytes()), Some(support::TOKEN), &[]);
        assert_eq!(answer.status, 400);
        let message = answer.message();
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn a_run_tells_what_it_waits_for() {
    let server = TestServer::start();
    server.with_project("p");
    let first = server.send("dev.delivery.triggered", "p", "dev", &json!({}));
    let second = server.send("dev.delivery.triggered", "p", "dev", &json!({}));
    assert_eq!(waiting(&server, &first), json!([["tool to start", "build", []]]));
    assert_eq!(waiting(&server, &second), json!([["slot", null, [{ "kind": "run", "name": first }]]]));

    let id = server.open("build", "p").unwrap();
    let reference = json!({ "shkeptncontext": first, "triggeredid": id, "source": "jenkins" });
    server.send("build.started", "p", "dev", &reference);
    assert_eq!(waiting(&server, &first), json!([["tool to finish", "build", [{ "kind": "tool", "name": "jenkins" }]]]));
    let entry = run(&server, &first)["waiting"][0].clone();
    assert!(entry["deadline"].as_str() > entry["last_sign"].as_str(), "{entry}");
    assert!(!entry["consequence"].as_str().unwrap().is_empty());

    server.control("p", &first, "pause", "");
    let paused = waiting(&server, &first);
    assert_eq!(paused[0], json!(["resume", null, [{ "kind": "person" }]]));
    assert_eq!(paused[1][0], "tool to finish");
    assert_eq!(run(&server, &first)["waiting"][1]["deadline"], Value::Null);

    server.control("p", &first, "abort", "");
    server.answer("build", "p", "dev", &second, "pass");
    server.answer("check", "p", "dev", &second, "pass");
    let mut open = waiting(&server, &second);
    while open == json!([["tool to start", "approval", []]]) {
        open = waiting(&server, &second);
    }
    assert_eq!(open, json!([["approval", "approval", [{ "kind": "person" }]]]));
    assert_eq!(waiting(&server, &first), json!([]));
}

#[test]
fn a_run_has_its_whole_history_in_order() {
    let server = TestServer::start();
    server.with_project("p");
    let context = server.send("dev.delivery.triggered", "p", "dev", &json!({}));
    server.send("build.finished", "p", "dev", &json!({ "shkeptncontext": context, "triggeredid": "nobody" }));
    server.answer("build", "p", "dev", &context, "fail");
    let run = run(&server, &context);
    let history = run["history"].as_array().unwrap();
    let positions: Vec<u64> = history.iter().map(|entry| entry["position"].as_u64().unwrap()).collect();
    assert!(positions.is_sorted());
    let facts: Vec<&str> = history.iter().map(|entry| entry["fact"]["fact"].as_str().unwrap()).collect();
    for (fact, times) in [("triggered", 2), ("task_offered", 2), ("task_done", 1), ("ended", 1), ("ignored", 1)] {
        assert_eq!(facts.iter().filter(|one| **one == fact).count(), times, "{fact} in {facts:?}");
    }
    let ignored = history.iter().find(|entry| entry["fact"]["fact"] == "ignored").unwrap();
    let sentence = "build.finished of 'test' changes nothing: no task was triggered by 'nobody'";
    assert_eq!(ignored["sentence"], sentence);
    let sequences = run["sequences"].as_array().unwrap();
    assert_eq!(sequences.iter().map(|one| one["name"].as_str().unwrap()).collect::<Vec<_>>(), ["delivery", "rollback"]);
    assert_eq!(sequences[0]["end"]["result"], "fail");
    assert_eq!(sequences[1]["open"][0]["task"], "undo");
}

#[test]
fn runs_are_listed_in_parts_and_what_is_not_there_is_said() {
    let server = TestServer::start();
    server.with_project("p");
    for service in ["a", "b", "c"] {
        server.send("dev.delivery.triggered", "p", "dev", &json!({ "service": service }));
    }
    let body = server.get("/api/capstan/v1/projects/p/runs?limit=2").json();
    assert_eq!(
        (&body["runs"][0]["service"], &body["next_offset"], &body["total"]),
        (&"c".into(), &2.into(), &3.into())
    );
    let body = server.get("/api/capstan/v1/projects/p/runs?limit=2&offset=2").json();
    assert_eq!((body["runs"].as_array().unwrap().len(), body.get("next_offset")), (1, None));
    for (path, status, message) in [
        ("p/runs/none", 404, "project 'p' has no run 'none'"),
        ("none/runs", 404, "there is no project 'none'"),
        ("p/runs?limit=0", 400, "'limit' is 0; it may be 1 to 500"),
        ("p/runs?offset=x", 400, "'offset' is no whole number from 0 to 9223372036854775807: 'x'"),
    ] {
        let answer = server.get(&format!("/api/capstan/v1/projects/{path}"));
        assert_eq!((answer.status, &answer.json()["message"]), (status, &message.into()));
    }
    let document = server.get("/api/capstan/v1/openapi.json").json();
    assert_eq!(document["info"]["title"], "Capstan");
}

#[test]
fn a_trigger_that_begins_nothing_says_why_under_its_context() {
    let server = TestServer::start();
    server.with_project("p");
    let mut nowhere = event("1");
    nowhere["data"]["stage"] = "".into();
    let context = server.post("/api/capstan/v1/events", &nowhere).json()["context"].as_str().unwrap().to_owned();
    let run = run(&server, &context);
    assert_eq!(run.get("run"), None);
    let sentence = "changes nothing: it has no 'data.stage', without which it counts for nothing";
    assert!(run["history"][0]["sentence"].as_str().unwrap().ends_with(sentence), "{run}");
}
