//! `finally`: what runs at the end in any case.

use capstan_engine::orchestrate::{Limits, Outcome, Phase, Slot, followers};
use serde_json::json;

use super::driver::{Driver, birth, shipyard, written};

const TASKS: &str = "tasks: [{name: build}, {name: check}, {name: clean, finally: true}, {name: tell, finally: true}]";

/// The end of a script in which both tasks of the end go well.
fn ends(driver: &mut Driver, end: &str) {
    driver.check(&format!(
        "t starts clean => started by t
         t answers clean pass => answered by t; done clean pass/succeeded; next tell; offers tell
         t starts tell => started by t
         t answers tell pass => answered by t; done tell pass/succeeded; {end}; frees"
    ));
    assert!(driver.sequence.is_over());
}

#[test]
fn after_all_went_well() {
    let mut driver = Driver::yaml(TASKS);
    driver.check(
        "t starts => started by t
         t answers pass => answered by t; done build pass/succeeded; next check; offers check
         t starts => started by t
         t answers warning => answered by t; done check warning/succeeded; closing warning/succeeded; next clean; offers clean",
    );
    assert_eq!((&driver.offered("clean")["result"], driver.published.len()), (&json!("warning"), 0));
    ends(&mut driver, "finished warning/succeeded");
    assert_eq!(driver.follows, 1);
}

#[test]
fn after_a_failure() {
    let mut driver = Driver::yaml(TASKS);
    driver.line("t starts");
    driver.answers(
        "t",
        json!({ "result": "fail", "status": "succeeded", "message": "broken", "build": { "log": "url" } }),
    );
    assert_eq!(driver.offered("clean")["build"]["log"], "url");
    assert_eq!(driver.offered("clean")["result"], "fail");
    ends(&mut driver, "finished fail/succeeded");
    assert_eq!(driver.said_at_the_end(), "broken");
}

#[test]
fn after_a_timeout_of_a_task_and_of_the_sequence() {
    let mut driver = Driver::yaml(TASKS);
    driver.check("10m pass => build timed_out; closing fail/errored; next clean; offers clean");
    ends(&mut driver, "timed out fail/errored");
    let mut driver = Driver::yaml(&format!("timeout: 30m, {TASKS}"));
    driver.check(
        "t starts => started by t
         30m pass => closing fail/errored; next clean; offers clean
         t answers build pass => ignored: build over
         9m pass =>",
    );
    ends(&mut driver, "timed out fail/errored");
    assert_eq!(driver.said_at_the_end(), "the sequence took longer than 30 min, its timeout");
    assert_eq!(driver.follows, 0);
}

#[test]
fn after_an_abort_also_of_a_paused_one() {
    let mut driver = Driver::yaml(TASKS);
    driver.check("t starts => started by t\n abort => closing pass/aborted; next clean; offers clean");
    assert_eq!(driver.offered("clean")["status"], "aborted");
    ends(&mut driver, "aborted pass/aborted");
    let mut driver = Driver::yaml(TASKS);
    driver.check(
        "t starts => started by t
         pause => paused; frees
         abort => closing pass/aborted; next clean; wants; holds; offers clean",
    );
    ends(&mut driver, "aborted pass/aborted");
}

#[test]
fn after_an_abort_of_an_approval_it_takes_its_turn_again() {
    let definition = written("tasks: [{name: approval}, {name: clean, finally: true}]");
    let mut driver = Driver::under(birth(definition, json!({})), Limits::default(), false);
    driver.check(
        "grant => holds; next approval; offers approval; frees
         x starts => started by x
         abort => closing pass/aborted; next clean; wants
         24h pass =>
         grant => holds; offers clean
         t starts => started by t
         t answers pass => answered by t; done clean pass/succeeded; aborted pass/aborted; frees",
    );
}

#[test]
fn one_that_never_had_its_turn_ends_at_once() {
    let limits = Limits::default();
    let mut driver = Driver::under(birth(written(TASKS), json!({})), limits, false);
    driver.check("blocked other => behind other\n abort => aborted pass/aborted; frees");
    let mut paused = birth(written(TASKS), json!({}));
    paused.paused = true;
    Driver::new(paused).check("abort => aborted pass/aborted");
}

#[test]
fn a_second_abort_ends_it_at_once() {
    let mut driver = Driver::yaml(TASKS);
    driver.check(
        "abort => closing pass/aborted; next clean; offers clean
         abort => aborted pass/aborted; frees
         t starts clean => ignored: aborted",
    );
    // Also where it came to its end by itself.
    Driver::yaml(TASKS).check(
        "t starts => started by t
         t answers fail => answered by t; done build fail/succeeded; closing fail/succeeded; next clean; offers clean
         abort => aborted pass/aborted; frees",
    );
}

