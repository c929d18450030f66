//! Runs in flight while the server is killed again and again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::server::Server;

const STAGES: [&str; 3] = ["dev", "staging", "prod"];
const TASKS: [&str; 4] = ["deployment", "test", "check", "release"];
const RUNS: usize = 12;
const KILLS: usize = 12;
const PATIENCE: Duration = Duration::from_secs(180);

fn shipyard() -> String {
    let tasks: String = TASKS.iter().flat_map(|task| ["            - name: ", task, "\n"]).collect();
    let mut text =
        "apiVersion: spec.keptn.sh/0.2.3\nkind: Shipyard\nmetadata:\n  name: s\nspec:\n  stages:\n".to_owned();
    for (n, stage) in STAGES.iter().enumerate() {
        text += &format!("    - name: {stage}\n      sequences:\n        - name: delivery\n");
        if n > 0 {
            text += &format!("          triggeredOn:\n            - event: {}.delivery.finished\n", STAGES[n - 1]);
        }
        text += &format!("          tasks:\n{tasks}");
    }
    text
}

/// Sends until the server has acknowledged; the key makes a repeat harmless.
fn insist(server: &Server, key: &str, event: &Value) -> Value {
    let headers = [("x-token", server.token()), ("idempotency-key", key)];
    let begun = Instant::now();
    loop {
        match server.try_request_with("POST", "/api/v1/event", Some(event), &headers) {
            Ok(answer) if answer.status == 200 => return answer.json(),
            Ok(answer) => assert_eq!(answer.status, 503, "{answer:?}"),
            Err(_) => std::thread::sleep(Duration::from_millis(5)),
        }
        assert!(begun.elapsed() < PATIENCE, "'{key}' was never acknowledged");
    }
}

fn event(kind: &str, context: Option<&str>, triggered_id: Option<&str>, stage: &str, service: &str) -> Value {
    let mut event = json!({
        "specversion": "1.0", "source": "survivor", "contenttype": "application/json",
        "type": format!("sh.keptn.event.{kind}"),
        "data": { "project": "p", "stage": stage, "service": service, "status": "succeeded", "result": "pass" },
    });
    if let Some(context) = context {
        event["shkeptncontext"] = context.into();
    }
    if let Some(id) = triggered_id {
        event["triggeredid"] = id.into();
    }
    event
}

