//! Scenarios 1 to 21 of the contract: tasks, queues, time limits, aborts.

use capstan_engine::orchestrate::{Control, Fact, Why};
use capstan_runtime::simulator::World;
use jiff::SignedDuration;
use serde_json::json;

use super::shipyards::{
    DELIVERY, ONE, PARALLEL, TOOL, count, endings, events, fail, hours, minutes, name, open, pass, state, succeeded,
    task, text, trigger, world,
};

const FOUR: &str = "
{name: dev, sequences: [{name: delivery, tasks: [{name: deployment}, {name: test}, {name: evaluation}, {name: release}]},
  {name: rollback, triggeredOn: [{event: dev.delivery.finished, selector: {match: {result: fail}}}], tasks: [{name: undo}]}]},
{name: hardening, sequences: [{name: delivery, triggeredOn: [{event: dev.delivery.finished}], tasks: [{name: deployment}]}]}";

#[test]
fn scenario_01_four_tasks_and_a_follower() {
    let mut world = world(FOUR);
    let run = trigger(&mut world, "dev", "delivery");
    for (at, expected) in ["deployment", "test", "evaluation", "release"].into_iter().enumerate() {
        let open = task(&world, &run);
        assert_eq!(name(&open), expected);
        for earlier in 0..at {
            assert_eq!(open.data[format!("result-{earlier}")], json!(earlier));
        }
        world.started(&open, TOOL);
        let mut data = succeeded("pass");
        data[format!("result-{at}")] = at.into();
        world.finished(&open, TOOL, data);
    }
    let types = world.event_types(&run);
    let end = types.iter().position(|kind| kind == "dev.delivery.finished").unwrap();
    assert_eq!(types[end + 1..], ["hardening.delivery.triggered", "deployment.triggered"]);
    assert_eq!(task(&world, &run).data["stage"], "hardening");
}

#[test]
fn scenario_02_an_answer_that_is_two_seconds_ahead_of_its_start() {
    let mut world = world(FOUR);
    let run = trigger(&mut world, "dev", "delivery");
    let deployment = task(&world, &run);
    let mut data = succeeded("pass");
    data["deployment"] = json!({ "deploymentURIsLocal": ["uri-1"] });
    world.finished(&deployment, "a", data.clone());
    world.advance(SignedDuration::from_secs(2));
    assert_eq!(open(&world, &run), ["deployment"]);
    world.started(&deployment, "a");
    assert_eq!(open(&world, &run), ["test"]);
    // Two tools: their lists become one, the newer in front.
    let mut world = self::world(FOUR);
    let run = trigger(&mut world, "dev", "delivery");
    let deployment = task(&world, &run);
    world.started(&deployment, "a");
    world.started(&deployment, "b");
    world.finished(&deployment, "a", data.clone());
    data["deployment"] = json!({ "deploymentURIsLocal": ["uri-2"] });
    world.finished(&deployment, "b", data);
    assert_eq!(task(&world, &run).data["deployment"]["deploymentURIsLocal"], json!(["uri-2", "uri-1"]));
}

#[test]
fn scenario_03_an_error_skips_the_rest() {
    let mut world = world(ONE.replace("{name: build}", "{name: build}, {name: check}").as_str());
    let run = trigger(&mut world, "dev", "delivery");
    let build = task(&world, &run);
    world.started(&build, TOOL);
    world.finished(&build, TOOL, json!({ "status": "errored", "result": "fail" }));
    assert_eq!(endings(&world, &run), ["dev.delivery finished fail/errored"]);
    assert!(events(&world, &run, "check.triggered").is_empty());
}

#[test]
fn scenario_04_a_failed_evaluation_ends_the_sequence() {
    let mut world = world(FOUR);
    let run = trigger(&mut world, "dev", "delivery");
    pass(&mut world, &run);
    pass(&mut world, &run);
    fail(&mut world, &run);
    assert_eq!(endings(&world, &run)[0], "dev.delivery finished fail/succeeded");
    assert!(events(&world, &run, "release.triggered").is_empty());
}

#[test]
fn scenario_05_nothing_happens_before_both_have_answered() {
    let mut world = world(FOUR);
    let run = trigger(&mut world, "dev", "delivery");
    let deployment = task(&world, &run);
    world.started(&deployment, "a");
    world.started(&deployment, "b");
    world.finished(&deployment, "a", succeeded("fail"));
    assert_eq!(open(&world, &run), ["deployment"]);
    world.finished(&deployment, "b", succeeded("pass"));
    assert_eq!(endings(&world, &run), ["dev.delivery finished fail/succeeded", "dev.rollback open"]);
    assert_eq!(open(&world, &run), ["undo"]);
}

