//! What no corner names: clocks, pauses, restarts, endless chains, and answers in every order.

use capstan_engine::orchestrate::{Control, Deadline, Fact, Limits, TimerKind, Why};
use capstan_runtime::simulator::{Answer, Tool, World};
use jiff::SignedDuration;
use serde_json::json;

use super::shipyards::{
    DELIVERY, ONE, PARALLEL, TOOL, count, endings, events, hours, minutes, open, pass, state, succeeded, task, text,
    trigger, world,
};

#[test]
fn sequences_that_trigger_each_other_for_ever_end_readably() {
    let mut world = world(
        "{name: dev, sequences: [
           {name: ping, triggeredOn: [{event: dev.pong.finished}], tasks: [{name: build}]},
           {name: pong, triggeredOn: [{event: dev.ping.finished}], tasks: [{name: build}]}]}",
    );
    world.tool(Tool::new("build", TOOL));
    let run = trigger(&mut world, "dev", "ping");
    world.advance(minutes(1));
    assert_eq!(state(&world, &run), "finished");
    assert_eq!(world.sequences(&run).len(), 1_000);
    let refused: Vec<String> = world
        .facts(&run)
        .into_iter()
        .filter_map(|stored| match stored.fact {
            Fact::Refused { message, .. } => Some(message),
            _ => None,
        })
        .collect();
    assert_eq!(
        refused,
        [
            "Unable to start sequence ping: the run has had 1000 sequences, as many as one may have; do they trigger each \
          other for ever?"
        ]
    );
    let last = &events(&world, &run, "dev.ping.finished");
    assert_eq!(last.last().unwrap().data["status"], "errored");
    assert!(world.queue("p", "dev\u{1f}svc").is_empty());
}

#[test]
fn sequences_that_double_each_time_end_as_well() {
    let mut world = World::new().with_limits(Limits { sequences: 100, ..Limits::default() });
    let stages = "{name: dev, sequences: [{name: loop, tasks: [{name: build}],
           triggeredOn: [{event: dev.loop.finished}, {event: dev.loop.finished}]}]}";
    world.project("p", &text(stages));
    world.tool(Tool::new("build", TOOL));
    let run = trigger(&mut world, "dev", "loop");
    world.advance(minutes(1));
    assert_eq!((state(&world, &run), world.sequences(&run).len()), ("finished", 100));
    // Each of a hundred lets two follow; all but 99 of them are refused.
    assert_eq!(count(&world, &run, |fact| matches!(fact, Fact::Refused { .. })), 101);
}

#[test]
fn an_answer_to_nothing_is_on_record_with_the_run_that_it_names() {
    let mut world = world(ONE);
    let run = trigger(&mut world, "dev", "delivery");
    let build = task(&world, &run);
    let mut strange = build.clone();
    strange.id = "never-offered".to_owned();
    world.finished(&strange, TOOL, succeeded("pass"));
    let mut none = build.clone();
    (none.id, none.kind, none.triggered_id) = ("x".to_owned(), "sh.keptn.event.build.finished".to_owned(), None);
    world.ingest(none);
    assert_eq!(
        world.ignored(&run),
        [Why::UnknownTriggeredId { triggered_id: "never-offered".to_owned() }, Why::NoTriggeredId]
    );
    assert_eq!(open(&world, &run), ["build"]);
}

#[test]
fn an_answer_that_nobody_started_blocks_no_queue() {
    let mut world = world(ONE);
    let run = trigger(&mut world, "dev", "delivery");
    let next = trigger(&mut world, "dev", "delivery");
    let build = task(&world, &run);
    world.finished(&build, TOOL, succeeded("pass"));
    world.finished(&build, TOOL, succeeded("pass"));
    assert_eq!(world.ignored(&run), [Why::Duplicate]);
    world.advance(minutes(10));
    assert_eq!((state(&world, &run), state(&world, &next)), ("timedOut", "started"));
}

