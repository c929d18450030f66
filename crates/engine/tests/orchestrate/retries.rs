//! Attempts: `retry`, `startTimeout` and `timeout` of a task.

use jiff::SignedDuration;
use serde_json::json;

use super::driver::Driver;

#[test]
fn a_failed_task_is_tried_again_after_a_backoff_that_doubles() {
    let mut driver = Driver::yaml("tasks: [{name: build, retry: {attempts: 3, backoff: 1m}}]");
    driver.check(
        "a starts => started by a
         a answers fail => answered by a; build #1 failed
         59s pass =>
         1s pass => offers build #2
         a starts => started by a
         a answers pass/errored => answered by a; build #2 failed
         1m59s pass =>
         1s pass => offers build #3
         a starts => started by a
         a answers fail => answered by a; done build fail/succeeded; finished fail/succeeded; frees",
    );
    let past = &driver.sequence.done[0].past;
    assert_eq!(past.iter().map(|past| past.number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(past[0].message, "answered with result 'fail' and status 'succeeded'");
}

#[test]
fn without_a_backoff_it_is_tried_again_at_once_under_another_id() {
    let mut driver = Driver::yaml("tasks: [{name: build, retry: {attempts: 2}}, {name: check}]");
    driver.check(
        "a starts => started by a
         a answers fail => answered by a; build #1 failed; offers build #2
         a starts build#1 => ignored: build #1 over
         a works build#1 => ignored: build #1 over
         a answers build#1 pass => ignored: build #1 over
         a starts => started by a
         a answers pass => answered by a; done build pass/succeeded; next check; offers check
         a answers build#1 pass => ignored: build #1 over
         a answers build#2 pass => ignored: build over",
    );
    assert_ne!(driver.offers[0].id, driver.offers[1].id);
}

#[test]
fn what_a_failed_attempt_answered_is_not_merged() {
    let mut driver = Driver::yaml("tasks: [{name: build, retry: {attempts: 2}}, {name: check}]");
    driver.line("a starts");
    driver.answers("a", json!({ "result": "fail", "status": "succeeded", "message": "no room", "first": 1 }));
    let again = driver.offered("build");
    assert_eq!((&again["first"], &again["result"], &again["message"]), (&json!(null), &json!(null), &json!(null)));
    driver.line("a starts");
    driver.answers("a", json!({ "result": "pass", "status": "succeeded", "second": 2 }));
    let check = driver.offered("check");
    assert_eq!((&check["first"], &check["second"], &check["result"]), (&json!(null), &json!(2), &json!("pass")));
    let past = &driver.sequence.done[0].past[0];
    assert_eq!(past.message, "answered with result 'fail' and status 'succeeded': no room");
}

#[test]
fn silence_counts_as_a_failed_attempt_before_the_start_and_after_it() {
    let mut driver = Driver::yaml("tasks: [{name: build, startTimeout: 2m, timeout: 5m, retry: {attempts: 3}}]");
    driver.check(
        "1m59s pass =>
         1s pass => build #1 timed out; offers build #2
         a starts => started by a
         4m59s pass =>
         1s pass => build #2 timed out; offers build #3
         2m pass => build timed_out; timed out fail/errored; frees",
    );
    let past: Vec<_> = driver.sequence.done[0].past.iter().map(|past| past.message.as_str()).collect();
    assert_eq!(
        past,
        [
            "nobody started on 'sh.keptn.event.build.triggered' within 2 min",
            "'a' started on 'sh.keptn.event.build.triggered' and had not answered after 5 min, its timeout"
        ]
    );
}

#[test]
fn a_timeout_counts_from_the_first_start_whatever_is_heard_meanwhile() {
    Driver::yaml("tasks: [{name: build, timeout: 10m}]").check(
        "5m pass =>
         a starts => started by a
         4m pass =>
         a works => sign of a
         b starts => started by b
         4m pass =>
         b answers pass => answered by b
         c claims for 1h => claimed by c
         c beats => sign of c
         1m59s pass =>
         1s pass => build timed_out; timed out fail/errored; frees",
    );
}

#[test]
fn a_timeout_stands_still_in_a_pause_and_has_a_full_term_after_a_restart() {
    Driver::yaml("tasks: [{name: build, timeout: 10m}]").check(
        "a starts => started by a
         4m pass =>
         pause => paused; frees
         9m pass =>
         resume => resumed; wants; holds
         5m59s pass =>
         restart =>
         1s pass => deadline moved
         9m58s pass =>
         1s pass => build timed_out; timed out fail/errored; frees",
    );
}

#[test]
fn a_backoff_may_end_in_a_pause_and_in_the_queue() {
    Driver::yaml("tasks: [{name: build, retry: {attempts: 2, backoff: 10m}}]").check(
        "a starts => started by a
         a answers fail => answered by a; build #1 failed
         pause => paused; frees
         20m pass =>
         resume => resumed; wants; holds; offers build #2",
    );
    Driver::yaml("tasks: [{name: build, retry: {attempts: 2, backoff: 10m}}]").check(
        "a starts => started by a
         pause => paused; frees
         a answers fail => answered by a; build #1 failed
         5m pass =>
         resume => resumed; wants; holds
         4m59s pass =>
         1s pass => offers build #2",
    );
}

#[test]
fn a_clock_that_is_set_back_makes_no_backoff_longer() {
    let mut driver = Driver::yaml("timeout: 30m, tasks: [{name: build, retry: {attempts: 3, backoff: 10m}}]");
    driver.check(
        "a starts => started by a
         a answers fail => answered by a; build #1 failed
         1m pass =>
         clock back 1h => next build; deadline moved
         9m59s pass =>
         1s pass => offers build #2
         a starts => started by a
         a answers fail => answered by a; build #2 failed
         clock back 1h => next build; deadline moved
         19m59s pass =>
         1s pass => offers build #3
         a starts => started by a
         10m pass => timed out fail/errored; frees",
    );
    // The end of a delay has gone by unheard, and lies ahead once more.
    Driver::of("build 10m").check(
        "pause => paused; frees
         11m pass =>
         clock back 5m =>
         1m pass =>
         resume => resumed; wants; holds
         2m59s pass =>
         1s pass => offers build",
    );
}

#[test]
fn an_approval_that_nobody_starts_on_is_offered_again_in_its_turn() {
    Driver::yaml("tasks: [{name: approval, retry: {attempts: 2}}]").check(
        "10m pass => approval #1 timed out; wants; holds; offers approval #2; frees
         a starts => started by a
         me answers pass => answered by me; done approval pass/succeeded; finished pass/succeeded",
    );
}

#[test]
fn many_attempts_come_to_an_end() {
    let mut driver = Driver::yaml("tasks: [{name: build, retry: {attempts: 100, backoff: 1m}}]");
    driver.pass(SignedDuration::from_hours(24 * 30));
    assert_eq!((driver.offers.len(), driver.sequence.is_over()), (100, true));
}