#[test]
fn scenarios_06_and_07_the_follower_of_a_failure_and_that_of_a_success() {
    for (result, follower) in [("fail", "undo"), ("pass", "approval"), ("warning", "approval")] {
        let mut world = world(DELIVERY);
        let run = trigger(&mut world, "dev", "delivery");
        pass(&mut world, &run);
        let check = task(&world, &run);
        world.answer(&check, TOOL, result);
        assert_eq!(open(&world, &run), [follower], "{result}");
    }
}

/// A shipyard that cannot be read is never taken in; without any the same is told.
#[test]
fn scenario_08_without_a_shipyard_there_is_one_event() {
    let mut world = World::new();
    let run = world.trigger("ghost", "dev", "delivery", "svc", json!({}));
    assert_eq!(world.event_types(&run), ["dev.delivery.triggered", "dev.delivery.finished"]);
    let end = &events(&world, &run, "dev.delivery.finished")[0];
    assert_eq!((&end.data["status"], &end.data["result"]), (&json!("errored"), &json!("fail")));
    assert_eq!(
        end.data["message"],
        "Unable to retrieve Shipyard file: could not retrieve shipyard.yaml for project ghost: Resource not found"
    );
    let view = world.run(&run).unwrap();
    assert_eq!((state(&world, &run), &*view.stages[0].state), ("finished", "errored"));
    assert_eq!(view.project, "ghost");
}

#[test]
fn scenario_09_what_belongs_to_no_task_sends_nothing() {
    let mut world = world(ONE);
    let run = trigger(&mut world, "dev", "delivery");
    let before = world.event_types(&run).len();
    let mut build = task(&world, &run);
    build.id = "unknown".to_owned();
    world.finished(&build, TOOL, succeeded("pass"));
    assert_eq!(world.event_types(&run).len(), before + 1, "only itself is stored");
    assert_eq!(world.ignored(&run), [Why::UnknownTriggeredId { triggered_id: "unknown".to_owned() }]);
    for field in ["stage", "service"] {
        let mut event = World::triggered("other", "p", "dev", "delivery", "svc", json!({}));
        event.id = format!("without-{field}");
        event.data.as_object_mut().unwrap().remove(field);
        world.ingest(event);
    }
    assert_eq!(world.event_types("other").len(), 2);
    assert!(world.run("other").is_none());
    let why = |field: &str| Why::Missing { field: format!("data.{field}") };
    assert_eq!(world.ignored("other"), [why("stage"), why("service")]);
}

#[test]
fn scenario_10_services_run_side_by_side_and_the_third_queues() {
    let mut world = world(ONE);
    let a = world.trigger("p", "dev", "delivery", "a", json!({}));
    let b = world.trigger("p", "dev", "delivery", "b", json!({}));
    let again = world.trigger("p", "dev", "delivery", "a", json!({}));
    assert_eq!((state(&world, &a), state(&world, &b), state(&world, &again)), ("started", "started", "waiting"));
    pass(&mut world, &b);
    assert_eq!(state(&world, &again), "waiting");
    pass(&mut world, &a);
    assert_eq!(state(&world, &again), "started");
}

#[test]
fn scenario_11_the_same_task_twice() {
    let mut world = world("{name: dev, sequences: [{name: delivery, tasks: [{name: test}, {name: test}]}]}");
    let run = trigger(&mut world, "dev", "delivery");
    let first = task(&world, &run);
    pass(&mut world, &run);
    let second = task(&world, &run);
    assert!(name(&second) == "test" && second.id != first.id);
    pass(&mut world, &run);
    assert_eq!(endings(&world, &run), ["dev.delivery finished pass/succeeded"]);
}

#[test]
fn scenario_12_an_unknown_stage_is_told_and_no_execution_comes_of_it() {
    let mut world = world(ONE);
    let run = trigger(&mut world, "prod", "delivery");
    assert_eq!(world.event_types(&run), ["prod.delivery.triggered", "prod.delivery.finished"]);
    assert!(world.sequences(&run).is_empty());
    assert_eq!(state(&world, &run), "finished");
    assert_eq!(count(&world, &run, |fact| matches!(fact, Fact::Refused { .. })), 1);
    let view = world.run(&run).unwrap();
    assert_eq!((&*view.stages[0].name, &*view.stages[0].state), ("prod", "errored"));
    assert_eq!(view.stages[0].latest_failed_event.as_ref().unwrap().kind, "sh.keptn.event.prod.delivery.finished");
}

