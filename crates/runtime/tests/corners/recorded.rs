//! Two stories as they were recorded from the running services of Keptn v1.4.5, with the same answers in the same order.

use capstan_engine::orchestrate::{Run, RunState};
use capstan_model::event::CloudEvent;
use capstan_runtime::simulator::World;
use serde_json::{Value, json};

use super::shipyards::{DELIVERY, endings, events, task, world};

/// What the recorder says about a task: project, stage, service and this.
#[allow(clippy::needless_pass_by_value, reason = "json!() is handed in")]
fn say(world: &mut World, task: &CloudEvent, phase: &str, data: Value) {
    let mut said = json!({ "project": "p", "stage": task.data["stage"], "service": "svc" });
    said.as_object_mut().unwrap().extend(data.as_object().unwrap().clone());
    let event = CloudEvent {
        id: format!("said-{}", world.events(task.context.as_deref().unwrap()).len()),
        source: "recorder".to_owned(),
        kind: task.kind.replace("triggered", phase),
        time: None,
        triggered_id: Some(task.id.clone()),
        commit: None,
        data: said,
        ..task.clone()
    };
    world.ingest(event);
}

/// Stage, state, latest event and latest failed event.
fn stages(run: &Run) -> Vec<(&str, &str, String, String)> {
    let short = |event: &Option<capstan_engine::orchestrate::LatestEvent>| {
        event.as_ref().map(|event| event.kind.replace("sh.keptn.event.", "")).unwrap_or_default()
    };
    let of = run.stages.iter();
    of.map(|s| (&*s.name, &*s.state, short(&s.latest_event), short(&s.latest_failed_event))).collect()
}

fn shown(
    name: &'static str,
    state: &'static str,
    event: &str,
    failed: &str,
) -> (&'static str, &'static str, String, String) {
    (name, state, event.to_owned(), failed.to_owned())
}

#[test]
fn delivery() {
    let mut world = world(DELIVERY);
    let data = json!({ "configurationChange": { "values": { "image": "x:1" } }, "labels": { "build": "1" } });
    let run = world.trigger("p", "dev", "delivery", "svc", data);
    let build = task(&world, &run);
    let commit = build.commit.clone();
    assert!(commit.is_some());
    assert_eq!(
        build.data,
        json!({ "build": { "flavour": "plain" }, "configurationChange": { "values": { "image": "x:1" } },
                "labels": { "build": "1" }, "project": "p", "service": "svc", "stage": "dev" })
    );
    assert_eq!(
        (&*build.source, build.extensions["shkeptnspecversion"].as_str()),
        ("shipyard-controller", Some("latest"))
    );
    let view = world.run(&run).unwrap();
    assert_eq!((&*view.name, &*view.service, view.state()), ("delivery", "svc", RunState::Started));
    assert_eq!(stages(&view), [shown("dev", "triggered", "build.triggered", "")]);

    say(&mut world, &build, "started", json!({}));
    say(&mut world, &build, "started", json!({ "message": "second executor" }));
    say(
        &mut world,
        &build,
        "finished",
        json!({ "status": "succeeded", "result": "pass", "build": { "artifact": "a1" }, "labels": { "from": "first" } }),
    );
    // The latest event was recorded too early, see the notes on the recording: it is build.finished.
    assert_eq!(stages(&world.run(&run).unwrap()), [shown("dev", "triggered", "build.finished", "")]);
    say(
        &mut world,
        &build,
        "finished",
        json!({ "status": "succeeded", "result": "warning", "build": { "size": 3 }, "message": "m2" }),
    );
    let check = task(&world, &run);
    assert_eq!(
        check.data,
        json!({ "build": { "artifact": "a1", "size": 3 }, "configurationChange": { "values": { "image": "x:1" } },
                "labels": { "build": "1", "from": "first" }, "message": "", "project": "p", "result": "warning",
                "service": "svc", "stage": "dev", "status": "succeeded" })
    );
    say(&mut world, &check, "started", json!({}));
    say(&mut world, &check, "finished", json!({ "status": "succeeded", "result": "pass", "check": { "ok": true } }));

    let approval = task(&world, &run);
    let carried = json!({
        "build": { "artifact": "a1", "size": 3 }, "check": { "ok": true },
        "configurationChange": { "values": { "image": "x:1" } }, "labels": { "build": "1", "from": "first" },
        "message": "", "project": "p", "result": "pass", "service": "svc", "stage": "prod", "status": "succeeded",
    });
    let mut expected = carried.clone();
    expected["approval"] = json!({ "pass": "manual", "warning": "manual" });
    assert_eq!(approval.data, expected);
    // One commit for the whole run: meant to differ from what was recorded.
    assert_eq!(approval.commit, commit);
    let follower = &events(&world, &run, "prod.delivery.triggered")[0];
    assert_eq!((&follower.data, &follower.commit, &follower.triggered_id), (&carried, &None, &None));
    let end = &events(&world, &run, "dev.delivery.finished")[0];
    assert_eq!(
        end.data,
        json!({ "project": "p", "result": "pass", "service": "svc", "stage": "dev", "status": "succeeded" })
    );
    let trigger = &events(&world, &run, "dev.delivery.triggered")[0];
    assert_eq!((&end.triggered_id, &end.commit), (&Some(trigger.id.clone()), &None));
    let started = &events(&world, &run, "approval.started")[0];
    assert_eq!(
        started.data,
        json!({ "labels": { "build": "1", "from": "first" }, "message": "Approval strategy for result 'pass': manual",
                "project": "p", "service": "svc", "stage": "prod", "status": "succeeded" })
    );
    let view = world.run(&run).unwrap();
    assert_eq!(view.state(), RunState::Started);
    assert_eq!(
        stages(&view),
        [shown("dev", "succeeded", "dev.delivery.finished", ""), shown("prod", "triggered", "approval.started", "")]
    );
    let executions = world.sequences(&run);
    assert_eq!((executions[0].state(), executions[1].state()), ("finished", "waitingForApproval"));
    assert_eq!(
        executions[0].done[0].properties,
        json!({ "build": { "artifact": "a1", "size": 3 }, "labels": { "from": "first" }, "message": "m2", "project": "p",
                "result": "warning", "service": "svc", "stage": "dev", "status": "succeeded" })
    );
    assert_eq!((&*executions[0].done[0].result, &*executions[0].done[0].status), ("warning", "succeeded"));
    assert_eq!((&*executions[1].scope.result, &*executions[1].scope.status), ("pass", "succeeded"));

    say(&mut world, &approval, "finished", json!({ "status": "succeeded", "result": "pass" }));
    let release = task(&world, &run);
    assert_eq!(release.data, carried);
    say(&mut world, &release, "started", json!({}));
    say(&mut world, &release, "finished", json!({ "status": "succeeded", "result": "pass" }));
    let view = world.run(&run).unwrap();
    assert_eq!(view.state(), RunState::Finished);
    assert_eq!(
        stages(&view),
        [
            shown("dev", "succeeded", "dev.delivery.finished", ""),
            shown("prod", "succeeded", "prod.delivery.finished", "")
        ]
    );
    assert_eq!(
        world.event_types(&run),
        [
            "dev.delivery.triggered",
            "build.triggered",
            "build.started",
            "build.started",
            "build.finished",
            "build.finished",
            "check.triggered",
            "check.started",
            "check.finished",
            "dev.delivery.finished",
            "prod.delivery.triggered",
            "approval.triggered",
            "approval.started",
            "approval.finished",
            "release.triggered",
            "release.started",
            "release.finished",
            "prod.delivery.finished"
        ]
    );
}

