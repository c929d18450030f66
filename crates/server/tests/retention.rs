//! How long runs are kept, and what is said of one that is gone.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop where it stands")]
#![allow(clippy::disallowed_methods, reason = "it waits for a condition, with a deadline")]

mod support;

use std::time::{Duration, Instant};

use capstan_runtime::ports::{Keep, Retention};
use jiff::SignedDuration;
use serde_json::{Value, json};
use support::{Answer, SHIPYARD, TOKEN, TestServer};

fn change(server: &TestServer, name: &str, body: &Value) -> Answer {
    let path = format!("/api/capstan/v1/projects/{name}");
    server.request("PATCH", &path, Some(body.to_string().as_bytes()), Some(TOKEN), &[])
}

fn kept(keep: &str, from: &str) -> Value {
    json!({ "keep": keep, "from": from })
}

#[test]
fn a_project_says_how_long_it_keeps_runs() {
    let year = Some(Keep::For(SignedDuration::from_hours(365 * 24)));
    let server = TestServer::keeping(Retention { runs: year, evaluations: None });
    let made = server.post("/api/capstan/v1/projects", &json!({ "name": "shop", "shipyard": SHIPYARD }));
    let server_says = json!({ "runs": kept("365d", "server"), "evaluations": kept("all", "server") });
    assert_eq!(made.json()["retention"], server_says);
    for (wish, runs, evaluations) in [
        (json!({ "runs": "30d" }), kept("30d", "project"), kept("all", "server")),
        (json!({ "evaluations": "1y12h" }), kept("30d", "project"), kept("8772h", "project")),
        (json!({ "runs": null }), kept("365d", "server"), kept("8772h", "project")),
        (json!({ "runs": "10d", "evaluations": "10d" }), kept("10d", "project"), kept("10d", "project")),
        (json!({ "runs": "default", "evaluations": "default" }), kept("365d", "server"), kept("all", "server")),
    ] {
        let changed = change(&server, "shop", &json!({ "retention": wish }));
        assert_eq!(changed.status, 200, "{}", changed.text());
        assert_eq!(changed.json()["retention"], json!({ "runs": runs, "evaluations": evaluations }), "{wish}");
        assert_eq!(server.get("/api/capstan/v1/projects/shop").json(), changed.json());
    }
}

#[test]
fn what_is_no_time_to_keep_something_is_refused() {
    let server = TestServer::start();
    server.with_project("shop");
    for (body, words) in [
        (json!({}), "nothing is to be changed; 'retention' is missing"),
        (json!({ "retention": { "runs": 30 } }), "expected a string"),
        (json!({ "retention": { "runs": "30d", "tasks": "30d" } }), "unknown field `tasks`"),
        (json!({ "shipyard": SHIPYARD }), "unknown field `shipyard`"),
        (
            json!({ "retention": { "runs": "30d", "evaluations": "30" } }),
            "'retention.evaluations' is no time to keep something: '30' has no unit; write 'all', or a number with a unit: \
             12h, 30d, 8w, 1y, or 'default' for what the server says",
        ),
        (json!({ "retention": { "runs": "0s" } }), "'0s' is less than a second"),
        (json!({ "retention": { "runs": "999y" } }), "'999y' is too long: the longest is 292 years"),
        (json!({ "retention": "30d" }), "'retention': it is no JSON object; write one such as {\"runs\": \"30d\"}"),
        (json!({ "retention": ["30d", "30d"] }), "'retention': it is no JSON object"),
        (
            json!({ "retention": { "runs": "30d", "evaluations": "1d" } }),
            "evaluations are never kept shorter than the runs that they are of: 1d is less than 30d",
        ),
        // The server keeps runs for ever.
        (json!({ "retention": { "evaluations": "1d" } }), "1d is less than all"),
    ] {
        let answer = change(&server, "shop", &body);
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.message().contains(words), "{}", answer.message());
    }
    let answer = change(&server, "shap", &json!({ "retention": { "runs": "30d" } }));
    assert_eq!(answer.status, 404);
    assert_eq!(answer.message(), "there is no project 'shap'; did you mean 'shop'?");
}

fn eventually(what: &str, is: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !is() {
        assert!(Instant::now() < end, "not within 30 seconds: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_run_that_is_gone_is_in_no_answer_but_its_evaluation_is() {
    let server = TestServer::keeping(Retention { runs: Keep::parse("1s").ok(), evaluations: None });
    server.with_project("shop");
    change(&server, "shop", &json!({ "retention": { "runs": "all" } }));
    let over = server.send("dev.delivery.triggered", "shop", "dev", &json!({}));
    let open = server.send("dev.delivery.triggered", "shop", "dev", &json!({}));
    for kind in ["evaluation.started", "evaluation.finished"] {
        server.send(kind, "shop", "dev", &json!({ "shkeptncontext": over, "triggeredid": "x" }));
    }
    server.control("shop", &over, "abort", "");
    let path = format!("/api/capstan/v1/projects/shop/runs/{over}");
    assert_eq!(server.get(&path).status, 200);
    let unknown = format!("project 'shop' has no run '{over}'");
    change(&server, "shop", &json!({ "retention": { "runs": "default" } }));
    eventually("the run goes", || server.get(&path).status == 404);
    let message = format!("{unknown}; it keeps runs for 1s after their end");
    // By chance another run has an id that could have been meant.
    assert!(server.get(&path).message().starts_with(&message));
    for verb in ["abort", "rerun"] {
        let answer = server.post(&format!("{path}/{verb}"), &json!({}));
        assert_eq!(answer.status, 404, "{verb}");
        assert!(answer.message().starts_with(&message), "{verb}: {}", answer.message());
    }
    let events = |more: &str| {
        let answer = server.get(&format!("/api/mongodb-datastore/event?project=shop&keptnContext={over}{more}")).json();
        let events = answer["events"].as_array().unwrap().clone();
        assert_eq!(answer["totalCount"].as_u64().unwrap_or_default(), events.len() as u64);
        events.into_iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    eventually("its events go", || events("").len() == 1);
    assert_eq!(events(""), ["sh.keptn.event.evaluation.finished"]);
    assert_eq!(events("&root=true"), [""; 0]);
    let by_type = "/api/mongodb-datastore/event/type/sh.keptn.event.evaluation.finished?filter=data.project:shop";
    assert_eq!(server.get(by_type).json()["events"].as_array().unwrap().len(), 1);
    assert_eq!(server.state("shop", &over), Value::Null);
    assert_eq!(server.executions("shop", &over), json!([]));

    // One that is open stays, and a context may come again.
    assert_eq!(server.get(&format!("/api/capstan/v1/projects/shop/runs/{open}")).status, 200);
    change(&server, "shop", &json!({ "retention": { "runs": "all" } }));
    let message = server.get(&path).message();
    assert!(message.starts_with(&unknown), "{message}");
    assert!(!message.contains("keeps runs"), "where runs are kept for ever it has not gone: {message}");
    server.send("dev.delivery.triggered", "shop", "dev", &json!({ "shkeptncontext": over }));
    assert_eq!(server.get(&path).json()["run"]["state"], "waiting");
}
