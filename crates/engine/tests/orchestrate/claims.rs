//! Claims and their leases.

use capstan_engine::orchestrate::{Deadline, Lease};
use jiff::SignedDuration;

use super::driver::Driver;

#[test]
fn a_claim_is_a_start_and_its_answer_ends_the_task() {
    let mut driver = Driver::of("build, check");
    driver.check(
        "a claims for 30s => claimed by a
         a claims =>
         20s pass =>
         a beats half done => sign of a
         29s pass =>
         a answers pass by lease => answered by a; done build pass/succeeded; next check; offers check
         a beats =>
         a answers build pass by lease => ignored: build over",
    );
    let started = &driver.published[0];
    assert_eq!((&*started.kind, &*started.source), ("sh.keptn.event.build.started", "a"));
    assert_eq!(started.triggered_id.as_deref(), Some(&*driver.offers[0].id));
}

#[test]
fn every_tool_that_started_or_claimed_has_to_answer() {
    Driver::of("build").check(
        "a claims => claimed by a
         b starts => started by b
         c claims => claimed by c
         b claims =>
         c answers pass by lease => answered by c
         c claims =>
         a answers pass => answered by a
         b answers pass => answered by b; done build pass/succeeded; finished pass/succeeded; frees",
    );
}

#[test]
fn a_start_of_whoever_has_claimed_is_ignored_and_its_answer_counts() {
    Driver::of("build").check(
        "a claims => claimed by a
         a starts => ignored: claimed
         b starts => started by b
         a answers pass => answered by a
         a answers pass by lease => ignored: duplicate
         b answers pass => answered by b; done build pass/succeeded; finished pass/succeeded; frees",
    );
}

#[test]
fn a_lost_lease_is_a_new_attempt_and_the_old_holder_is_ignored() {
    let mut driver = Driver::of("build");
    driver.check(
        "a claims for 30s => claimed by a
         b starts => started by b
         29s pass =>
         1s pass => build #1 lease lost; offers build #2
         a answers build#1 pass by lease => ignored: build #1 over
         b answers build#1 pass => ignored: build #1 over
         a claims => claimed by a
         a answers pass by lease => answered by a; done build pass/succeeded; finished pass/succeeded; frees",
    );
    let past = &driver.sequence.done[0].past[0];
    assert_eq!(past.message, "'a', which had claimed task 'build', gave no sign of life for 30 s");
}

#[test]
fn the_third_lost_lease_ends_the_attempt_as_a_timeout_does() {
    let lost = "a claims for 30s => claimed by a\n 30s pass => build #1 lease lost; offers build #2
                a claims for 30s => claimed by a\n 30s pass => build #2 lease lost; offers build #3
                a claims for 30s => claimed by a\n";
    let mut driver = Driver::of("build");
    driver.check(&format!("{lost} 30s pass => build timed_out; timed out fail/errored; frees"));
    assert!(driver.said_at_the_end().ends_with("; that was the last of 3 leases"), "{}", driver.said_at_the_end());
    // It is counted apart from the attempts of `retry`, and anew after each of them.
    Driver::yaml("tasks: [{name: build, retry: {attempts: 2, backoff: 1m}}]").check(&format!(
        "{lost} 30s pass => build #3 timed out
         1m pass => offers build #4
         a claims for 30s => claimed by a
         30s pass => build #4 lease lost; offers build #5
         a claims for 30s => claimed by a
         30s pass => build #5 lease lost; offers build #6
         a claims for 30s => claimed by a
         30s pass => build timed_out; timed out fail/errored; frees"
    ));
    Driver::yaml("tasks: [{name: build, retry: {attempts: 2}}]").check(
        "a claims for 30s => claimed by a
         30s pass => build #1 lease lost; offers build #2
         a claims for 30s => claimed by a
         30s pass => build #2 lease lost; offers build #3
         a starts => started by a
         a answers fail => answered by a; build #3 failed; offers build #4
         a claims for 30s => claimed by a
         30s pass => build #4 lease lost; offers build #5",
    );
}

#[test]
fn a_release_offers_the_same_attempt_again() {
    let mut driver = Driver::of("build");
    driver.check("a claims => claimed by a\n a releases => released by a");
    assert!(driver.attempt().events.is_empty() && driver.attempt().leases.is_empty());
    let first = driver.lease_of("a");
    driver.check(
        "a answers pass by lease => ignored: lease over
         a releases =>
         b claims => claimed by b
         a claims => claimed by a",
    );
    let id = driver.id_of(None);
    assert_eq!(
        (driver.offers.len(), driver.lease_of("b"), driver.lease_of("a")),
        (1, format!("{id}.2"), format!("{id}.3"))
    );
    assert_eq!((first.as_str(), Lease::triggered_id(&first)), (&*format!("{id}.1"), Some(&*id)));
    driver.check(
        "a answers pass by lease => answered by a
         b releases => released by b; done build pass/succeeded; finished pass/succeeded; frees",
    );
}

