//! Our own API: tools that claim tasks, say that they are at work, give them back and answer them; and runs that are done again.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may stop where it stands, and wait")]

mod support;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{Answer, TOKEN, TestServer};

const SHIPYARD: &str = "apiVersion: spec.keptn.sh/0.2.3
kind: Shipyard
spec:
  stages:
    - name: dev
      sequences:
        - name: delivery
          tasks:
            - name: build
            - name: check
    - name: prod
      sequences:
        - name: delivery
          tasks:
            - name: build
";

fn server() -> TestServer {
    let server = TestServer::start();
    server.with_shipyard("p", SHIPYARD);
    server
}

fn trigger(server: &TestServer, project: &str, stage: &str, service: &str) -> String {
    server.send(&format!("{stage}.delivery.triggered"), project, stage, &json!({ "service": service }))
}

fn try_claim(server: &TestServer, body: &Value, key: Option<&str>) -> Answer {
    let headers: Vec<_> = key.map(|key| ("idempotency-key", key)).into_iter().collect();
    server.request("POST", "/api/capstan/v1/claims", Some(body.to_string().as_bytes()), Some(TOKEN), &headers)
}

/// Claims with what is given laid over tool `t`, tasks `build` and no waiting.
fn claim(server: &TestServer, more: &Value, key: Option<&str>) -> Vec<Value> {
    let mut body = json!({ "tool": "t", "tasks": ["build"], "wait_seconds": 0 });
    more.as_object().unwrap().iter().for_each(|(name, value)| body[name] = value.clone());
    let answer = try_claim(server, &body, key);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["claims"].as_array().unwrap().clone()
}

fn lease(claim: &Value) -> &str {
    claim["lease"].as_str().unwrap()
}

fn tell(server: &TestServer, lease: &str, word: &str, body: &Value) -> Answer {
    server.post(&format!("/api/capstan/v1/claims/{lease}/{word}"), body)
}

fn run(server: &TestServer, context: &str) -> Value {
    server.get(&format!("/api/capstan/v1/projects/p/runs/{context}")).json()
}

/// The attempt of the first open task.
fn attempt(server: &TestServer, context: &str) -> Value {
    run(server, context)["sequences"][0]["open"][0]["attempt"].clone()
}

#[test]
fn a_task_is_claimed_with_all_that_it_is_and_stays_listed_for_those_who_poll() {
    let server = server();
    let context = trigger(&server, "p", "dev", "svc");
    let claims = claim(&server, &json!({ "lease_seconds": 90 }), None);
    let [granted] = &claims[..] else { panic!("{claims:?}") };
    let triggered_id = granted["triggered_id"].as_str().unwrap();
    assert_eq!(lease(granted), format!("{triggered_id}.1"));
    let of = |keys: &[&str]| keys.iter().map(|key| granted[*key].clone()).collect::<Vec<_>>();
    assert_eq!(of(&["tool", "task", "attempt"]), [json!("t"), json!("build"), json!(1)]);
    assert_eq!(of(&["project", "stage", "service"]), [json!("p"), json!("dev"), json!("svc")]);
    assert_eq!((&granted["context"], &granted["seconds"]), (&json!(context), &json!(90.0)));
    assert_eq!(granted["event"]["type"], "sh.keptn.event.build.triggered");
    assert_eq!(granted["event"]["id"], triggered_id);
    assert_eq!(granted["event"]["data"]["service"], "svc");
    let shown = attempt(&server, &context);
    assert_eq!((&shown["holders"], &shown["leases"][0]["lease"]), (&json!(["t"]), &granted["lease"]));
    // Whoever polls sees it all the same, and the claim as the start that it is.
    assert_eq!(server.open("build", "p").as_deref(), Some(triggered_id));
    let path = format!("/api/mongodb-datastore/event?keptnContext={context}&type=sh.keptn.event.build.started");
    let started = server.get(&path).json()["events"].clone();
    assert_eq!((started.as_array().unwrap().len(), &started[0]["source"]), (1, &json!("t")));
    // Nobody of that name gets it again; another one does.
    assert_eq!(claim(&server, &json!({}), None), Vec::<Value>::new());
    let other = claim(&server, &json!({ "tool": "u" }), None);
    assert_eq!(lease(&other[0]), format!("{triggered_id}.2"));
    // The task is over when both have answered, and the poller's answer counts like theirs.
    assert_eq!(tell(&server, lease(granted), "answer", &json!({ "result": "pass" })).status, 200);
    assert_eq!(server.open("build", "p").as_deref(), Some(triggered_id));
    let said = tell(&server, lease(&other[0]), "answer", &json!({ "result": "warning", "message": "slow" }));
    assert_eq!((said.status, &said.json()["context"]), (200, &json!(context)));
    assert_eq!(run(&server, &context)["sequences"][0]["done"][0]["result"], "warning");
    assert_eq!(run(&server, &context)["sequences"][0]["open"][0]["task"], "check");
}

