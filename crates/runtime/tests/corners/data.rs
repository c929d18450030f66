//! Corners 20 to 31: what runs carry and what is shown.

use capstan_engine::orchestrate::{Control, followers};
use capstan_model::shipyard::{lint, read};
use capstan_runtime::simulator::World;
use serde_json::{Value, json};

use super::shipyards::{
    DELIVERY, ONE, TOOL, endings, events, fail, hours, minutes, name, open, pass, state, succeeded, task, text,
    trigger, views, world,
};

const REMEDIATION: &str = "{name: dev, sequences: [{name: remediation,
  triggeredOn: [{event: dev.remediation.finished, selector: {match: {evaluation.result: fail}}}],
  tasks: [{name: get-action}, {name: action}, {name: evaluation}]}]}";

/// The third remedy is reached only where a newer number wins over an older one.
#[test]
fn corner_20_each_iteration_gets_the_number_of_the_last_one() {
    let mut world = world(REMEDIATION);
    let run = trigger(&mut world, "dev", "remediation");
    for index in 0..4 {
        let get_action = task(&world, &run);
        let so_far = get_action.data["get-action"]["actionIndex"].as_i64().unwrap_or(0);
        assert_eq!(so_far, index);
        world.started(&get_action, TOOL);
        world.finished(
            &get_action,
            TOOL,
            json!({ "status": "succeeded", "result": "pass", "action": { "name": format!("a{index}"), "last": index == 3 },
                    "get-action": { "actionIndex": so_far + 1 } }),
        );
        let action = task(&world, &run);
        assert_eq!(action.data["action"], json!({ "name": format!("a{index}"), "last": index == 3 }));
        pass(&mut world, &run);
        let evaluation = task(&world, &run);
        world.started(&evaluation, TOOL);
        world.finished(
            &evaluation,
            TOOL,
            json!({ "status": "succeeded", "result": "fail", "evaluation": { "score": 10.5 * index as f64 } }),
        );
        assert_eq!(task(&world, &run).data["evaluation"]["score"], json!(10.5 * index as f64));
    }
}

#[test]
fn corner_21_a_loop_does_not_grow() {
    let mut world = world(REMEDIATION);
    let run = world.trigger("p", "dev", "remediation", "svc", json!({ "uris": ["http://a", "http://b"] }));
    let mut sizes = Vec::new();
    for _ in 0..20 {
        let get_action = task(&world, &run);
        sizes.push(get_action.data.to_string().len());
        world.started(&get_action, TOOL);
        // A tool that sends back all that it was sent.
        let mut data = get_action.data.clone();
        (data["status"], data["result"]) = ("succeeded".into(), "pass".into());
        world.finished(&get_action, TOOL, data);
        pass(&mut world, &run);
        fail(&mut world, &run);
    }
    assert!(sizes[2..].windows(2).all(|pair| pair[0] == pair[1]), "{sizes:?}");
}

#[test]
fn corner_21_more_than_a_mebibyte_fails_readably_where_it_comes_from_and_is_rolled_back() {
    let mut world = world(
        "{name: dev, sequences: [{name: delivery, tasks: [{name: build}]}, {name: rollback, tasks: [{name: undo}],
          triggeredOn: [{event: dev.delivery.finished, selector: {match: {result: fail}}}]}]},
         {name: prod, sequences: [{name: delivery, triggeredOn: [{event: dev.delivery.finished}], tasks: [{name: release}]}]}",
    );
    let run = trigger(&mut world, "dev", "delivery");
    let build = task(&world, &run);
    world.started(&build, TOOL);
    world.finished(&build, TOOL, json!({ "status": "succeeded", "result": "pass", "log": "x".repeat(1 << 20) }));
    assert_eq!(endings(&world, &run), ["dev.delivery finished fail/errored", "dev.rollback open"]);
    let end = &events(&world, &run, "dev.delivery.finished")[0];
    let message = end.data["message"].as_str().unwrap();
    assert!(message.contains("more than the 1048576 that are allowed (largest: 'log' 1048"), "{message}");
    pass(&mut world, &run);
    assert_eq!(state(&world, &run), "finished");
    assert!(world.queue("p", "dev\u{1f}svc").is_empty());
    // The answer itself is kept as it came.
    assert_eq!(events(&world, &run, "build.finished")[0].data["log"].as_str().unwrap().len(), 1 << 20);
    // So is a trigger that is too large.
    let run = world.trigger("p", "dev", "delivery", "svc", json!({ "log": "x".repeat(1 << 20) }));
    assert_eq!(endings(&world, &run), [""; 0]);
    let end = &events(&world, &run, "dev.delivery.finished")[0];
    assert!(end.data["message"].as_str().unwrap().starts_with("Unable to start sequence delivery: the event's data"));
}

