//! Our own API: who steers a run, and who waits for what.

#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod support;

use serde_json::{Value, json};
use support::{Answer, TOKEN, TestServer};

fn trigger(server: &TestServer, project: &str, service: &str) -> String {
    server.send("dev.delivery.triggered", project, "dev", &json!({ "service": service }))
}

fn steer(server: &TestServer, context: &str, word: &str, body: &Value) -> Answer {
    server.post(&format!("/api/capstan/v1/projects/p/runs/{context}/{word}"), body)
}

fn state(server: &TestServer, context: &str) -> String {
    let run = server.get(&format!("/api/capstan/v1/projects/p/runs/{context}")).json();
    run["run"]["state"].as_str().unwrap().to_owned()
}

#[test]
fn a_run_is_paused_resumed_and_aborted() {
    let server = TestServer::start();
    server.with_project("p");
    let context = trigger(&server, "p", "svc");
    for (word, body, after) in [
        ("pause", json!({}), "paused"),
        ("pause", json!({}), "paused"),
        ("resume", json!({ "stage": "" }), "started"),
        ("pause", json!({ "stage": "dev" }), "started"),
        ("resume", json!({ "stage": "dev" }), "started"),
        ("abort", json!({ "stage": "dev" }), "aborted"),
    ] {
        let answer = steer(&server, &context, word, &body);
        assert_eq!((answer.status, answer.text().as_str()), (200, "{}"), "{word} {body}");
        assert_eq!(state(&server, &context), after, "{word} {body}");
    }
    // Nothing but the path is needed.
    let context = trigger(&server, "p", "svc");
    let path = format!("/api/capstan/v1/projects/p/runs/{context}/pause");
    for body in [None, Some(&b"null"[..])] {
        assert_eq!(server.request("POST", &path, body, Some(TOKEN), &[]).status, 200);
    }
    assert_eq!(state(&server, &context), "paused");
}

#[test]
fn what_cannot_be_steered_says_why() {
    let server = TestServer::start();
    server.with_project("p");
    server.with_project("q");
    let over = trigger(&server, "p", "svc");
    steer(&server, &over, "abort", &json!({}));
    let open = trigger(&server, "p", "svc");
    let elsewhere = trigger(&server, "q", "svc");
    let nowhere = format!("project 'p' has no run '{elsewhere}'; it is a run of project 'q'");
    for word in ["pause", "resume", "abort"] {
        let begun = format!("project 'p' has no run '{}'; did you mean '{open}'?", &open[..open.len() - 3]);
        for (context, body, status, message) in [
            (over.as_str(), json!({}), 409, format!("run '{over}' is over ('aborted'), so there is nothing to {word}")),
            (
                &over,
                json!({ "stage": "dev" }),
                409,
                format!("run '{over}' is over ('aborted'), so there is nothing to {word}"),
            ),
            ("none", json!({}), 404, "project 'p' has no run 'none'".to_owned()),
            (&open[..open.len() - 3], json!({}), 404, begun),
            (&elsewhere, json!({}), 404, nowhere.clone()),
        ] {
            let answer = steer(&server, context, word, &body);
            assert_eq!((answer.status, answer.message()), (status, message), "{word} {context}");
        }
        assert_eq!(steer(&server, &open, word, &json!({ "stages": "dev" })).status, 400);
        assert_eq!(steer(&server, &open, word, &json!([])).status, 400);
        let answer = server.post(&format!("/api/capstan/v1/projects/pp/runs/{open}/{word}"), &json!({}));
        assert_eq!((answer.status, answer.message().as_str()), (404, "there is no project 'pp'; did you mean 'p'?"));
    }
    let answer = steer(&server, &open, "abort", &json!({ "stage": "prod" }));
    let message = format!(
        "nothing of run '{open}' is open in stage 'prod', so there is nothing to abort; it is 'started' in 'dev'"
    );
    assert_eq!((answer.status, answer.message()), (409, message));
    assert_eq!(state(&server, &open), "started");
}