#[test]
fn scenario_13_the_evaluation_that_every_stage_has() {
    let mut world = world(ONE);
    let run = trigger(&mut world, "dev", "evaluation");
    assert_eq!(open(&world, &run), ["evaluation"]);
    pass(&mut world, &run);
    assert_eq!(endings(&world, &run), ["dev.evaluation finished pass/succeeded"]);
    let own = "{name: dev, sequences: [{name: evaluation, tasks: [{name: get-sli}]}, {name: empty, tasks: []}]}";
    world.project("p", &text(own));
    let run = trigger(&mut world, "dev", "evaluation");
    assert_eq!(open(&world, &run), ["get-sli"]);
    let run = trigger(&mut world, "dev", "empty");
    assert_eq!(world.event_types(&run), ["dev.empty.triggered", "dev.empty.finished"]);
}

#[test]
fn scenario_14_selectors() {
    let stages = |selector: &str| {
        format!(
            "{{name: dev, sequences: [{{name: delivery, tasks: [{{name: build}}]}},
               {{name: next, triggeredOn: [{{event: dev.delivery.finished{selector}}}], tasks: [{{name: t}}]}}]}}"
        )
    };
    let on = |matching: &str| stages(&format!(", selector: {{match: {{{matching}}}}}"));
    for (stages, results) in [
        (stages(""), vec!["pass", "warning"]),
        (on("result: fail"), vec!["fail"]),
        (on("build.result: fail"), vec!["fail"]),
        (on("check.result: fail"), vec![]),
    ] {
        for result in ["pass", "warning", "fail"] {
            let mut world = world(&stages);
            let run = trigger(&mut world, "dev", "delivery");
            let build = task(&world, &run);
            world.answer(&build, TOOL, result);
            assert_eq!(!open(&world, &run).is_empty(), results.contains(&result), "{stages} after {result}");
        }
    }
}

#[test]
fn scenario_15_the_second_waits_whatever_becomes_of_the_first() {
    let mut world = world(ONE);
    let first = trigger(&mut world, "dev", "delivery");
    let second = trigger(&mut world, "dev", "delivery");
    assert_eq!(state(&world, &second), "waiting");
    assert!(open(&world, &second).is_empty());
    let stage = &world.run(&second).unwrap().stages[0];
    assert_eq!((&*stage.name, &*stage.state, &stage.latest_event), ("dev", "", &None));
    fail(&mut world, &first);
    assert_eq!(state(&world, &second), "started");
    assert_eq!(open(&world, &second), ["build"]);
}

#[test]
fn scenario_16_the_second_starts_when_the_first_times_out() {
    let mut world = world(ONE);
    let first = trigger(&mut world, "dev", "delivery");
    let second = trigger(&mut world, "dev", "delivery");
    world.advance(minutes(10));
    assert_eq!((state(&world, &first), state(&world, &second)), ("timedOut", "started"));
}

#[test]
fn scenario_17_an_approval_lets_others_pass_and_then_waits_for_them() {
    let mut world = world(
        "{name: dev, sequences: [
           {name: delivery, tasks: [{name: approval, properties: {pass: manual, warning: manual}}, {name: release}]},
           {name: other, tasks: [{name: build}]}]}",
    );
    let first = world.trigger("p", "dev", "delivery", "svc", succeeded("pass"));
    let approval = task(&world, &first);
    assert_eq!(world.sequences(&first)[0].state(), "waitingForApproval");
    let second = trigger(&mut world, "dev", "other");
    assert_eq!(open(&world, &second), ["build"]);
    let third = trigger(&mut world, "dev", "other");
    world.finished(&approval, "me", succeeded("pass"));
    assert!(open(&world, &first).is_empty());
    assert_eq!(state(&world, &first), "started");
    pass(&mut world, &second);
    assert_eq!(open(&world, &first), ["release"], "it was triggered before the third");
    assert_eq!(state(&world, &third), "waiting");
    pass(&mut world, &first);
    assert_eq!(open(&world, &third), ["build"]);
}

/// Where nobody is asked nobody needs to pass by, and whoever should answer has as long as for any other task.
#[test]
fn scenario_17_an_approval_that_decides_itself_keeps_its_turn_and_its_deadline() {
    let mut world = World::new().without_approval();
    world.project(
        "p",
        &text(
            "{name: dev, sequences: [
               {name: delivery, tasks: [{name: approval, properties: {pass: automatic, warning: manual}}, {name: release}]},
               {name: other, tasks: [{name: build}]}]}",
        ),
    );
    let first = world.trigger("p", "dev", "delivery", "svc", succeeded("pass"));
    let approval = task(&world, &first);
    let second = trigger(&mut world, "dev", "other");
    assert_eq!(state(&world, &second), "waiting");
    world.answer(&approval, "approval-service", "pass");
    assert_eq!(open(&world, &first), ["release"]);
    pass(&mut world, &first);
    pass(&mut world, &second);
    let third = world.trigger("p", "dev", "delivery", "svc", succeeded("pass"));
    let approval = task(&world, &third);
    world.started(&approval, "approval-service");
    world.advance(hours(24));
    assert_eq!(state(&world, &third), "timedOut");
    // A person is asked: no end, and the turn is free.
    let fourth = world.trigger("p", "dev", "delivery", "svc", succeeded("warning"));
    let approval = task(&world, &fourth);
    world.started(&approval, "approval-service");
    world.advance(hours(24));
    assert_eq!(state(&world, &fourth), "started");
    let fifth = trigger(&mut world, "dev", "other");
    assert_eq!(open(&world, &fifth), ["build"]);
}