#[test]
fn a_body_that_cannot_be_read_says_which_field_is_wrong() {
    let server = server();
    let wrong = |more: Value, words: &str| {
        let mut body = json!({ "tool": "t", "tasks": ["build"], "wait_seconds": 0 });
        more.as_object().unwrap().iter().for_each(|(name, value)| body[name] = value.clone());
        let answer = try_claim(&server, &body, None);
        assert_eq!(answer.status, 400, "{more}: {}", answer.text());
        assert!(answer.message().contains(words), "{more}: {}", answer.message());
    };
    wrong(json!({ "tool": "" }), "'tool' is to be the tool's name");
    wrong(json!({ "tool": "t".repeat(201) }), "of 1 to 200 bytes");
    wrong(json!({ "tool": 1 }), "expected a string");
    wrong(json!({ "tasks": [] }), "'tasks' is to hold the names of 1 to 50 tasks");
    wrong(json!({ "tasks": [""] }), "'tasks' is to hold");
    wrong(json!({ "tasks": vec!["t"; 51] }), "'tasks' is to hold");
    wrong(json!({ "tasks": "build" }), "expected a sequence");
    wrong(json!({ "max": 0 }), "'max' is 0; it may be a whole number from 1 to 100");
    wrong(json!({ "max": 101 }), "'max' is 101");
    wrong(json!({ "max": -1 }), "'max' is -1; it may be a whole number");
    wrong(json!({ "max": 1.5 }), "'max' is 1.5; it may be a whole number");
    wrong(json!({ "lease_seconds": 0.5 }), "'lease_seconds' is 0.5; it may be 1 to 3600");
    wrong(json!({ "lease_seconds": 3601 }), "'lease_seconds' is 3601");
    wrong(json!({ "wait_seconds": 61 }), "'wait_seconds' is 61; it may be 0 to 60");
    wrong(json!({ "wait_seconds": -1 }), "'wait_seconds' is -1");
    wrong(json!({ "project": 1 }), "expected a string");
    wrong(json!({ "wait": 1 }), "unknown field `wait`");
    for (body, words) in [("[]", "no JSON object"), ("{", "EOF"), ("{}", "missing field `tool`"), ("", "EOF")] {
        let answer = server.request("POST", "/api/capstan/v1/claims", Some(body.as_bytes()), Some(TOKEN), &[]);
        assert_eq!(answer.status, 400);
        assert!(answer.message().contains(words), "{body}: {}", answer.message());
    }
    let answer = try_claim(&server, &json!({ "tool": "t", "tasks": ["build"] }), Some(&"k".repeat(256)));
    assert_eq!(answer.status, 400);
    assert!(answer.message().contains("'Idempotency-Key'"), "{}", answer.message());
    trigger(&server, "p", "dev", "svc");
    let claims = claim(&server, &json!({}), None);
    for (word, body, words) in [
        ("heartbeat", json!({ "progres": "x" }), "unknown field `progres`"),
        ("heartbeat", json!({ "progress": 1 }), "expected a string"),
        ("release", json!({ "why": "x" }), "unknown field `why`"),
        ("answer", json!({}), "missing field `result`"),
        ("answer", json!({ "result": "ok" }), "'result' is 'ok'; it may be 'pass', 'warning' or 'fail'"),
        (
            "answer",
            json!({ "result": "pass", "status": "done" }),
            "'status' is 'done'; it may be 'succeeded', 'errored' or 'aborted'",
        ),
        ("answer", json!({ "result": "pass", "data": [] }), "expected a map"),
        ("answer", json!({ "result": "pass", "labels": {} }), "unknown field `labels`"),
    ] {
        let answer = tell(&server, lease(&claims[0]), word, &body);
        assert_eq!(answer.status, 400, "{word} {body}");
        assert!(answer.message().contains(words), "{word} {body}: {}", answer.message());
    }
}