#[test]
fn corner_22_what_a_task_answered_is_kept_as_it_answered() {
    let mut world = world("{name: dev, sequences: [{name: delivery, tasks: [{name: a}, {name: b}, {name: c}]}]}");
    let run = world.trigger("p", "dev", "delivery", "svc", json!({ "map": { "from": "trigger", "list": [0] } }));
    for n in 1..=3 {
        let open = task(&world, &run);
        world.started(&open, TOOL);
        let data = json!({ "status": "succeeded", "result": "pass", "map": { "from": n, "list": [n] } });
        world.finished(&open, TOOL, data);
    }
    let sequence = &world.sequences(&run)[0];
    let kept: Vec<&Value> = sequence.done.iter().map(|task| &task.properties["map"]).collect();
    assert_eq!(
        kept,
        [&json!({ "from": 1, "list": [1] }), &json!({ "from": 2, "list": [2] }), &json!({ "from": 3, "list": [3] })]
    );
    assert_eq!(sequence.input["map"], json!({ "from": "trigger", "list": [0] }));
}

#[test]
fn corner_23_a_sloppy_tool_does_not_misroute_the_run() {
    let mut world = world(DELIVERY);
    let run = trigger(&mut world, "dev", "delivery");
    for _ in 0..2 {
        let open = task(&world, &run);
        world.started(&open, TOOL);
        world.finished(
            &open,
            TOOL,
            json!({ "status": "succeeded", "result": "pass", "stage": "prod", "service": "other",
                    "labels": { "by": "tool" }, "message": "well" }),
        );
    }
    let end = &events(&world, &run, "dev.delivery.finished")[0];
    assert_eq!(
        end.data,
        json!({ "project": "p", "stage": "dev", "service": "svc", "labels": { "by": "tool" }, "status": "succeeded",
                "result": "pass", "message": "well" })
    );
    let approval = task(&world, &run);
    assert_eq!((&approval.data["stage"], &approval.data["service"]), (&json!("prod"), &json!("svc")));
    assert_eq!(world.run(&run).unwrap().stages.iter().map(|stage| &*stage.name).collect::<Vec<_>>(), ["dev", "prod"]);
}

/// Commits of all events of a run that have one.
fn commits(world: &World, run: &str) -> Vec<String> {
    let mut commits: Vec<String> = world.events(run).into_iter().filter_map(|event| event.commit).collect();
    commits.dedup();
    commits
}

#[test]
fn corner_24_a_run_keeps_shipyard_and_commit() {
    let mut world = world(DELIVERY);
    let run = trigger(&mut world, "dev", "delivery");
    let pinned = world.run(&run).unwrap();
    world.project("p", &text("{name: dev, sequences: [{name: delivery, tasks: [{name: other}]}]}"));
    pass(&mut world, &run);
    world.kill();
    pass(&mut world, &run);
    let approval = task(&world, &run);
    assert_eq!(name(&approval), "approval", "the follower comes from the shipyard of then");
    assert_eq!(commits(&world, &run), [pinned.commit.clone().unwrap()], "one commit in all stages");
    assert_eq!(world.run(&run).unwrap().shipyard, pinned.shipyard);
    let next = trigger(&mut world, "dev", "delivery");
    assert_eq!(open(&world, &next), ["other"]);
    assert_ne!(commits(&world, &next), commits(&world, &run));
}