#[test]
fn a_paused_runs_deadlines_stand_still_and_it_reminds_daily() {
    let mut world = world(ONE);
    let run = trigger(&mut world, "dev", "delivery");
    world.advance(minutes(4));
    assert!(world.control("p", &run, None, Control::Pause));
    world.advance(hours(24 * 7));
    assert_eq!(state(&world, &run), "paused");
    assert_eq!(count(&world, &run, |fact| matches!(fact, Fact::Reminded { .. })), 7);
    assert!(world.control("p", &run, None, Control::Resume));
    assert_eq!(world.timers().iter().map(|timer| timer.kind).collect::<Vec<_>>(), [TimerKind::Deadline]);
    world.advance(minutes(6) - SignedDuration::from_nanos(1));
    assert_eq!(state(&world, &run), "started");
    world.advance(minutes(1));
    assert_eq!(state(&world, &run), "timedOut");
}

#[test]
fn an_approval_has_no_end_and_reminds_daily() {
    let mut world = world(DELIVERY);
    let run = trigger(&mut world, "dev", "delivery");
    pass(&mut world, &run);
    pass(&mut world, &run);
    let approval = task(&world, &run);
    world.advance(hours(24 * 30));
    assert_eq!(state(&world, &run), "started");
    assert_eq!(count(&world, &run, |fact| matches!(fact, Fact::Reminded { .. })), 30);
    world.finished(&approval, "me", succeeded("pass"));
    assert_eq!(open(&world, &run), ["release"]);
    world.advance(minutes(10));
    assert_eq!(count(&world, &run, |fact| matches!(fact, Fact::Reminded { .. })), 30);
}

