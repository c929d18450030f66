//! Scenarios 22 to 34 of the contract: pauses, loops, parallel stages, what is shown, many runs, approvals.

use capstan_engine::orchestrate::{Control, LatestEvaluation, Run};
use capstan_runtime::command::Command;
use capstan_runtime::simulator::World;
use serde_json::{Value, json};

use super::shipyards::{
    DELIVERY, ONE, PARALLEL, TOOL, endings, events, fail, minutes, open, pass, state, succeeded, task, text, trigger,
    views, world,
};

#[test]
fn scenario_22_a_pause_and_a_resume() {
    let mut world = world(DELIVERY);
    let run = trigger(&mut world, "dev", "delivery");
    let build = task(&world, &run);
    world.started(&build, TOOL);
    assert!(world.control("p", &run, None, Control::Pause));
    assert_eq!(state(&world, &run), "paused");
    assert_eq!(world.run(&run).unwrap().stages[0].state, "triggered", "a pause of the run leaves the stage's state");
    assert_eq!(world.sequences(&run)[0].state(), "paused");
    world.finished(&build, TOOL, succeeded("pass"));
    assert!(open(&world, &run).is_empty());
    world.kill();
    assert_eq!(state(&world, &run), "paused");
    assert!(world.control("p", &run, None, Control::Resume));
    assert_eq!((state(&world, &run), open(&world, &run)), ("started", vec!["check".to_owned()]));
    // An approval that is paused is one again afterwards.
    pass(&mut world, &run);
    assert!(world.control("p", &run, None, Control::Pause));
    assert_eq!(world.sequences(&run)[1].state(), "paused");
    assert_eq!(world.sequences(&run)[1].unpaused_state(), "waitingForApproval");
    assert!(world.control("p", &run, None, Control::Resume));
    assert_eq!(world.sequences(&run)[1].state(), "waitingForApproval");
}

#[test]
fn scenario_23_unknown_status_and_result() {
    let mut world = world("{name: dev, sequences: [{name: delivery, tasks: [{name: build}, {name: check}]}]}");
    let run = trigger(&mut world, "dev", "delivery");
    let build = task(&world, &run);
    world.started(&build, TOOL);
    world.finished(&build, TOOL, json!({ "status": "unknown", "result": "whatever" }));
    assert_eq!(state(&world, &run), "finished");
    assert_eq!(endings(&world, &run), ["dev.delivery finished fail/unknown"]);
    assert!(world.offered().is_empty());
}

#[test]
fn scenario_24_a_loop_of_just_two_iterations() {
    let mut world = world(
        "{name: dev, sequences: [{name: delivery,
           triggeredOn: [{event: dev.delivery.finished, selector: {match: {mytask.result: fail}}}],
           tasks: [{name: mytask}, {name: othertask}]}]}",
    );
    let run = trigger(&mut world, "dev", "delivery");
    fail(&mut world, &run);
    assert_eq!(open(&world, &run), ["mytask"]);
    pass(&mut world, &run);
    fail(&mut world, &run);
    assert_eq!(endings(&world, &run).len(), 2);
    assert_eq!(state(&world, &run), "finished");
}

#[test]
fn scenario_25_several_tools_and_their_verdict() {
    for (answers, expected) in [
        (["pass/succeeded", "warning/succeeded"], "warning/succeeded"),
        (["fail/succeeded", "warning/succeeded"], "fail/succeeded"),
        (["pass/errored", "pass/aborted"], "pass/errored"),
        (["pass/aborted", "pass/succeeded"], "pass/aborted"),
        (["pass/strange", "pass/succeeded"], "fail/unknown"),
    ] {
        let mut world = world(ONE);
        let run = trigger(&mut world, "dev", "delivery");
        let build = task(&world, &run);
        world.started(&build, "a");
        world.started(&build, "b");
        for (source, answer) in ["a", "b"].into_iter().zip(answers) {
            let (result, status) = answer.split_once('/').unwrap();
            world.finished(&build, source, json!({ "result": result, "status": status }));
        }
        assert_eq!(endings(&world, &run), [format!("dev.delivery finished {expected}")]);
    }
}