#[test]
fn whoever_supersedes_it_does_not_cut_its_end_short() {
    let mut driver = Driver::yaml(TASKS);
    driver.check(
        "t starts => started by t
         superseded by run-2 => closing pass/aborted; next clean; offers clean
         superseded by run-3 =>",
    );
    ends(&mut driver, "aborted pass/aborted");
    assert_eq!(driver.said_at_the_end(), "superseded by run 'run-2'");
}

#[test]
fn a_failure_at_the_end_makes_a_pass_a_failure_and_the_rest_still_runs() {
    let mut driver = Driver::yaml("tasks: [{name: build}, {name: clean, finally: true}, {name: tell, finally: true}]");
    driver.check(
        "t starts => started by t
         t answers pass => answered by t; done build pass/succeeded; closing pass/succeeded; next clean; offers clean
         t starts => started by t
         t answers fail => answered by t; done clean fail/succeeded; next tell; offers tell
         t starts => started by t
         t answers pass => answered by t; done tell pass/succeeded; finished fail/succeeded; frees",
    );
    assert_eq!(driver.said_at_the_end(), "'clean', which runs at the end, failed");
    // What was worse before stays what it was.
    let mut driver = Driver::yaml("tasks: [{name: build}, {name: clean, finally: true}]");
    driver.check(
        "abort => closing pass/aborted; next clean; offers clean
         10m pass => clean timed_out; aborted pass/aborted; frees",
    );
    let mut driver = Driver::yaml("tasks: [{name: build, when: false}, {name: clean, finally: true}]");
    driver.check("10m pass => clean timed_out; timed out fail/errored; frees");
}

#[test]
fn tasks_of_the_end_are_tried_again_skipped_and_grouped() {
    Driver::yaml(
        "tasks: [{name: build}, {name: clean, finally: true, retry: {attempts: 2}}, {name: tell, finally: true, when: result == 'fail'}]",
    )
    .check(
        "t starts => started by t
         t answers pass => answered by t; done build pass/succeeded; closing pass/succeeded; next clean; offers clean
         t starts => started by t
         t answers fail => answered by t; clean #1 failed; offers clean #2
         t starts => started by t
         t answers pass => answered by t; done clean pass/succeeded; tell skipped; finished pass/succeeded; frees",
    );
    Driver::yaml(
        "tasks: [{name: build}, {name: clean, finally: true, parallel: g, join: any}, {name: tell, finally: true, parallel: g}]",
    )
    .check(
        "abort => closing pass/aborted; next clean; next tell; offers clean; offers tell
         t starts clean => started by t
         t answers clean pass => answered by t; done clean pass/succeeded; tell cancelled; aborted pass/aborted; frees",
    );
}

#[test]
fn a_pause_holds_up_the_end_too() {
    let mut driver = Driver::yaml("tasks: [{name: build}, {name: clean, finally: true}]");
    driver.check(
        "t starts => started by t
         pause => paused; frees
         t answers fail => answered by t; done build fail/succeeded; closing fail/succeeded; next clean
         24h pass => reminds
         resume => resumed; wants; holds; offers clean
         pause => paused; frees
         1h pass =>
         abort => aborted pass/aborted",
    );
}

#[test]
fn where_there_is_nothing_else_to_do_the_end_is_done() {
    let mut driver = Driver::yaml("tasks: [{name: clean, finally: true}]");
    driver.check(
        "t starts => started by t
         t answers pass => answered by t; done clean pass/succeeded; finished pass/succeeded; frees",
    );
}

#[test]
fn followers_carry_the_result_of_the_sequence_and_what_the_end_answered() {
    let mut driver = Driver::yaml("tasks: [{name: build}, {name: clean, finally: true}]");
    driver.check(
        "t starts => started by t
         t answers warning => answered by t; done build warning/succeeded; closing warning/succeeded; next clean; offers clean
         t starts => started by t",
    );
    driver.answers("t", json!({ "result": "pass", "status": "succeeded", "clean": { "gone": 3 } }));
    let stage = "{name: prod, sequences: [{name: go, triggeredOn: [{event: dev.delivery.finished, selector: {match: {build.result: warning}}}], tasks: [{name: t}]}]}";
    let events = followers(&driver.sequence, &shipyard(stage), driver.at);
    let data = &events[0].data;
    assert_eq!(
        (&data["result"], &data["clean"]["gone"], &data["stage"]),
        (&json!("warning"), &json!(3), &json!("prod"))
    );
    let Phase::Ended(ending) = &driver.sequence.phase else { panic!("it is over") };
    assert_eq!((ending.outcome, driver.sequence.slot), (Outcome::Finished, Slot::None));
}