fn deadline(world: &World, run: &str) -> SignedDuration {
    match world.sequences(run)[0].current().unwrap().1.deadline {
        Deadline::At(at) => at.duration_since(world.now()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn after_a_restart_each_lease_has_one_full_term() {
    let mut world = world(ONE);
    let run = trigger(&mut world, "dev", "delivery");
    world.kill_for(hours(3));
    assert_eq!(state(&world, &run), "started");
    assert_eq!(deadline(&world, &run), minutes(10));
    world.advance(minutes(10));
    assert_eq!(state(&world, &run), "timedOut");

    let run = trigger(&mut world, "dev", "delivery");
    let build = task(&world, &run);
    world.started(&build, TOOL);
    world.advance(hours(20));
    world.kill_for(hours(1));
    world.advance(hours(23));
    assert_eq!(state(&world, &run), "started");
    world.advance(hours(1));
    assert_eq!(state(&world, &run), "timedOut");
}

#[test]
fn after_a_jump_ahead_each_lease_has_one_full_term() {
    let mut world = world(ONE);
    let run = trigger(&mut world, "dev", "delivery");
    world.jump(hours(1000));
    assert_eq!(deadline(&world, &run), minutes(10));
    world.advance(minutes(10));
    assert_eq!(state(&world, &run), "timedOut");
}

#[test]
fn after_a_jump_back_each_lease_has_one_full_term() {
    let mut world = world(ONE);
    let run = trigger(&mut world, "dev", "delivery");
    world.advance(minutes(5));
    world.jump(hours(-1000));
    world.advance(minutes(10));
    assert_eq!(state(&world, &run), "timedOut");
}

#[test]
fn after_a_jump_back_a_delay_is_no_longer_than_it_was() {
    let mut world = world("{name: dev, sequences: [{name: delivery, tasks: [{name: build, triggeredAfter: 10m}]}]}");
    let run = trigger(&mut world, "dev", "delivery");
    world.jump(hours(-1000));
    world.advance(minutes(10));
    assert_eq!(open(&world, &run), ["build"]);
}

#[test]
fn limits_are_those_of_the_server() {
    let limits = Limits { start_timeout: minutes(1), task_timeout: minutes(2), sequences: 2, ..Limits::default() };
    let mut world = World::new().with_limits(limits);
    world.project("p", &text(ONE));
    let run = trigger(&mut world, "dev", "delivery");
    world.advance(minutes(1));
    assert_eq!(state(&world, &run), "timedOut");
    let run = trigger(&mut world, "dev", "delivery");
    let build = task(&world, &run);
    world.started(&build, TOOL);
    world.advance(minutes(2));
    assert_eq!(state(&world, &run), "timedOut");
    for _ in 0..2 {
        world.trigger_in(&run, "p", "dev", "delivery", "svc", json!({}));
    }
    assert_eq!(world.sequences(&run).len(), 2);
    assert_eq!(count(&world, &run, |fact| matches!(fact, Fact::Refused { .. })), 1);
}

#[test]
fn a_holder_its_deadline_and_its_last_sign_can_be_read_at_any_time() {
    let mut world = world(ONE);
    let run = trigger(&mut world, "dev", "delivery");
    let build = task(&world, &run);
    world.advance(minutes(3));
    let start = world.now();
    world.started(&build, TOOL);
    world.advance(minutes(3));
    let attempt = world.sequences(&run)[0].current().unwrap().1.clone();
    assert_eq!(attempt.holders(), [TOOL]);
    assert_eq!(attempt.last_sign, start);
    assert_eq!(attempt.deadline, Deadline::At(start + hours(24)));
    assert_eq!(world.timers()[0].due, start + hours(24));
    let waiting = trigger(&mut world, "dev", "delivery");
    let behind: Vec<_> = world
        .facts(&waiting)
        .into_iter()
        .filter_map(|stored| match stored.fact {
            Fact::Queued { behind } => Some(behind),
            _ => None,
        })
        .collect();
    assert_eq!(behind, [vec![world.sequences(&run)[0].id.clone()]]);
}

#[test]
fn a_tasks_properties_reach_that_task_alone() {
    let mut world = world(DELIVERY);
    let run = trigger(&mut world, "dev", "delivery");
    assert_eq!(task(&world, &run).data["build"], json!({ "flavour": "plain" }));
    pass(&mut world, &run);
    assert_eq!(task(&world, &run).data.get("build"), None);
    pass(&mut world, &run);
    let approval = task(&world, &run);
    assert_eq!(approval.data["approval"], json!({ "pass": "manual", "warning": "manual" }));
    world.finished(&approval, "me", succeeded("pass"));
    assert_eq!(open(&world, &run), ["release"]);
    assert_eq!(task(&world, &run).data.get("approval"), None);
}

#[test]
fn a_follower_of_a_paused_run_begins_paused() {
    let mut world = world(PARALLEL);
    let run = trigger(&mut world, "dev", "start");
    assert!(world.control("p", &run, None, Control::Pause));
    pass(&mut world, &run);
    assert_eq!(state(&world, &run), "paused");
    assert_eq!(endings(&world, &run).len(), 3);
    world.advance(hours(24));
    assert!(world.offered().is_empty());
    assert!(world.control("p", &run, Some("a"), Control::Resume), "the stage alone is not paused, the run is");
    assert!(world.offered().is_empty());
    assert!(world.control("p", &run, None, Control::Resume));
    assert_eq!(open(&world, &run), ["left"]);
    world.advance(minutes(10));
    assert_eq!(open(&world, &run), ["right"], "'left' was offered ten minutes ago and has timed out");
}

#[test]
fn a_run_that_has_ended_may_be_triggered_again() {
    let mut world = world(ONE);
    let run = trigger(&mut world, "dev", "delivery");
    assert!(world.control("p", &run, None, Control::Pause));
    assert!(world.control("p", &run, None, Control::Abort));
    assert_eq!(state(&world, &run), "aborted");
    world.trigger_in(&run, "p", "dev", "delivery", "svc", json!({}));
    assert_eq!((state(&world, &run), open(&world, &run)), ("started", vec!["build".to_owned()]));
    pass(&mut world, &run);
    assert_eq!(state(&world, &run), "finished");
}

/// Whatever tools do: sooner or later all has ended and nobody stands in a queue.
#[test]
fn nothing_waits_for_ever() {
    for (at, answer) in [
        Answer { starts: false, dies: true, ..Answer::default() },
        Answer { starts: false, ..Answer::default() },
        Answer { dies: true, ..Answer::default() },
        Answer { times: 3, ..Answer::default() },
        Answer { works: minutes(-1), after: minutes(5), ..Answer::default() },
        Answer { after: minutes(11), ..Answer::default() },
        Answer { works: hours(25), ..Answer::default() },
    ]
    .into_iter()
    .enumerate()
    {
        let mut world = world(ONE);
        world.tool(Tool { answers: vec![answer], ..Tool::new("build", TOOL) });
        let runs: Vec<String> = (0..3).map(|_| trigger(&mut world, "dev", "delivery")).collect();
        world.advance(hours(24 * 5));
        for run in &runs {
            assert!(["finished", "timedOut"].contains(&state(&world, run)), "{at}: {}", state(&world, run));
        }
        assert!(world.queue("p", "dev\u{1f}svc").is_empty() && world.timers().is_empty(), "{at}");
    }
}

#[test]
fn a_stage_that_is_yet_to_come_can_be_paused_ahead() {
    let mut world = world(
        "{name: dev, sequences: [{name: delivery, tasks: [{name: build}]}]},
         {name: prod, sequences: [{name: delivery, triggeredOn: [{event: dev.delivery.finished}], tasks: [{name: release}]}]}",
    );
    let run = trigger(&mut world, "dev", "delivery");
    assert!(world.control("p", &run, Some("prod"), Control::Pause));
    assert!(!world.control("p", &run, Some("prod"), Control::Abort), "there is nothing to abort yet");
    pass(&mut world, &run);
    assert!(open(&world, &run).is_empty());
    // A stage that is through stays what it became.
    assert!(world.control("p", &run, Some("dev"), Control::Pause));
    assert_eq!(world.run(&run).unwrap().stages[0].state, "succeeded");
    assert!(world.control("p", &run, Some("dev"), Control::Resume));
    assert!(world.control("p", &run, Some("prod"), Control::Resume));
    assert_eq!(open(&world, &run), ["release"]);
    pass(&mut world, &run);
    assert!(!world.control("p", &run, None, Control::Pause), "it is over");
}

#[test]
fn an_answer_that_does_not_say_where_it_belongs_counts_for_nothing() {
    let mut world = world(ONE);
    let run = trigger(&mut world, "dev", "delivery");
    let build = task(&world, &run);
    world.started(&build, TOOL);
    for field in ["stage", "service"] {
        let mut data = succeeded("pass");
        data[field] = "".into();
        world.finished(&build, TOOL, data);
        assert_eq!(world.ignored(&run).pop(), Some(Why::Missing { field: format!("data.{field}") }));
    }
    assert_eq!(open(&world, &run), ["build"]);
}

#[test]
fn a_deadline_as_it_is_shown_leaves_a_full_term_since_the_restart() {
    let mut world = world(ONE);
    let run = trigger(&mut world, "dev", "delivery");
    world.advance(minutes(6));
    world.kill();
    let setting = world.setting();
    let seen = world.sequences(&run).remove(0).since_up(&setting.limits, setting.up_since);
    let Deadline::At(shown) = seen.current().unwrap().1.deadline else { panic!("it has a deadline") };
    assert_eq!(shown.duration_since(world.now()), minutes(10));
    world.advance(minutes(9));
    assert_eq!(open(&world, &run), ["build"]);
    world.advance(minutes(1));
    assert_eq!(world.sequences(&run)[0].state(), "timedOut");
}
