//! `timeout` of a sequence.

use capstan_engine::orchestrate::Limits;
use serde_json::json;

use super::driver::{Driver, birth, written};

const TASKS: &str = "timeout: 30m, tasks: [{name: build}, {name: check}]";

#[test]
fn it_counts_from_the_first_turn() {
    let limits = Limits::default();
    let mut driver = Driver::under(birth(written(TASKS), json!({})), limits, false);
    driver.check(
        "24h pass =>
         grant => holds; next build; offers build
         t starts => started by t
         29m59s pass =>
         1s pass => timed out fail/errored; frees
         t answers pass => ignored: timed out",
    );
    assert_eq!(driver.said_at_the_end(), "the sequence took longer than 30 min, its timeout");
}

#[test]
fn it_stands_still_in_a_pause_and_counts_while_a_person_decides() {
    Driver::yaml(TASKS).check(
        "t starts => started by t
         10m pass =>
         pause => paused; frees
         20h pass =>
         resume => resumed; wants; holds
         19m59s pass =>
         1s pass => timed out fail/errored; frees",
    );
    Driver::yaml("timeout: 30m, tasks: [{name: approval}]")
        .check("x starts => started by x\n 30m pass => timed out fail/errored");
}

#[test]
fn after_a_restart_and_with_a_clock_set_back_it_leaves_one_full_term() {
    Driver::yaml(TASKS).check(
        "t starts => started by t
         20m pass =>
         restart =>
         10m pass => deadline moved
         19m59s pass =>
         1s pass => timed out fail/errored; frees",
    );
    Driver::yaml(TASKS).check(
        "t starts => started by t
         20m pass =>
         clock back 5h => deadline moved; deadline moved
         29m59s pass =>
         1s pass => timed out fail/errored; frees",
    );
}

#[test]
fn it_does_not_end_what_runs_at_the_end() {
    let mut driver = Driver::yaml("timeout: 30m, tasks: [{name: build}, {name: clean, finally: true}]");
    driver.check(
        "t starts => started by t
         29m pass =>
         t answers pass => answered by t; done build pass/succeeded; closing pass/succeeded; next clean; offers clean
         t starts => started by t
         23h pass =>
         pause => paused; frees
         resume => resumed; wants; holds
         t answers pass => answered by t; done clean pass/succeeded; finished pass/succeeded; frees",
    );
}
