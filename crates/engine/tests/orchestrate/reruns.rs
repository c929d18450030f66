//! A sequence that failed is done again.

use capstan_engine::orchestrate::{Limits, Origin};
use serde_json::json;

use super::driver::{Driver, birth, written};

/// Starts and answers the tasks in turn.
fn play(driver: &mut Driver, answers: &[(&str, &str)]) {
    for (task, verdict) in answers {
        driver.line(&format!("t starts {task}"));
        driver.line(&format!("t answers {task} {verdict}"));
    }
}

fn number_of(driver: &Driver, task: &str) -> u32 {
    let index = driver.sequence.definition.tasks.iter().position(|it| it.name == task).unwrap();
    driver.sequence.open_task(index).unwrap().number
}

#[test]
fn from_the_task_that_failed_with_the_data_of_before() {
    let mut first =
        Driver::new(birth(written("tasks: [{name: build}, {name: check}, {name: release}]"), json!({ "v": 7 })));
    first.line("t starts");
    first.answers("t", json!({ "result": "warning", "status": "succeeded", "build": { "image": "i" } }));
    let data = first.offered("check").clone();
    play(&mut first, &[("check", "fail")]);
    let mut again = first.again(Origin::Task);
    assert_eq!((again.offers.len(), again.offered("check"), number_of(&again, "check")), (1, &data, 2));
    let rerun = again.sequence.rerun.as_ref().unwrap();
    assert_eq!((&*rerun.of, &*rerun.by, &*rerun.reason), ("seq", "kim", "it was full"));
    assert_ne!(again.sequence.id, first.sequence.id);
    assert_ne!(again.offers[0].id, first.offers[1].id);
    again.check(
        "t starts => started by t
         t answers pass => answered by t; done check pass/succeeded; next release; offers release",
    );
    let from_the_stage = first.again(Origin::Stage);
    assert_eq!((from_the_stage.offers.len(), number_of(&from_the_stage, "build")), (1, 2));
    assert_eq!(from_the_stage.offered("build"), &first.offers[0].data);
}

#[test]
fn attempts_are_numbered_through_all_sequences() {
    let mut first = Driver::yaml("tasks: [{name: build}, {name: check, retry: {attempts: 2}}]");
    play(&mut first, &[("build", "pass"), ("check", "fail"), ("check", "fail")]);
    let mut second = first.again(Origin::Task);
    assert_eq!(number_of(&second, "check"), 3);
    play(&mut second, &[("check", "fail"), ("check", "fail")]);
    assert!(second.sequence.is_over());
    // The second has not offered 'build', and the third will not come to 'check'.
    let mut third = second.again(Origin::Stage);
    assert_eq!(number_of(&third, "build"), 2);
    play(&mut third, &[("build", "fail")]);
    let mut fourth = third.again(Origin::Task);
    assert_eq!(number_of(&fourth, "build"), 3);
    play(&mut fourth, &[("build", "pass")]);
    assert_eq!(number_of(&fourth, "check"), 5);
    play(&mut fourth, &[("check", "fail"), ("check", "fail")]);
    // 'build' stays done in the fifth; the sixth does it for the fourth time.
    let mut fifth = fourth.again(Origin::Task);
    assert_eq!(number_of(&fifth, "check"), 7);
    play(&mut fifth, &[("check", "fail"), ("check", "fail")]);
    assert_eq!(number_of(&fifth.again(Origin::Stage), "build"), 4);
}

#[test]
fn of_a_group_what_went_well_stays_done_and_the_rest_sees_nothing_of_it() {
    let tasks = "tasks: [{name: a1, parallel: g}, {name: a2, parallel: g}, {name: last}]";
    let mut first = Driver::yaml(tasks);
    play(&mut first, &[("a1", "warning"), ("a2", "fail")]);
    let mut again = first.again(Origin::Task);
    assert_eq!(again.offers.len(), 1);
    assert_eq!(again.offered("a2"), first.offered("a2"));
    again.check(
        "t starts a2 => started by t
         t answers a2 pass => answered by t; done a2 pass/succeeded; next last; offers last",
    );
    assert_eq!(again.offered("last")["result"], "warning");
    // Where any would have been enough all are tried again.
    let mut first = Driver::yaml(&tasks.replace("parallel: g}, {name: a2", "parallel: g, join: any}, {name: a2"));
    play(&mut first, &[("a1", "fail"), ("a2", "fail")]);
    assert_eq!(first.again(Origin::Task).offers.len(), 2);
}

#[test]
fn what_was_cut_short_is_not_done() {
    let mut first = Driver::of("build, check");
    play(&mut first, &[("build", "pass")]);
    first.line("abort");
    let again = first.again(Origin::Task);
    assert_eq!((again.offers.len(), number_of(&again, "check")), (1, 2));

    let mut first =
        Driver::yaml("timeout: 5m, tasks: [{name: a1, parallel: g}, {name: a2, parallel: g}, {name: last}]");
    play(&mut first, &[("a1", "pass")]);
    first.check("5m pass => timed out fail/errored; frees");
    let again = first.again(Origin::Task);
    assert_eq!((again.offers.len(), number_of(&again, "a2")), (1, 2));

    // One that was cancelled because another was enough is no gap.
    let mut first = Driver::yaml("tasks: [{name: a1, parallel: g, join: any}, {name: a2, parallel: g}, {name: last}]");
    play(&mut first, &[("a2", "pass"), ("last", "fail")]);
    let again = first.again(Origin::Task);
    assert_eq!((again.offers.len(), number_of(&again, "last")), (1, 2));
}

#[test]
fn one_that_never_began_is_done_from_its_beginning() {
    let limits = Limits::default();
    let mut first = Driver::under(birth(written("tasks: [{name: build}, {name: check}]"), json!({})), limits, false);
    first.line("abort");
    let again = first.again(Origin::Task);
    assert_eq!((again.offers.len(), number_of(&again, "build")), (1, 1));
}

#[test]
fn what_was_skipped_stays_skipped() {
    let mut first = Driver::yaml("tasks: [{name: build, when: false}, {name: check}]");
    play(&mut first, &[("check", "fail")]);
    let again = first.again(Origin::Task);
    assert_eq!((again.offers.len(), again.sequence.done.len()), (1, 1));
}

#[test]
fn what_runs_at_the_end_runs_again() {
    let tasks = "tasks: [{name: build}, {name: clean, finally: true}]";
    let mut first = Driver::yaml(tasks);
    play(&mut first, &[("build", "fail"), ("clean", "pass")]);
    let mut again = first.again(Origin::Task);
    assert_eq!(again.offers.len(), 1);
    play(&mut again, &[("build", "pass")]);
    assert_eq!(number_of(&again, "clean"), 2);
    // Also where nothing but that has failed.
    let mut first = Driver::yaml(tasks);
    play(&mut first, &[("build", "warning"), ("clean", "fail")]);
    assert!(first.sequence.is_over());
    let mut again = first.again(Origin::Task);
    assert_eq!((again.offers.len(), number_of(&again, "clean")), (1, 2));
    again.check(
        "t starts => started by t
         t answers pass => answered by t; done clean pass/succeeded; finished warning/succeeded; frees",
    );
}