#[test]
fn a_claim_waits_for_a_task_and_no_longer() {
    let server = server();
    let begun = Instant::now();
    assert_eq!(claim(&server, &json!({ "wait_seconds": 0.2 }), None), Vec::<Value>::new());
    assert!(begun.elapsed() >= Duration::from_millis(200));
    std::thread::scope(|scope| {
        // Long before its patience is over.
        let waiting = scope.spawn(|| (claim(&server, &json!({ "wait_seconds": 60 }), None), Instant::now()));
        let of_another = scope.spawn(|| claim(&server, &json!({ "wait_seconds": 0.5, "tasks": ["check"] }), None));
        let context = trigger(&server, "p", "dev", "svc");
        let (claims, at) = waiting.join().unwrap();
        assert_eq!((claims.len(), &claims[0]["context"]), (1, &json!(context)));
        assert!(at.duration_since(begun) < Duration::from_secs(30));
        assert_eq!(of_another.join().unwrap(), Vec::<Value>::new());
    });
}

#[test]
fn claims_come_in_batches_of_what_was_asked_for() {
    let server = server();
    server.with_shipyard("q", SHIPYARD);
    for (project, stage, service) in
        [("p", "dev", "a"), ("p", "dev", "b"), ("p", "prod", "a"), ("q", "dev", "c"), ("q", "dev", "d")]
    {
        trigger(&server, project, stage, service);
    }
    let places = |more: Value| -> Vec<String> {
        let text = |claim: &Value, key: &str| claim[key].as_str().unwrap().to_owned();
        let place =
            |claim: &Value| format!("{} {} {}", text(claim, "project"), text(claim, "stage"), text(claim, "service"));
        claim(&server, &more, None).iter().map(place).collect()
    };
    assert_eq!(places(json!({ "tool": "1", "max": 2 })), ["p dev a", "p dev b"]);
    assert_eq!(places(json!({ "tool": "1", "max": 100 })), ["p prod a", "q dev c", "q dev d"]);
    assert_eq!(places(json!({ "tool": "2", "max": 9, "project": "q" })), ["q dev c", "q dev d"]);
    assert_eq!(places(json!({ "tool": "3", "max": 9, "stage": "prod" })), ["p prod a"]);
    assert_eq!(places(json!({ "tool": "4", "max": 9, "service": "a", "stage": "" })), ["p dev a", "p prod a"]);
    assert_eq!(places(json!({ "tool": "5", "max": 9, "tasks": ["check", "release"] })), Vec::<String>::new());
    assert_eq!(places(json!({ "tool": "6" })), ["p dev a"]);
}

#[test]
fn a_claim_that_is_repeated_gets_what_it_was_granted() {
    let server = server();
    for service in ["a", "b", "c"] {
        trigger(&server, "p", "dev", service);
    }
    let first = claim(&server, &json!({ "max": 2 }), Some("k"));
    assert_eq!(claim(&server, &json!({ "max": 2 }), Some("k")), first);
    // The key of another tool is another one.
    assert_eq!(claim(&server, &json!({ "tool": "u" }), Some("k"))[0]["tool"], "u");
    // What is over is not granted again; what is left is.
    assert_eq!(tell(&server, lease(&first[0]), "answer", &json!({ "result": "pass" })).status, 200);
    assert_eq!(claim(&server, &json!({ "max": 2 }), Some("k")), first[1..]);
    assert_eq!(tell(&server, lease(&first[1]), "answer", &json!({ "result": "pass" })).status, 200);
    let next = claim(&server, &json!({ "max": 2 }), Some("k"));
    assert_eq!((next.len(), &next[0]["service"]), (1, &json!("c")));
}

