//! From task to task.

use capstan_engine::orchestrate::{Phase, TimerKind};
use jiff::SignedDuration;

use super::driver::{Driver, START, birth, definition};

fn waiting(tasks: &str) -> Driver {
    Driver::under(
        birth(definition(tasks), serde_json::Value::Null),
        capstan_engine::orchestrate::Limits::default(),
        false,
    )
}

#[test]
fn tasks_are_offered_one_after_the_other() {
    let mut driver = Driver::of("build, check");
    driver.check(
        "a starts => started by a
         a answers pass => answered by a; done build pass/succeeded; next check; offers check
         a starts => started by a
         a answers warning => answered by a; done check warning/succeeded; finished warning/succeeded; frees",
    );
    assert_eq!(driver.follows, 1);
}

#[test]
fn scenario_11_the_same_task_twice_is_two_tasks() {
    let mut driver = Driver::of("build, build");
    driver.check(
        "a starts => started by a
         a answers pass => answered by a; done build pass/succeeded; next build; offers build
         a starts => started by a
         a answers pass => answered by a; done build pass/succeeded; finished pass/succeeded; frees",
    );
    assert_ne!(driver.offers[0].id, driver.offers[1].id);
}

#[test]
fn nothing_is_offered_before_the_turn_in_the_queue() {
    let mut driver = waiting("build");
    assert_eq!(driver.sequence.phase, Phase::Queued);
    driver.check(
        "blocked other => behind other
         grant => holds; next build; offers build",
    );
}

#[test]
fn a_grant_that_nobody_asked_for_changes_nothing() {
    let mut driver = waiting("build");
    driver.check(
        "grant => holds; next build; offers build
         grant =>
         pause => paused; frees
         grant =>
         blocked other =>
         resume => resumed; wants
         grant => holds",
    );
}

#[test]
fn a_delay_holds_the_slot_and_ends_by_its_timer() {
    let mut driver = Driver::of("build, check 10m");
    driver.check(
        "a starts => started by a
         a answers pass => answered by a; done build pass/succeeded; next check
         9m59s pass =>
         1s pass => offers check",
    );
    assert_eq!(driver.offers[1].time, Some(START + SignedDuration::from_mins(10)));
}

#[test]
fn scenario_19_a_delayed_task_does_not_time_out_and_an_abort_calls_it_off() {
    let mut driver = Driver::of("build 1h");
    driver.check(
        "59m pass =>
         abort => aborted pass/aborted; frees
         24h pass =>",
    );
    assert!(driver.offers.is_empty() && driver.timers.is_empty());
}

#[test]
fn a_delay_that_ends_in_a_pause_or_in_the_queue_is_over_then() {
    Driver::of("build 10m").check(
        "pause => paused; frees
         20m pass =>
         resume => resumed; wants; holds; offers build",
    );
    let mut driver = waiting("build, approval, check 10m");
    driver.check(
        "grant => holds; next build; offers build
         a starts => started by a
         a answers pass => answered by a; done build pass/succeeded; next approval; offers approval; frees
         a starts => started by a
         me answers pass => answered by me; done approval pass/succeeded; next check; wants
         blocked other => behind other
         20m pass =>
         grant => holds; offers check",
    );
}

#[test]
fn a_delay_that_is_no_duration_does_not_delay() {
    Driver::of("build soon").check("a starts => started by a");
}

#[test]
fn an_approval_leaves_the_slot_to_others_and_has_no_end() {
    let mut driver = waiting("approval, release");
    driver.check(
        "grant => holds; next approval; offers approval; frees
         a starts => started by a
         24h pass => reminds
         48h pass => reminds; reminds
         me answers pass => answered by me; done approval pass/succeeded; next release; wants
         grant => holds; offers release",
    );
    assert_eq!(driver.timers.keys().copied().collect::<Vec<_>>(), [TimerKind::Deadline]);
}

#[test]
fn an_approval_that_nobody_starts_on_times_out() {
    Driver::of("approval").check("10m pass => approval timed_out; timed out fail/errored");
}

#[test]
fn ids_are_those_of_the_cause() {
    let script = "a starts => started by a
                  a answers pass => answered by a; done build pass/succeeded; next check; offers check
                  a starts => started by a
                  a answers pass => answered by a; done check pass/succeeded; finished pass/succeeded; frees";
    let (mut one, mut other) = (Driver::of("build, check"), Driver::of("build, check"));
    one.check(script);
    other.check(script);
    assert_eq!(one.facts, other.facts);
    let ids = |driver: &Driver| -> Vec<String> {
        driver.offers.iter().chain(&driver.published).map(|event| event.id.clone()).collect()
    };
    assert_eq!(ids(&one), ids(&other));
    // Another release may not change them either: events of a run that began before it are still known by them.
    assert_eq!(
        ids(&one),
        [
            "018bcfe5-6800-8435-9750-9115d7686bb1",
            "018bcfe5-6800-88bc-939a-66d45f1f33b5",
            "018bcfe5-6800-8d6f-99e5-c36093405283"
        ]
    );
}