#[test]
fn scenario_18_no_reaction_within_the_wait_time() {
    let mut world = world(ONE);
    let run = trigger(&mut world, "dev", "delivery");
    world.advance(minutes(2));
    assert_eq!(state(&world, &run), "started");
    world.advance(minutes(10));
    assert_eq!(state(&world, &run), "timedOut");
    assert_eq!(world.sequences(&run)[0].state(), "timedOut");
    assert_eq!(endings(&world, &run), ["dev.delivery timedOut fail/errored"]);
    let stage = &world.run(&run).unwrap().stages[0];
    assert_eq!(stage.state, "errored");
    assert_eq!(stage.latest_failed_event.as_ref().unwrap().kind, "sh.keptn.event.dev.delivery.finished");
    assert!(world.offered().is_empty());
}

const DELAYED: &str =
    "{name: dev, sequences: [{name: delivery, tasks: [{name: build}, {name: check, triggeredAfter: 1h}]}]}";

#[test]
fn scenario_19_a_delayed_task_comes_in_time_and_does_not_time_out_before() {
    let mut world = world(DELAYED);
    let run = trigger(&mut world, "dev", "delivery");
    pass(&mut world, &run);
    let queued = trigger(&mut world, "dev", "delivery");
    world.advance(minutes(59));
    assert_eq!((open(&world, &run).len(), state(&world, &run)), (0, "started"));
    assert_eq!(state(&world, &queued), "waiting");
    world.advance(minutes(1));
    assert_eq!(open(&world, &run), ["check"]);
    world.advance(minutes(10));
    assert_eq!(state(&world, &run), "timedOut");
    assert_eq!(open(&world, &queued), ["build"]);
    pass(&mut world, &queued);
    assert!(world.control("p", &queued, None, Control::Abort));
    assert!(world.queue("p", "dev\u{1f}svc").is_empty() && world.timers().is_empty());
    world.advance(hours(3));
    assert_eq!(events(&world, &queued, "check.triggered").len(), 0);
    assert_eq!(state(&world, &queued), "aborted");
}

#[test]
fn scenario_20_an_abort_while_a_task_runs_or_in_the_queue() {
    let mut world = world(DELIVERY);
    let run = trigger(&mut world, "dev", "delivery");
    let queued = trigger(&mut world, "dev", "delivery");
    let last = trigger(&mut world, "dev", "delivery");
    let build = task(&world, &run);
    world.started(&build, TOOL);
    assert!(world.control("p", &queued, None, Control::Abort));
    assert_eq!(state(&world, &queued), "aborted");
    assert_eq!(endings(&world, &queued), ["dev.delivery aborted pass/aborted"]);
    assert!(world.control("p", &run, None, Control::Abort));
    assert_eq!(state(&world, &run), "aborted");
    assert_eq!(world.sequences(&run)[0].state(), "finished", "as the record of an execution says it");
    assert_eq!(world.offered_in(&run), []);
    assert_eq!(open(&world, &last), ["build"]);
    assert!(events(&world, &run, "prod.delivery.triggered").is_empty(), "nothing follows an abort");
}

#[test]
fn scenario_21_an_abort_of_a_paused_run_with_half_of_its_answers() {
    let mut world = world(ONE);
    let run = trigger(&mut world, "dev", "delivery");
    let build = task(&world, &run);
    world.started(&build, "a");
    world.started(&build, "b");
    world.finished(&build, "a", succeeded("fail"));
    assert!(world.control("p", &run, None, Control::Pause));
    let waiting = trigger(&mut world, "dev", "delivery");
    assert!(world.control("p", &run, None, Control::Abort));
    assert_eq!((state(&world, &run), state(&world, &waiting)), ("aborted", "started"));

    let mut world = self::world(PARALLEL);
    let run = trigger(&mut world, "dev", "start");
    pass(&mut world, &run);
    assert!(world.control("p", &run, None, Control::Pause));
    assert!(world.control("p", &run, None, Control::Abort));
    assert_eq!(endings(&world, &run)[1..], ["a.go aborted pass/aborted", "b.go aborted pass/aborted"]);
    assert_eq!(state(&world, &run), "aborted");
    assert!(!world.run(&run).unwrap().paused);
}