#[test]
fn corner_24_a_senders_commit_pins_resources_and_not_the_shipyard() {
    let mut world = world(DELIVERY);
    let mut event = World::triggered("run", "p", "dev", "delivery", "svc", json!({}));
    event.id = "trigger".to_owned();
    event.commit = Some("an-old-commit".to_owned());
    world.project(
        "p",
        &text(
            "{name: dev, sequences: [{name: delivery, tasks: [{name: other}]},
      {name: more, triggeredOn: [{event: dev.delivery.finished}], tasks: [{name: last}]}]}",
        ),
    );
    world.ingest(event);
    assert_eq!(open(&world, "run"), ["other"], "the shipyard is that of now");
    pass(&mut world, "run");
    pass(&mut world, "run");
    assert_eq!(commits(&world, "run"), ["an-old-commit"]);
}

#[test]
fn corner_26_a_shipyard_that_changes_disturbs_no_run() {
    let mut world = world(DELIVERY);
    let run = trigger(&mut world, "dev", "delivery");
    world.project("p", &text(ONE));
    world.project("p", &text(DELIVERY));
    world.project("p", &text(ONE));
    pass(&mut world, &run);
    fail(&mut world, &run);
    assert_eq!(open(&world, &run), ["undo"]);
    pass(&mut world, &run);
    assert_eq!(state(&world, &run), "finished");
}

fn image(world: &World, service: &str) -> Option<String> {
    views(world).remove(&("dev".to_owned(), service.to_owned())).and_then(|view| view.deployed_image)
}

fn deploy(world: &mut World, service: &str, image: &str, data: Value) {
    let values = json!({ "configurationChange": { "values": { "image": image } } });
    let run = world.trigger("p", "dev", "delivery", service, values);
    let deployment = task(world, &run);
    world.started(&deployment, TOOL);
    world.finished(&deployment, TOOL, data);
}

#[test]
fn corner_27_the_deployed_image_is_that_of_the_service_and_of_a_success() {
    let mut world = world("{name: dev, sequences: [{name: delivery, tasks: [{name: deployment}]}]}");
    deploy(&mut world, "a", "a:1", succeeded("pass"));
    deploy(&mut world, "b", "b:1", succeeded("warning"));
    deploy(&mut world, "a", "a:2", succeeded("fail"));
    deploy(&mut world, "b", "b:2", json!({ "status": "errored", "result": "pass" }));
    deploy(&mut world, "c", "c:1", succeeded("fail"));
    assert_eq!(image(&world, "a").as_deref(), Some("a:1"));
    assert_eq!(image(&world, "b").as_deref(), Some("b:1"));
    assert_eq!(image(&world, "c"), None);
    deploy(&mut world, "a", "a:3", succeeded("pass"));
    assert_eq!(image(&world, "a").as_deref(), Some("a:3"));
}

#[test]
fn corner_28_what_is_shown_of_services_is_overwritten_by_nothing_else() {
    let mut world = world(ONE);
    let of = |world: &World, service: &str| {
        views(world).remove(&("dev".to_owned(), service.to_owned())).map(|view| view.last_events)
    };
    let first = world.trigger("p", "dev", "delivery", "one", json!({}));
    let build = task(&world, &first);
    world.started(&build, TOOL);
    let one = of(&world, "one").unwrap();
    assert_eq!(one.keys().collect::<Vec<_>>(), ["sh.keptn.event.build.started", "sh.keptn.event.build.triggered"]);
    world.project("p", &text(DELIVERY));
    world.trigger("p", "dev", "delivery", "two", json!({}));
    assert_eq!(of(&world, "one").unwrap(), one);
    assert_eq!(of(&world, "two").unwrap().len(), 1);
    world.finished(&build, TOOL, succeeded("pass"));
    let mut ended = of(&world, "one").unwrap();
    assert!(ended.remove("sh.keptn.event.build.finished").is_some());
    assert_eq!(ended, one, "once its sequence is over the same is shown");
}

fn codes(stages: &str) -> Vec<&'static str> {
    lint(&read(&text(stages)).unwrap()).into_iter().map(|finding| finding.code).collect()
}

