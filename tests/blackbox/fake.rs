//! `capstan fake`: a tool in a process of its own, that is ended, killed, and left alone by its server.

use serde_json::{Value, json};

use crate::desk::Desk;
use crate::prometheus_server::eventually;

#[test]
fn a_fake_tool_tells_what_it_did_when_it_is_ended() {
    let desk = Desk::with_shop();
    let context = desk.trigger();
    desk.workplace.file("answer.json", r#"{"deploymentURIsPublic": ["http://cart"]}"#);
    let mut tool = desk.beside("tool", "fake deployment --name helm --data build.number:=17 --data @answer.json");
    tool.says("out", "  shop  dev  cart  deployment  pass\n");
    tool.signal("INT");
    let ran = tool.ended().expect(0);
    assert!(ran.stdout.ends_with("answered 1: deployment pass 1\n"), "{ran:?}");
    let path = format!("/api/mongodb-datastore/event?keptnContext={context}&type=sh.keptn.event.deployment.finished");
    let events = desk.server.get(&path).expect(200).json();
    let (event, data) = (&events["events"][0], &events["events"][0]["data"]);
    assert_eq!((&event["source"], &data["build"]["number"]), (&"helm".into(), &17.into()), "{event}");
    assert_eq!((&data["deploymentURIsPublic"][0], &data["result"]), (&"http://cart".into(), &"pass".into()), "{event}");
}

#[test]
fn a_fake_tool_tells_programs_of_each_answer_and_ends_at_a_sigterm() {
    let desk = Desk::with_shop();
    let context = desk.trigger();
    let mut tool = desk.beside("tool", "fake deployment -o json");
    tool.says("out", "\"task\":\"deployment\"");
    tool.signal("TERM");
    let ran = tool.ended().expect(0);
    let told: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&told["context"], &told["result"]), (&context.into(), &"pass".into()), "{told}");
}

#[test]
fn a_fake_tool_gives_back_what_it_has_not_answered() {
    let desk = Desk::with_shop();
    let context = desk.trigger();
    let mut tool = desk.beside("tool", "fake deployment check --after 60s --lease 3s --name slow");
    let run = || desk.line(&format!("run show {context} -o json")).expect(0).json();
    let lease = || run()["sequences"][0]["open"][0]["attempt"]["leases"][0].clone();
    eventually("the tool to say how far it is", || {
        lease()["progress"].as_str().is_some_and(|says| says.ends_with(" s of 1 min")).then_some(())
    });
    let shown = desk.line("run show latest").expect(0).stdout;
    assert!(shown.contains("slow: ") && shown.contains("    says       "), "{shown}");
    tool.signal("TERM");
    assert_eq!(tool.ended().expect(0).stdout, "answered nothing; gave back 1\n");
    let attempt = run()["sequences"][0]["open"][0].clone();
    assert_eq!((&attempt["number"], &attempt["attempt"]["holders"]), (&1.into(), &Value::Array(Vec::new())));
    assert!(desk.line("run show latest").expect(0).stdout.contains("○ deployment"));
}

#[test]
fn a_fake_tool_survives_restarts_of_the_server() {
    let desk = Desk::with_shop();
    let mut tool = desk.beside("tool", "fake deployment check --after 1s --lease 3s --parallel 2 --count 6");
    // It waits for a task, or works on one, or answers.
    let contexts: Vec<String> = ["a", "b"]
        .iter()
        .map(|service| {
            desk.server.restart();
            let line = format!("trigger delivery --project shop --service {service} --stage dev");
            desk.line(&line).expect(0).stdout.trim().to_owned()
        })
        .collect();
    tool.says("out", "  deployment  pass");
    desk.server.restart();
    assert!(tool.ended().expect(0).stdout.ends_with("answered 6: check pass 2, deployment pass 4\n"));
    for context in contexts {
        desk.line(&format!("run watch {context}")).expect(0);
    }
}

/// The facts of a run by name, in their order.
fn facts(desk: &Desk, context: &str, name: &str) -> Vec<Value> {
    let whole = desk.server.get(&format!("/api/capstan/v1/projects/shop/runs/{context}")).expect(200).json();
    let history = whole["history"].as_array().unwrap().iter();
    history.map(|entry| entry["fact"].clone()).filter(|fact| fact["fact"] == name).collect()
}

#[test]
fn what_a_killed_tool_had_claimed_is_offered_again() {
    let desk = Desk::with_shop();
    let context = desk.trigger();
    let killed = desk.beside("killed", "fake deployment --after 60s --lease 2s --name killed");
    let first = eventually("the first claim", || facts(&desk, &context, "task_started").pop());
    assert_eq!(first["lease"]["tool"], "killed");
    killed.signal("KILL");
    // In its place one that claims, and one that polls as in v1.
    let offers = eventually("a second offer", || {
        Some(facts(&desk, &context, "task_offered")).filter(|offers| offers.len() == 2)
    });
    assert_ne!(offers[0]["triggered_id"], offers[1]["triggered_id"]);
    assert_eq!((&offers[0]["attempt"], &offers[1]["attempt"]), (&json!(1), &json!(2)));
    let polled =
        desk.server.get("/api/controlPlane/v1/event/triggered/sh.keptn.event.deployment.triggered").expect(200);
    let open = polled.json()["events"].clone();
    assert_eq!((open.as_array().unwrap().len(), &open[0]["id"]), (1, &offers[1]["triggered_id"]));
    for phase in ["started", "finished"] {
        let event = json!({
            "specversion": "1.0", "source": "poller", "type": format!("sh.keptn.event.deployment.{phase}"),
            "shkeptncontext": context, "triggeredid": open[0]["id"],
            "data": { "project": "shop", "stage": "dev", "service": "cart", "status": "succeeded", "result": "pass" },
        });
        desk.server.post("/api/v1/event", &event).expect(200);
    }
    let mut other = desk.beside("other", "fake deployment check --count 2 --name other");
    let watched = desk.line(&format!("run watch {context}")).expect(0).stdout;
    other.ended().expect(0);
    let lost = facts(&desk, &context, "attempt_ended");
    assert_eq!(lost.len(), 1);
    assert_eq!((&lost[0]["end"], &lost[0]["triggered_id"]), (&json!("lease_lost"), &offers[0]["triggered_id"]));
    let why = "'killed', which had claimed task 'deployment', gave no sign of life for 2 s";
    assert_eq!(lost[0]["message"], why);
    assert!(watched.contains(&format!("attempt 1 of deployment came to nothing: {why}")), "{watched}");
    // The lease is over for whoever still has it.
    let lease = first["lease"]["id"].as_str().unwrap();
    let late = desk.server.post(&format!("/api/capstan/v1/claims/{lease}/heartbeat"), &json!({})).expect(409);
    assert!(late.text.contains("is over"), "{late:?}");
}
