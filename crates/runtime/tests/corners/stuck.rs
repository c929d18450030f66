//! Corners 2 to 15: runs that got stuck or lost.

use capstan_engine::orchestrate::{Control, Fact, Outcome, Phase, Why};
use capstan_runtime::command::{Command, Reply};
use capstan_runtime::ports::Store;
use capstan_runtime::simulator::{Answer, Tool, World};
use serde_json::json;

use super::bench::{Bench, ingest, triggered};
use super::shipyards::{
    DELIVERY, ONE, PARALLEL, TOOL, count, endings, events, fail, hours, minutes, name, open, pass, state, succeeded,
    task, trigger, world,
};

#[test]
fn corner_02_a_finished_that_comes_twice_is_counted_once() {
    let mut world = world(DELIVERY);
    let run = trigger(&mut world, "dev", "delivery");
    let next = trigger(&mut world, "dev", "delivery");
    let build = task(&world, &run);
    world.started(&build, "a");
    world.started(&build, "b");
    world.finished(&build, "a", succeeded("pass"));
    world.finished(&build, "a", succeeded("pass"));
    assert_eq!(world.ignored(&run), [Why::Duplicate]);
    assert_eq!(open(&world, &run), ["build"], "'b' has not answered");
    world.finished(&build, "b", succeeded("pass"));
    let check = task(&world, &run);
    world.answer(&check, "a", "pass");
    world.finished(&check, "a", succeeded("pass"));
    assert_eq!(world.ignored(&run), [Why::Duplicate, Why::SequenceOver { outcome: "finished".to_owned() }]);
    assert_eq!(open(&world, &next), ["build"], "the next one has its turn");
}

#[test]
fn corner_03_a_tool_that_dies_after_its_start_ends_the_sequence_in_time() {
    let mut world = world(ONE);
    world.tool(Tool { answers: vec![Answer { dies: true, ..Answer::default() }], ..Tool::new("build", TOOL) });
    let run = trigger(&mut world, "dev", "delivery");
    let next = trigger(&mut world, "dev", "delivery");
    world.advance(hours(24) - minutes(1));
    assert_eq!((state(&world, &run), state(&world, &next)), ("started", "waiting"));
    world.advance(minutes(1));
    assert_eq!((state(&world, &run), state(&world, &next)), ("timedOut", "started"));
    assert_eq!(endings(&world, &run), ["dev.delivery timedOut fail/errored"]);
    let end = &events(&world, &run, "dev.delivery.finished")[0];
    assert!(end.data["message"].as_str().unwrap().starts_with("'tool' started on"), "{}", end.data);
}

#[test]
fn corner_03_a_sign_of_life_renews_the_lease() {
    let mut world = world(ONE);
    let answer = Answer { works: hours(72), heartbeat: Some(hours(23)), ..Answer::default() };
    world.tool(Tool { answers: vec![answer], ..Tool::new("build", TOOL) });
    let run = trigger(&mut world, "dev", "delivery");
    world.advance(hours(72));
    assert_eq!(endings(&world, &run), ["dev.delivery finished pass/succeeded"]);
    assert_eq!(count(&world, &run, |fact| matches!(fact, Fact::SignOfLife { .. })), 3);
}

#[test]
fn corner_04_a_late_start_and_its_answer_are_stored_ignored_with_a_reason_and_shown() {
    let mut world = world(DELIVERY);
    let run = trigger(&mut world, "dev", "delivery");
    let build = task(&world, &run);
    world.answer(&build, "a", "pass");
    assert_eq!(open(&world, &run), ["check"]);
    let late = world.finished(&build, "b", succeeded("fail"));
    let why = Why::TaskOver { task: "build".to_owned() };
    let shown: Vec<_> = world
        .facts(&run)
        .into_iter()
        .filter_map(|stored| match stored.fact {
            Fact::Ignored { event_id, event_type, source, why } => {
                assert!(stored.sequence.is_some(), "it is shown with the sequence");
                Some((event_id, event_type, source, why))
            }
            _ => None,
        })
        .collect();
    assert_eq!(shown, [(late.clone(), "sh.keptn.event.build.finished".to_owned(), "b".to_owned(), why)]);
    assert!(world.events(&run).iter().any(|event| event.id == late), "it is stored");
    assert_eq!(
        world.run(&run).unwrap().stages[0].latest_event.as_ref().unwrap().kind,
        "sh.keptn.event.check.triggered"
    );
    pass(&mut world, &run);
    assert_eq!(endings(&world, &run)[0], "dev.delivery finished pass/succeeded", "the late failure changed nothing");
}