/// Asks for open tasks of one type again and again, as v1's integrations do, and answers each once.
fn poll(server: &Server, task: &str, over: &AtomicBool, acknowledged: &Mutex<BTreeSet<String>>) {
    let path = format!("/api/controlPlane/v1/event/triggered/sh.keptn.event.{task}.triggered?project=p&pageSize=100");
    let mut seen = BTreeSet::new();
    while !over.load(Ordering::Relaxed) {
        let Ok(answer) = server.try_request("GET", &path, None, Some(server.token())) else { continue };
        let open = answer.expect(200).json();
        for triggered in open["events"].as_array().unwrap() {
            let id = triggered["id"].as_str().unwrap();
            if !seen.insert(id.to_owned()) {
                continue;
            }
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let (stage, service) = (text(&triggered["data"]["stage"]), text(&triggered["data"]["service"]));
            let context = text(&triggered["shkeptncontext"]);
            for phase in ["started", "finished"] {
                let event = event(&format!("{task}.{phase}"), Some(&context), Some(id), &stage, &service);
                insist(server, &format!("{id}-{phase}"), &event);
                acknowledged.lock().unwrap().insert(format!("{id} {task}.{phase}"));
            }
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn state(server: &Server, context: &str) -> Option<String> {
    let path = format!("/api/controlPlane/v1/sequence/p?keptnContext={context}");
    let answer = server.try_request("GET", &path, None, Some(server.token())).ok()?;
    let states = answer.expect(200).json();
    Some(states["states"][0]["state"].as_str()?.to_owned())
}

#[test]
fn runs_in_flight_survive_kill_9() {
    let server = Server::start();
    let shipyard = STANDARD.encode(shipyard());
    server.post("/api/controlPlane/v1/project", &json!({ "name": "p", "shipyard": shipyard })).expect(201);
    let contexts: Vec<String> = (0..RUNS)
        .map(|n| {
            let trigger = event("dev.delivery.triggered", None, None, "dev", &format!("svc{n}"));
            insist(&server, &format!("trigger-{n}"), &trigger)["keptnContext"].as_str().unwrap().to_owned()
        })
        .collect();
    let (over, acknowledged) = (AtomicBool::new(false), Mutex::new(BTreeSet::new()));
    std::thread::scope(|scope| {
        for task in TASKS {
            let (server, over, acknowledged) = (&server, &over, &acknowledged);
            scope.spawn(move || poll(server, task, over, acknowledged));
        }
        for n in 0..KILLS {
            // At moments that have nothing to do with what is under way.
            std::thread::sleep(Duration::from_millis(20 + (n as u64 * 37) % 90));
            server.restart();
        }
        let begun = Instant::now();
        while contexts.iter().any(|context| state(&server, context).as_deref() != Some("finished")) {
            assert!(begun.elapsed() < PATIENCE, "the runs do not end");
            std::thread::sleep(Duration::from_millis(20));
        }
        over.store(true, Ordering::Relaxed);
    });

    let acknowledged = acknowledged.into_inner().unwrap();
    assert_eq!(acknowledged.len(), RUNS * STAGES.len() * TASKS.len() * 2);
    for context in &contexts {
        let path = format!("/api/mongodb-datastore/event?keptnContext={context}&pageSize=100");
        let events = server.get(&path).expect(200).json();
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for event in events["events"].as_array().unwrap() {
            let kind = event["type"].as_str().unwrap().trim_start_matches("sh.keptn.event.");
            let stage = event["data"]["stage"].as_str().unwrap();
            *counts.entry(format!("{stage} {kind}")).or_default() += 1;
            if let Some(id) = event["triggeredid"].as_str()
                && kind.split('.').count() == 2
            {
                assert!(acknowledged.contains(&format!("{id} {kind}")), "{event}");
            }
        }
        for stage in STAGES {
            for task in TASKS {
                for phase in ["triggered", "started", "finished"] {
                    assert_eq!(counts.remove(&format!("{stage} {task}.{phase}")), Some(1), "{stage} {task}.{phase}");
                }
            }
            for phase in ["triggered", "finished"] {
                assert_eq!(counts.remove(&format!("{stage} {stage}.delivery.{phase}")), Some(1), "{stage} {phase}");
            }
        }
        assert!(counts.is_empty(), "{counts:?}");
    }
}

#[test]
fn a_configuration_that_is_gone_or_damaged_costs_no_run_and_no_other_project() {
    let server = Server::start();
    for project in ["gone", "damaged", "sound"] {
        let body = json!({ "name": project, "shipyard": STANDARD.encode(shipyard()) });
        server.post("/api/controlPlane/v1/project", &body).expect(201);
        let mut trigger = event("dev.delivery.triggered", None, None, "dev", "svc");
        trigger["data"]["project"] = project.into();
        server.post("/api/v1/event", &trigger).expect(200);
    }
    server.terminate();
    std::fs::remove_dir_all(server.data().join("config/gone.git")).unwrap();
    std::fs::remove_dir_all(server.data().join("config/damaged.git/refs")).unwrap();
    server.restart();
    for project in ["gone", "damaged", "sound"] {
        let path =
            format!("/api/controlPlane/v1/event/triggered/sh.keptn.event.deployment.triggered?project={project}");
        assert_eq!(server.get(&path).expect(200).json()["totalCount"], 1, "{project}");
    }
    assert!(server.log().contains("its configuration is gone; its runs go on"), "{}", server.log());
    server.delete("/api/controlPlane/v1/project/gone").expect(200);
    server.get("/api/controlPlane/v1/project/gone").expect(404);
}