/// What is waited for: project, service, what, task, without ids and times.
fn waiting(server: &TestServer, query: &str) -> Value {
    let answer = server.get(&format!("/api/capstan/v1/waiting{query}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let list = answer.json();
    let entries = list["waiting"].as_array().unwrap().iter();
    entries.map(|entry| json!([entry["project"], entry["service"], entry["for"], entry["task"]])).collect()
}

#[test]
fn what_is_waited_for_comes_longest_silent_first() {
    let server = TestServer::start();
    server.with_project("p");
    server.with_project("q");
    assert_eq!(waiting(&server, ""), json!([]));
    let first = trigger(&server, "p", "a");
    trigger(&server, "q", "b");
    trigger(&server, "p", "c");
    let build = |project: &str, service: &str| json!([project, service, "tool to start", "build"]);
    assert_eq!(waiting(&server, ""), json!([build("p", "a"), build("q", "b"), build("p", "c")]));
    assert_eq!(waiting(&server, "?limit=2"), json!([build("p", "a"), build("q", "b")]));
    assert_eq!(waiting(&server, "?project=p"), json!([build("p", "a"), build("p", "c")]));
    assert_eq!(server.get("/api/capstan/v1/waiting?limit=501").status, 400);
    // A sign of life brings it to the end; a pause is one.
    steer(&server, &first, "pause", &json!({}));
    assert_eq!(
        waiting(&server, ""),
        json!([build("p", "a"), build("q", "b"), build("p", "c"), ["p", "a", "resume", null]])
    );
    let entry = server.get("/api/capstan/v1/waiting?project=p").json()["waiting"][2].clone();
    let of_run = server.get(&format!("/api/capstan/v1/projects/p/runs/{first}")).json()["waiting"][0].clone();
    assert_eq!(entry["context"], first.as_str());
    for (key, value) in of_run.as_object().unwrap() {
        assert_eq!(entry[key], *value, "{key}");
    }
    steer(&server, &first, "abort", &json!({}));
    assert_eq!(waiting(&server, ""), json!([build("q", "b"), build("p", "c")]));
}

/// The hint of the only thing that a run of project `p` waits for, which is the same everywhere.
fn hint(server: &TestServer, context: &str) -> Option<String> {
    let run = server.get(&format!("/api/capstan/v1/projects/p/runs/{context}")).json();
    let list = server.get("/api/capstan/v1/waiting?project=p").json();
    let entry = list["waiting"].as_array().unwrap().iter().find(|entry| entry["context"] == context).unwrap();
    assert_eq!(run["waiting"][0].get("hint"), entry.get("hint"));
    entry["hint"].as_str().map(str::to_owned)
}

#[test]
fn a_task_that_nobody_handles_has_a_hint() {
    let server = TestServer::start();
    server.with_project("p");
    let poll = |kind: &str, query: &str| {
        server.get(&format!("/api/controlPlane/v1/event/triggered/sh.keptn.event.{kind}{query}")).status
    };
    // As the built-in tool does when it starts.
    assert_eq!(poll("approval.triggered", ""), 200);
    let context = trigger(&server, "p", "svc");
    let nobody = Some("nobody has handled 'build' so far; tools that were seen handle: approval".to_owned());
    assert_eq!(hint(&server, &context), nobody);
    // Neither is a tool that asks for this task.
    assert_eq!(poll("build.triggered", "?project=nobody"), 404);
    assert_eq!(poll("dev.build.triggered", ""), 200);
    assert_eq!(poll("build.finished", ""), 200);
    assert_eq!(hint(&server, &context), nobody);
    assert_eq!(poll("biuld.triggered", ""), 200);
    assert_eq!(hint(&server, &context).as_deref(), Some("nobody handles 'build'; did you mean 'biuld'?"));
    assert_eq!(poll("build.triggered", ""), 200);
    assert_eq!(hint(&server, &context), None);

    // Whoever has started it once handles it.
    let other = TestServer::start();
    other.with_project("p");
    other.send("build.started", "p", "dev", &json!({ "triggeredid": "of long ago" }));
    let context = trigger(&other, "p", "svc");
    assert_eq!(hint(&other, &context), None);
}