#[test]
fn a_heartbeat_renews_a_lease_unless_it_is_fresh() {
    let server = server();
    let context = trigger(&server, "p", "dev", "svc");
    let claims = claim(&server, &json!({ "lease_seconds": 1 }), None);
    let id = lease(&claims[0]);
    let signs = || {
        let whole = run(&server, &context);
        let history = whole["history"].as_array().unwrap().clone();
        history.into_iter().filter(|entry| entry["fact"]["fact"] == "sign_of_life").count()
    };
    let beat = |body: &Value| {
        let answer = tell(&server, id, "heartbeat", body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    };
    // Nothing new, and just granted: nothing is written.
    assert_eq!((beat(&json!({}))["expires_at"].clone(), signs()), (claims[0]["expires_at"].clone(), 0));
    // Something new is written, once.
    let said = beat(&json!({ "progress": "half" }));
    assert_eq!((&said["progress"], signs()), (&json!("half"), 1));
    assert!(said["expires_at"].as_str() > claims[0]["expires_at"].as_str());
    assert_eq!((beat(&json!({ "progress": "half" }))["expires_at"].clone(), signs()), (said["expires_at"].clone(), 1));
    assert_eq!(attempt(&server, &context)["leases"][0]["progress"], "half");
    assert_eq!(run(&server, &context)["waiting"][0]["progress"], "half");
    // After a third of its length it is renewed; what was said stays.
    let begun = Instant::now();
    let renewed = loop {
        let answer = server.request("POST", &format!("/api/capstan/v1/claims/{id}/heartbeat"), None, Some(TOKEN), &[]);
        assert_eq!(answer.status, 200, "{}", answer.text());
        if answer.json()["expires_at"] != said["expires_at"] {
            break answer.json();
        }
        assert!(begun.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!((&renewed["progress"], signs()), (&json!("half"), 2));
    let long = beat(&json!({ "progress": "x".repeat(600) }));
    assert_eq!(long["progress"].as_str().unwrap().len(), 500);
}

#[test]
fn what_is_given_back_is_open_again_and_a_lease_that_is_over_says_why() {
    let server = server();
    let context = trigger(&server, "p", "dev", "svc");
    let first = claim(&server, &json!({}), None);
    let id = lease(&first[0]);
    assert_eq!(tell(&server, id, "release", &json!({ "reason": "the node goes down" })).text(), "{}");
    assert_eq!(attempt(&server, &context)["holders"], json!([]));
    for (word, body, message) in [
        ("heartbeat", json!({}), format!("lease '{id}' is over: it was answered or given back")),
        (
            "answer",
            json!({ "result": "pass", "tool": "t" }),
            format!(
                "the answer by lease '{id}' is stored and does not count: the lease '{id}' had been answered or given back \
                 before"
            ),
        ),
    ] {
        let answer = tell(&server, id, word, &body);
        assert_eq!((answer.status, answer.message()), (409, message));
        for unknown in ["nothing", "nothing.1", &format!("{}.x", first[0]["triggered_id"].as_str().unwrap())] {
            let answer = tell(&server, unknown, word, &body);
            assert_eq!((answer.status, answer.message()), (404, format!("there is no lease '{unknown}'")));
        }
    }
    assert_eq!(tell(&server, id, "release", &json!({})).text(), "{}", "said twice is said once");
    // The same attempt, under another lease.
    let second = claim(&server, &json!({}), None);
    assert_eq!((&second[0]["triggered_id"], &second[0]["attempt"]), (&first[0]["triggered_id"], &json!(1)));
    let id = lease(&second[0]);
    let said =
        json!({ "result": "fail", "status": "errored", "message": "no disk", "data": { "build": { "log": "l" } } });
    let answer = tell(&server, id, "answer", &said);
    let again = tell(&server, id, "answer", &said);
    assert_eq!((answer.status, again.json()), (200, answer.json()));
    let other = tell(&server, id, "answer", &json!({ "result": "pass" }));
    assert_eq!(other.status, 409, "{}", other.text());
    let whole = run(&server, &context);
    assert_eq!(
        (&whole["run"]["result"], &whole["sequences"][0]["end"]["message"]),
        (&json!("fail"), &json!("no disk"))
    );
    let path = format!("/api/mongodb-datastore/event?keptnContext={context}&type=sh.keptn.event.build.finished");
    let events = server.get(&path).json()["events"].clone();
    let event = events.as_array().unwrap().iter().find(|event| event["id"] == answer.json()["id"]).unwrap().clone();
    assert_eq!((&event["source"], &event["data"]["build"]["log"]), (&json!("t"), &json!("l")));
    let late = tell(&server, id, "heartbeat", &json!({}));
    assert_eq!((late.status, late.message().contains("the sequence had ended")), (409, true), "{}", late.text());
}

#[test]
fn every_fact_has_words_that_are_the_same_in_history_and_stream() {
    let server = server();
    let first = trigger(&server, "p", "dev", "svc");
    let claims = claim(&server, &json!({}), None);
    tell(&server, lease(&claims[0]), "heartbeat", &json!({ "progress": "half" }));
    tell(&server, lease(&claims[0]), "release", &json!({ "reason": "the node goes down" }));
    let second = trigger(&server, "p", "dev", "svc");
    server.answer("build", "p", "dev", &first, "fail");
    let sentences = |context: &str| -> Vec<(Value, String)> {
        let whole = run(&server, context);
        let entries = whole["history"].as_array().unwrap().iter();
        entries.map(|entry| (entry["position"].clone(), entry["sentence"].as_str().unwrap().to_owned())).collect()
    };
    let all = [sentences(&first), sentences(&second)].concat();
    for begin in [
        "triggered",
        "build is offered, to be started by 20",
        "'t' claims build, to be heard of by 20",
        "'t' is still at work on build and says: half, to be heard of by 20",
        "'t' gives build back: the node goes down",
        &format!("stands behind dev.delivery of run {first}"),
        "'test' answers build: fail (succeeded)",
        "finished: fail (succeeded)",
    ] {
        assert!(all.iter().any(|(_, sentence)| sentence.starts_with(begin)), "{begin}: {all:#?}");
    }
    assert!(all.iter().all(|(_, sentence)| !sentence.is_empty()));
    let mut following = server.follow("?project=p&after=0", None);
    for _ in 0..all.len() {
        let told: Value = following.next().unwrap().data;
        let known = all.iter().find(|(position, _)| *position == told["position"]).unwrap();
        assert_eq!(told["sentence"], known.1.as_str());
    }
}

#[test]
fn what_failed_is_done_again_by_whom_and_why() {
    let server = server();
    let rerun =
        |context: &str, body: &Value| server.post(&format!("/api/capstan/v1/projects/p/runs/{context}/rerun"), body);
    let context = trigger(&server, "p", "dev", "svc");
    let refused = rerun(&context, &json!({}));
    assert_eq!((refused.status, refused.message().contains("nothing")), (409, true), "{}", refused.text());
    server.answer("build", "p", "dev", &context, "pass");
    server.answer("check", "p", "dev", &context, "fail");
    for (body, status, words) in [
        (json!({ "from": "start" }), 400, "'from' is 'start'; it may be 'task' or 'stage'"),
        (json!({ "who": "me" }), 400, "unknown field `who`"),
        (json!({ "stage": "prod" }), 409, "prod"),
    ] {
        let answer = rerun(&context, &body);
        assert_eq!((answer.status, answer.message().contains(words)), (status, true), "{body}: {}", answer.text());
    }
    let answer = rerun("none", &json!({}));
    assert_eq!((answer.status, answer.message().as_str()), (404, "project 'p' has no run 'none'"));
    let begun = rerun(&context, &json!({ "by": "jane", "reason": "flaky", "from": "task" }));
    assert_eq!((begun.status, &begun.json()["context"]), (200, &json!(context)), "{}", begun.text());
    let whole = run(&server, &context);
    let again = &whole["sequences"][1];
    assert_eq!(
        (&again["id"], &again["rerun"]["by"], &again["rerun"]["reason"]),
        (&begun.json()["sequence"], &json!("jane"), &json!("flaky"))
    );
    assert_eq!(again["rerun"]["of"], whole["sequences"][0]["id"]);
    assert_eq!(
        (&again["done"][0]["name"], &again["open"][0]["task"], &again["open"][0]["index"]),
        (&json!("build"), &json!("check"), &json!(1))
    );
    assert!(whole["run"].get("result").is_none());
    server.answer("check", "p", "dev", &context, "pass");
    assert_eq!(run(&server, &context)["run"]["result"], "pass");
    assert_eq!(server.get("/api/capstan/v1/projects/p/runs").json()["runs"][0]["result"], "pass");
}