#[test]
fn scenario_26_what_the_next_task_is_told() {
    let mut world = world(
        "{name: dev, sequences: [{name: delivery, tasks: [{name: a}, {name: b}, {name: c, properties: {k: v}}]}]}",
    );
    let input = json!({ "list": [1], "text": "old", "message": "hello", "result": "pass" });
    let run = world.trigger("p", "dev", "delivery", "svc", input);
    assert_eq!(task(&world, &run).data["message"], "");
    for data in [
        json!({ "status": "succeeded", "result": "pass", "list": [2], "text": null, "message": "one" }),
        json!({ "status": "aborted", "result": "warning", "list": null, "c": { "echo": true } }),
    ] {
        let open = task(&world, &run);
        world.started(&open, TOOL);
        world.finished(&open, TOOL, data);
    }
    assert_eq!(
        task(&world, &run).data,
        json!({ "project": "p", "stage": "dev", "service": "svc", "list": [2, 1], "text": "", "message": "",
                "result": "warning", "status": "aborted", "c": { "echo": true, "k": "v" } })
    );
}

#[test]
fn scenario_27_parallel_stages_end_when_all_have_ended() {
    let mut world = world(PARALLEL);
    let run = trigger(&mut world, "dev", "start");
    pass(&mut world, &run);
    pass(&mut world, &run);
    assert_eq!(state(&world, &run), "started", "the other stage is open");
    world.advance(minutes(10));
    pass(&mut world, &run);
    assert_eq!(state(&world, &run), "started");
    pass(&mut world, &run);
    assert_eq!(state(&world, &run), "finished");
}

fn evaluation(run: &Run) -> Option<&LatestEvaluation> {
    run.stages[0].latest_evaluation.as_ref()
}

#[test]
fn scenario_28_only_lighthouse_sets_the_latest_evaluation() {
    let mut world = world(ONE);
    let data = json!({ "status": "succeeded", "result": "pass", "evaluation": { "result": "pass", "score": 99.5 } });
    for (source, is_shown) in [("someone", false), ("lighthouse-service", true)] {
        let run = trigger(&mut world, "dev", "evaluation");
        let open = task(&world, &run);
        world.started(&open, source);
        world.finished(&open, source, data.clone());
        let run = world.run(&run).unwrap();
        assert_eq!(evaluation(&run).is_some(), is_shown, "{source}");
        if let Some(shown) = evaluation(&run) {
            assert_eq!((&*shown.result, &shown.score), ("pass", &json!(99.5)));
        }
    }
}

/// Only what is open can wait: what has ended stays as it ended, whatever else comes to the run.
#[test]
fn scenario_29_what_has_finished_does_not_wait() {
    let mut world = world(ONE);
    let run = trigger(&mut world, "dev", "delivery");
    let build = task(&world, &run);
    pass(&mut world, &run);
    trigger(&mut world, "dev", "delivery");
    world.started(&build, TOOL);
    assert_eq!(state(&world, &run), "finished");
    assert!(!world.control("p", &run, None, Control::Pause));
    assert_eq!(state(&world, &run), "finished");
}

#[test]
fn scenario_30_the_image_is_shown_with_stage_and_service() {
    let mut world = world("{name: dev, sequences: [{name: delivery, tasks: [{name: deployment}, {name: test}]}]}");
    let image = |image: Value| json!({ "configurationChange": { "values": { "image": image } } });
    let run = world.trigger("p", "dev", "delivery", "svc", image(json!("x:1")));
    assert_eq!(world.run(&run).unwrap().stages[0].image.as_deref(), Some("x:1"), "known from the offer on");
    let deployed = |world: &World| views(world).into_values().next().unwrap().deployed_image;
    assert_eq!(deployed(&world), None);
    pass(&mut world, &run);
    assert_eq!(deployed(&world).as_deref(), Some("x:1"));
    pass(&mut world, &run);
    let other = world.trigger("p", "dev", "delivery", "svc", image(json!({ "no": "text" })));
    assert_eq!(world.run(&other).unwrap().stages[0].image, None);
}

#[test]
fn scenario_31_a_project_that_comes_again_has_no_leftovers() {
    let mut world = world(ONE);
    let runs: Vec<String> = (0..3).map(|_| trigger(&mut world, "dev", "delivery")).collect();
    let old = task(&world, &runs[0]);
    world.submit(Command::DeleteProject { name: "p".to_owned(), context: "gone".to_owned() }).unwrap();
    world.project("p", &text(ONE));
    assert!(world.offered().is_empty());
    let run = trigger(&mut world, "dev", "delivery");
    assert_eq!(open(&world, &run), ["build"], "nobody is before it");
    world.finished(&old, TOOL, succeeded("pass"));
    assert!(world.run(&runs[1]).is_none());
    assert_eq!(open(&world, &run), ["build"]);
    pass(&mut world, &run);
    assert_eq!(state(&world, &run), "finished");
}