#[test]
fn corner_07_two_sequences_of_one_run_in_one_stage_go_their_own_ways() {
    let mut world = world(
        "{name: dev, sequences: [{name: delivery, tasks: [{name: build}]},
           {name: one, triggeredOn: [{event: dev.delivery.finished}], tasks: [{name: a}, {name: b}]},
           {name: two, triggeredOn: [{event: dev.delivery.finished}], tasks: [{name: c}, {name: d}]}]}",
    );
    let run = trigger(&mut world, "dev", "delivery");
    pass(&mut world, &run);
    assert_eq!(open(&world, &run), ["a", "c"]);
    let tasks = world.offered_in(&run);
    world.answer(&tasks[0], TOOL, "pass");
    let b = world.offered_in(&run).into_iter().find(|task| name(task) == "b").unwrap();
    world.answer(&b, TOOL, "pass");
    assert_eq!(open(&world, &run), ["c"], "the end of the one leaves the tasks of the other");
    assert_eq!(state(&world, &run), "started");
    pass(&mut world, &run);
    pass(&mut world, &run);
    assert_eq!(state(&world, &run), "finished");
    assert_eq!(endings(&world, &run)[1..], ["dev.one finished pass/succeeded", "dev.two finished pass/succeeded"]);
}

fn texts((name, state): (&str, &str)) -> (String, String) {
    (name.to_owned(), state.to_owned())
}

/// Stages of a run and the state of each.
fn shown(world: &World, run: &str) -> Vec<(String, String)> {
    world.run(run).unwrap().stages.into_iter().map(|stage| (stage.name, stage.state)).collect()
}

#[test]
fn corner_08_a_branch_that_ends_leaves_delays_and_pauses_of_the_others() {
    let mut world = world(PARALLEL);
    let run = trigger(&mut world, "dev", "start");
    pass(&mut world, &run);
    assert_eq!(open(&world, &run), ["left"], "the right one is delayed");
    assert!(world.control("p", &run, Some("b"), Control::Pause));
    assert_eq!(shown(&world, &run), [("dev", "succeeded"), ("a", "triggered"), ("b", "paused")].map(texts));
    assert_eq!(state(&world, &run), "started", "one stage alone is paused");
    pass(&mut world, &run);
    assert_eq!(state(&world, &run), "started");
    world.advance(minutes(30));
    assert!(open(&world, &run).is_empty(), "its pause has outlived the end of the other stage");
    assert!(world.run(&run).unwrap().is_paused("b"));
    assert!(world.control("p", &run, Some("b"), Control::Resume));
    assert_eq!(open(&world, &run), ["right"]);
    pass(&mut world, &run);
    pass(&mut world, &run);
    assert_eq!(state(&world, &run), "finished");

    let run = trigger(&mut world, "dev", "start");
    pass(&mut world, &run);
    pass(&mut world, &run);
    world.advance(minutes(10));
    assert_eq!(open(&world, &run), ["right"], "the delayed task has outlived the end of the other stage");
}

#[test]
fn corner_09_a_failure_while_deadlines_are_watched_is_made_good() {
    let mut bench = Bench::new(ONE);
    bench.one(ingest(triggered("t1", "one", "dev", "delivery"))).unwrap();
    bench.pass(minutes(10));
    bench.store.disk().fail_next_commit();
    assert!(bench.one(Command::Timers).is_err());
    bench.store.disk().fail_next_reopen();
    assert!(bench.store.reopen().is_err());
    bench.store.reopen().unwrap();
    assert_eq!(bench.state("one"), "started");
    assert_eq!(bench.one(Command::Timers).unwrap(), Reply::Done);
    assert_eq!(bench.state("one"), "timedOut");
}

#[test]
fn corner_10_what_counts_is_what_was_taken_in_and_a_late_answer_is_shown() {
    let mut world = world(ONE);
    let run = trigger(&mut world, "dev", "delivery");
    let build = task(&world, &run);
    world.advance(minutes(10) - jiff::SignedDuration::from_nanos(1));
    world.started(&build, TOOL);
    world.advance(minutes(10));
    assert_eq!(state(&world, &run), "started", "a start in the last moment is in time");
    world.advance(hours(24));
    assert_eq!(state(&world, &run), "timedOut");
    let late = world.finished(&build, TOOL, succeeded("pass"));
    assert!(world.events(&run).iter().any(|event| event.id == late));
    assert_eq!(world.ignored(&run), [Why::SequenceOver { outcome: "timed out".to_owned() }]);
    assert_eq!(state(&world, &run), "timedOut");
}

#[test]
fn corner_11_every_sequence_tells_of_its_end_once() {
    let mut world = world(
        "{name: dev, sequences: [{name: loop, triggeredOn: [{event: dev.loop.finished}], tasks: [{name: build}]}]}",
    );
    let run = trigger(&mut world, "dev", "loop");
    for _ in 0..3 {
        pass(&mut world, &run);
    }
    assert!(world.control("p", &run, None, Control::Abort));
    assert!(!world.control("p", &run, None, Control::Abort), "there is nothing left to abort");
    let ends = events(&world, &run, "dev.loop.finished");
    assert_eq!(ends.len(), 4);
    let triggers: Vec<_> = events(&world, &run, "dev.loop.triggered").into_iter().map(|event| Some(event.id)).collect();
    assert_eq!(ends.iter().map(|end| end.triggered_id.clone()).collect::<Vec<_>>(), triggers);
    assert_eq!(ends[3].data["status"], "aborted");
    assert_eq!(state(&world, &run), "aborted");
}