#[test]
fn what_nobody_takes_up_after_a_release_has_its_start_deadline() {
    Driver::yaml("tasks: [{name: build, startTimeout: 5m, timeout: 1h}]").check(
        "4m pass =>
         a claims for 20m => claimed by a
         10m pass =>
         a releases => released by a
         4m59s pass =>
         1s pass => build timed_out; timed out fail/errored; frees",
    );
    Driver::yaml("tasks: [{name: build, timeout: 20m}]").check(
        "b starts => started by b
         a claims for 1h => claimed by a
         10m pass =>
         a releases => released by a
         9m59s pass =>
         1s pass => build timed_out; timed out fail/errored; frees",
    );
}

#[test]
fn whatever_is_heard_of_the_holder_renews_its_lease() {
    Driver::of("build").check(
        "a claims for 30s => claimed by a
         20s pass =>
         a works => sign of a
         29s pass =>
         b works => sign of b
         1s pass => build #1 lease lost; offers build #2",
    );
}

#[test]
fn leases_stand_still_in_a_pause_and_may_be_renewed_and_given_back_in_it() {
    let mut driver = Driver::of("build");
    driver.check(
        "a claims for 30s => claimed by a
         20s pass =>
         pause => paused; frees
         10h pass =>
         resume => resumed; wants; holds
         9s pass =>
         pause => paused; frees
         a beats => sign of a
         b claims for 30s => claimed by b
         resume => resumed; wants; holds
         29s pass =>
         pause => paused; frees
         a releases => released by a
         b releases => released by b",
    );
    assert_eq!(driver.attempt().deadline, Deadline::Left(SignedDuration::from_mins(10)));
    driver.check("resume => resumed; wants; holds\n 10m pass => build timed_out; timed out fail/errored; frees");
}

#[test]
fn after_a_restart_and_with_a_clock_set_back_a_lease_has_one_full_term() {
    Driver::of("build").check(
        "a claims for 30s => claimed by a
         20s pass =>
         restart =>
         10s pass => deadline moved; deadline moved
         19s pass =>
         1s pass => build #1 lease lost; offers build #2",
    );
    Driver::of("build").check(
        "a claims for 30s => claimed by a
         20s pass =>
         clock back 1h => deadline moved; deadline moved
         29s pass =>
         1s pass => build #1 lease lost; offers build #2",
    );
}

#[test]
fn a_heartbeat_of_before_the_clock_was_set_back_is_not_fresh() {
    let mut driver = Driver::of("build");
    driver.check("a claims for 30s => claimed by a");
    let lease = &driver.attempt().leases[0];
    let second = |seconds| driver.at + SignedDuration::from_secs(seconds);
    assert!(lease.is_fresh(second(0)) && lease.is_fresh(second(9)));
    assert!(!lease.is_fresh(second(10)) && !lease.is_fresh(second(-1)));
}

#[test]
fn a_claimed_approval_waits_for_ever_but_its_lease_does_not() {
    Driver::of("approval").check(
        "a claims for 30s => claimed by a
         30s pass => approval #1 lease lost; wants; holds; offers approval #2; frees
         a claims for 30s => claimed by a
         a releases => released by a
         10m pass => approval timed_out; timed out fail/errored",
    );
}

#[test]
fn two_leases_lost_at_once_are_one() {
    Driver::of("build").check(
        "a claims for 30s => claimed by a
         b claims for 30s => claimed by b
         40s pass => build #1 lease lost; offers build #2",
    );
}

#[test]
fn what_is_offered_no_more_cannot_be_claimed() {
    Driver::of("build").check("abort => aborted pass/aborted; frees\n a claims =>");
    Driver::yaml("tasks: [{name: build, retry: {attempts: 2, backoff: 1m}}]").check(
        "a claims => claimed by a
         a answers fail by lease => answered by a; build #1 failed
         b claims =>
         1m pass => offers build #2
         b claims build#1 =>
         a claims => claimed by a",
    );
}

#[test]
fn nobody_answers_in_the_place_of_who_holds_a_lease() {
    let mut driver = Driver::of("build, check");
    driver.check(
        "w claims => claimed by w
         pol answers warning => answered by pol
         w beats => sign of w
         w answers pass by lease => answered by w; done build warning/succeeded; next check; offers check",
    );
    Driver::of("build, check").check(
        "w claims => claimed by w
         pol answers pass => answered by pol
         pol starts => started by pol
         w answers pass by lease => answered by w; done build pass/succeeded; next check; offers check",
    );
}