#[test]
fn scenario_32_tasks_of_before_paused_and_future_ones() {
    let mut world = world("{name: dev, sequences: [{name: delivery, tasks: [{name: build, triggeredAfter: 5m}]}]}");
    // Its time is long ago, or far ahead: it counts from now.
    for (context, year) in [("old", "2001-01-01T00:00:00Z"), ("future", "2101-01-01T00:00:00Z")] {
        let mut event = World::triggered(context, "p", "dev", "delivery", context, json!({}));
        event.id = context.to_owned();
        event.time = Some(year.parse().unwrap());
        world.ingest(event);
        assert!(open(&world, context).is_empty());
    }
    let paused = world.trigger("p", "dev", "delivery", "paused", json!({}));
    assert!(world.control("p", &paused, None, Control::Pause));
    let first = trigger(&mut world, "dev", "delivery");
    let behind = trigger(&mut world, "dev", "delivery");
    world.advance(minutes(5));
    assert_eq!((open(&world, "old").len(), open(&world, "future").len()), (1, 1));
    assert_eq!((open(&world, &paused).len(), open(&world, &first).len(), open(&world, &behind).len()), (0, 1, 0));
    assert!(world.control("p", &paused, None, Control::Resume));
    assert_eq!(open(&world, &paused).len(), 1);
}

#[test]
fn scenario_33_ten_runs_start_in_the_order_of_their_triggers() {
    let mut world = world(ONE);
    let runs: Vec<String> = (0..10).map(|_| trigger(&mut world, "dev", "delivery")).collect();
    for (at, run) in runs.iter().enumerate() {
        assert_eq!(world.offered().len(), 1, "one task is open each time");
        assert!(runs[at + 1..].iter().all(|run| state(&world, run) == "waiting"));
        pass(&mut world, run);
        assert_eq!(state(&world, run), "finished");
    }
}

/// Result, strategies for `pass` and `warning`, and what comes of it: a result, or none as long as nobody decides.
#[test]
fn scenario_34_the_approval_matrix() {
    let cases = [
        ("pass", "automatic", "manual", Some("pass")),
        ("pass", "manual", "automatic", None),
        ("pass", "", "automatic", None),
        ("pass", "whatever", "automatic", None),
        ("warning", "automatic", "manual", None),
        ("warning", "manual", "automatic", Some("pass")),
        ("warning", "automatic", "", None),
        ("fail", "automatic", "automatic", Some("fail")),
        ("fail", "manual", "manual", Some("fail")),
        ("", "automatic", "automatic", None),
        ("odd", "automatic", "automatic", None),
    ];
    for (result, on_pass, on_warning, expected) in cases {
        let stages = format!(
            "{{name: dev, sequences: [{{name: delivery, tasks: [{{name: approval, properties: {{pass: '{on_pass}', warning: '{on_warning}'}}}}, {{name: release}}]}}]}}"
        );
        for place in ["result", "evaluation"] {
            let mut world = world(&stages);
            let data = if place == "result" {
                json!({ "result": result })
            } else {
                json!({ "evaluation": { "result": result } })
            };
            let run = world.trigger("p", "dev", "delivery", "svc", data);
            let started = &events(&world, &run, "approval.started")[0];
            assert_eq!((&started.data["status"], started.data.get("result")), (&json!("succeeded"), None));
            let finished = events(&world, &run, "approval.finished");
            let given = finished.first().map(|event| event.data["result"].as_str().unwrap().to_owned());
            assert_eq!(given.as_deref(), expected, "{place} '{result}', pass: '{on_pass}', warning: '{on_warning}'");
            let next = match expected {
                Some("pass") => vec!["release"],
                Some(_) => vec![],
                None => vec!["approval"],
            };
            assert_eq!(open(&world, &run), next);
        }
    }
}

#[test]
fn scenario_34_somebody_decides() {
    let stages = "{name: dev, sequences: [{name: delivery, tasks: [{name: approval}, {name: release}]}]}";
    for (result, goes_on) in [("pass", true), ("fail", false)] {
        let mut world = world(stages);
        let run = trigger(&mut world, "dev", "delivery");
        let approval = task(&world, &run);
        world.finished(&approval, "me", succeeded(result));
        assert_eq!(!open(&world, &run).is_empty(), goes_on, "{result}");
    }
}