#[test]
fn corner_14_nothing_is_tried_for_ever_for_what_is_gone() {
    let mut world = world(PARALLEL);
    let run = trigger(&mut world, "dev", "start");
    pass(&mut world, &run);
    let queued = trigger(&mut world, "a", "go");
    let paused = world.trigger("p", "dev", "start", "other", json!({}));
    assert!(world.control("p", &paused, None, Control::Pause));
    assert_eq!(state(&world, &queued), "waiting");
    assert!(!world.timers().is_empty());
    let deleted = Command::DeleteProject { name: "p".to_owned(), context: "gone".to_owned() };
    assert_eq!(world.submit(deleted).unwrap(), Reply::Done);
    assert!(world.timers().is_empty() && world.offered().is_empty());
    assert!(!world.reader().has_deferred().unwrap() && !world.reader().has_buried().unwrap());
    world.advance(hours(100));
    assert!(world.run(&run).is_none() && world.faults().is_empty());
}

#[test]
fn corner_14_a_follower_that_was_left_goes_with_its_project() {
    let followers: Vec<String> = (0..100)
        .map(|n| format!(", {{name: s{n}, sequences: [{{name: go, triggeredOn: [{{event: dev.delivery.finished}}], tasks: [{{name: t}}]}}]}}"))
        .collect();
    let mut bench = Bench::new(&format!("{ONE}{}", followers.concat()));
    bench.one(ingest(triggered("t1", "one", "dev", "delivery"))).unwrap();
    let offer = bench.offered().remove(0);
    bench.one(ingest(super::bench::reaction(&offer, "s", "started", ""))).unwrap();
    let finished = ingest(super::bench::reaction(&offer, "f", "finished", "pass"));
    let deleted = Command::DeleteProject { name: "p".to_owned(), context: "gone".to_owned() };
    bench.step(&[finished, deleted]).unwrap();
    bench.settle();
    assert!(bench.offered().is_empty());
}

#[test]
fn corner_15_an_abort_touches_nothing_that_has_ended() {
    let mut world = world(PARALLEL);
    let run = trigger(&mut world, "dev", "start");
    pass(&mut world, &run);
    world.advance(minutes(10));
    // 'left' has timed out; 'right' is just offered.
    assert_eq!(endings(&world, &run)[1..], ["a.go timedOut fail/errored", "b.go open"]);
    assert!(world.control("p", &run, None, Control::Abort));
    assert_eq!(
        endings(&world, &run),
        ["dev.start finished pass/succeeded", "a.go timedOut fail/errored", "b.go aborted pass/aborted"]
    );
    assert_eq!(events(&world, &run, "a.go.finished").len(), 1);
    assert_eq!(shown(&world, &run), [("dev", "succeeded"), ("a", "errored"), ("b", "aborted")].map(texts));
    let stages = world.run(&run).unwrap().stages;
    // An abort is no failure.
    assert_eq!(stages[2].latest_failed_event, None);
    assert_eq!(state(&world, &run), "aborted", "what was done last is shown");
}

#[test]
fn corner_15_with_a_stage_it_ends_that_stage_only() {
    let mut world = world(PARALLEL);
    let run = trigger(&mut world, "dev", "start");
    pass(&mut world, &run);
    assert!(world.control("p", &run, Some("a"), Control::Abort));
    assert_eq!(endings(&world, &run)[1..], ["a.go aborted pass/aborted", "b.go open"]);
    assert_eq!(state(&world, &run), "started", "the run is not aborted");
    world.advance(minutes(10));
    pass(&mut world, &run);
    pass(&mut world, &run);
    assert_eq!(endings(&world, &run)[1..], ["a.go aborted pass/aborted", "b.go finished pass/succeeded"]);
    assert_eq!(state(&world, &run), "finished", "the run has come to its own end");
    assert!(!world.control("p", &run, Some("a"), Control::Abort));
    // A stage that is not there, or another project.
    let run = trigger(&mut world, "dev", "start");
    assert!(!world.control("p", &run, Some("nowhere"), Control::Abort));
    assert!(!world.control("q", &run, None, Control::Abort));
    assert!(!world.control("p", "no-run", None, Control::Abort));
    assert_eq!(open(&world, &run), ["build"]);
}

#[test]
fn corner_15_what_was_aborted_stays_so_and_nothing_follows() {
    let mut world = world(DELIVERY);
    let run = trigger(&mut world, "dev", "delivery");
    let build = task(&world, &run);
    world.started(&build, TOOL);
    assert!(world.control("p", &run, None, Control::Abort));
    world.finished(&build, TOOL, succeeded("fail"));
    assert_eq!(endings(&world, &run), ["dev.delivery aborted pass/aborted"]);
    assert_eq!(world.ignored(&run), [Why::SequenceOver { outcome: "aborted".to_owned() }]);
    let sequence = &world.sequences(&run)[0];
    assert!(matches!(&sequence.phase, Phase::Ended(ending) if ending.outcome == Outcome::Aborted));
    let next = trigger(&mut world, "dev", "delivery");
    fail(&mut world, &next);
    assert_eq!(open(&world, &next), ["undo"]);
}