#[test]
fn failure_and_rollback() {
    let mut world = world(DELIVERY);
    let run = world.trigger("p", "dev", "delivery", "svc", json!({}));
    let build = task(&world, &run);
    say(&mut world, &build, "started", json!({}));
    say(&mut world, &build, "finished", json!({ "status": "succeeded", "result": "fail", "message": "no luck" }));
    let undo = task(&world, &run);
    let carried = json!({ "message": "", "project": "p", "result": "fail", "service": "svc", "stage": "dev",
                          "status": "succeeded" });
    assert_eq!(undo.data, carried);
    assert_eq!(events(&world, &run, "dev.rollback.triggered")[0].data, carried);
    let end = &events(&world, &run, "dev.delivery.finished")[0];
    assert_eq!(
        end.data,
        json!({ "message": "no luck", "project": "p", "result": "fail", "service": "svc", "stage": "dev",
                "status": "succeeded" })
    );
    say(&mut world, &undo, "started", json!({}));
    say(&mut world, &undo, "finished", json!({ "status": "errored", "result": "fail", "message": "broken" }));
    let view = world.run(&run).unwrap();
    assert_eq!(view.state(), RunState::Finished);
    assert_eq!(stages(&view), [shown("dev", "errored", "dev.rollback.finished", "dev.rollback.finished")]);
    assert_eq!(
        events(&world, &run, "dev.rollback.finished")[0].data,
        json!({ "message": "broken", "project": "p", "result": "fail", "service": "svc", "stage": "dev",
                "status": "errored" })
    );
    assert_eq!(endings(&world, &run), ["dev.delivery finished fail/succeeded", "dev.rollback finished fail/errored"]);

    let run = world.trigger("p", "dev", "delivery", "svc", json!({}));
    let build = task(&world, &run);
    say(&mut world, &build, "started", json!({}));
    say(&mut world, &build, "finished", json!({}));
    let undo = task(&world, &run);
    let carried = json!({ "project": "p", "result": "fail", "service": "svc", "stage": "dev", "status": "unknown" });
    assert_eq!(undo.data, carried);
    assert_eq!(events(&world, &run, "dev.delivery.finished")[0].data, carried);
    let view = world.run(&run).unwrap();
    assert_eq!(view.state(), RunState::Started);
    assert_eq!(stages(&view), [shown("dev", "triggered", "undo.triggered", "undo.triggered")]);
}