#[test]
fn corner_29_selectors_mean_what_v1_means_and_lint_warns() {
    let with = |selector: &str| {
        format!(
            "{{name: dev, sequences: [{{name: delivery, tasks: [{{name: build}}, {{name: check}}]}},
               {{name: next, triggeredOn: [{{event: dev.delivery.finished, selector: {{match: {{{selector}}}}}}}], tasks: [{{name: t}}]}}]}}"
        )
    };
    // Selector, whether it fires after a failure, whether lint has something to say.
    for (selector, fires, warns) in [
        ("result: fail", true, false),
        ("check.result: fail", true, false),
        ("result: failed", false, true),
        ("odd: fail", false, true),
        ("result: pass, check.result: fail", true, true),
        ("odd: x, result: fail", true, true),
    ] {
        let mut world = world(&with(selector));
        let run = trigger(&mut world, "dev", "delivery");
        pass(&mut world, &run);
        fail(&mut world, &run);
        assert_eq!(!open(&world, &run).is_empty(), fires, "{selector}");
        assert_eq!(!codes(&with(selector)).is_empty(), warns, "{selector}: {:?}", codes(&with(selector)));
    }
    // Without a selector a warning fires as well; what was written cannot tell that it was not meant.
    let shipyard = read(&text(DELIVERY)).unwrap().shipyard;
    let mut world = world(DELIVERY);
    let run = trigger(&mut world, "dev", "delivery");
    pass(&mut world, &run);
    let check = task(&world, &run);
    world.answer(&check, TOOL, "warning");
    let ended = &world.sequences(&run)[0];
    assert_eq!(followers(ended, &shipyard, world.now())[0].kind, "sh.keptn.event.prod.delivery.triggered");
}

#[test]
fn corner_30_a_delay_that_is_none_is_linted_and_delays_nothing() {
    let stages = |after: &str| {
        format!("{{name: dev, sequences: [{{name: delivery, tasks: [{{name: build, triggeredAfter: {after}}}]}}]}}")
    };
    assert_eq!(codes(&stages("10m")), Vec::<&str>::new());
    for after in ["soon", "10", "10 m", "'-5m'"] {
        assert_eq!(codes(&stages(after)), ["SHY102"], "{after}");
        let mut world = world(&stages(after));
        let run = trigger(&mut world, "dev", "delivery");
        assert_eq!(open(&world, &run), ["build"], "{after}");
    }
    let old = "{name: dev, sequences: [{name: delivery, triggers: [dev.x.finished], tasks: [{name: build}]}]}";
    assert_eq!(codes(old), ["YAML101"]);
}

#[test]
fn corner_31_a_queued_task_is_neither_listed_nor_stored_until_it_is_offered() {
    let mut world = world(ONE);
    let first = trigger(&mut world, "dev", "delivery");
    let second = trigger(&mut world, "dev", "delivery");
    assert_eq!(world.offered().len(), 1);
    assert_eq!(world.event_types(&second), ["dev.delivery.triggered"]);
    world.advance(minutes(5));
    pass(&mut world, &first);
    assert_eq!(world.event_types(&second), ["dev.delivery.triggered", "build.triggered"]);
    assert_eq!(task(&world, &second).time, Some(world.now()), "its time is that of the offer");
}

#[test]
fn corner_31_nor_is_one_of_a_paused_or_delayed_run() {
    let mut world = world(DELIVERY);
    let run = trigger(&mut world, "dev", "delivery");
    assert!(world.control("p", &run, None, Control::Pause));
    pass(&mut world, &run);
    assert!(world.offered().is_empty());
    assert!(events(&world, &run, "check.triggered").is_empty());
    world.advance(hours(30));
    assert!(world.control("p", &run, None, Control::Resume));
    assert_eq!(task(&world, &run).time, Some(world.now()));

    let mut world =
        self::world("{name: dev, sequences: [{name: delivery, tasks: [{name: build, triggeredAfter: 10m}]}]}");
    let run = trigger(&mut world, "dev", "delivery");
    world.advance(minutes(9));
    assert_eq!(world.event_types(&run), ["dev.delivery.triggered"]);
    world.advance(minutes(1));
    assert_eq!(open(&world, &run), ["build"]);
}
