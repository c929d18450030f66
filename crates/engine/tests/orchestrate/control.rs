//! Pause, resume and abort.

use capstan_engine::orchestrate::{Deadline, Input};
use jiff::SignedDuration;
use serde_json::Value;

use super::driver::{Driver, birth, definition};

#[test]
fn scenario_22_the_open_task_may_end_and_no_further_one_is_offered() {
    let mut driver = Driver::of("build, check");
    driver.check(
        "a starts => started by a
         pause => paused; frees
         a answers pass => answered by a; done build pass/succeeded; next check
         resume => resumed; wants; holds; offers check",
    );
}

#[test]
fn the_deadline_of_a_paused_one_stands_still_and_it_reminds() {
    let mut driver = Driver::of("build");
    driver.check("4m pass =>\n pause => paused; frees");
    assert_eq!(driver.attempt().deadline, Deadline::Left(SignedDuration::from_mins(6)));
    driver.check(
        "24h pass => reminds
         30h pass => reminds
         resume => resumed; wants; holds
         5m59s pass =>
         1s pass => build timed_out; timed out fail/errored; frees",
    );
}

#[test]
fn what_is_heard_in_a_pause_counts_and_its_deadline_begins_with_the_resume() {
    let mut driver = Driver::of("build");
    driver.check(
        "pause => paused; frees
         a starts => started by a",
    );
    assert_eq!(driver.attempt().deadline, Deadline::Left(SignedDuration::from_hours(24)));
    driver.check(
        "100h pass => reminds; reminds; reminds; reminds
         resume => resumed; wants; holds
         23h59m pass =>
         1m pass => build timed_out; timed out fail/errored; frees",
    );
}

#[test]
fn a_paused_one_may_end_and_be_aborted() {
    Driver::of("build").check(
        "a starts => started by a
         pause => paused; frees
         a answers pass => answered by a; done build pass/succeeded; finished pass/succeeded",
    );
    Driver::of("build").check("pause => paused; frees\n abort => aborted pass/aborted");
}

#[test]
fn what_is_said_twice_is_said_once() {
    Driver::of("build").check(
        "resume =>
         pause => paused; frees
         pause =>
         resume => resumed; wants; holds
         resume =>
         abort => aborted pass/aborted; frees
         abort =>",
    );
}

#[test]
fn an_open_approval_is_paused_and_resumed_without_a_slot() {
    Driver::of("approval, release").check(
        "a starts => started by a
         pause => paused
         24h pass => reminds
         resume => resumed
         24h pass => reminds
         me answers pass => answered by me; done approval pass/succeeded; next release; wants; holds; offers release",
    );
    Driver::of("approval, release").check(
        "a starts => started by a
         pause => paused
         me answers pass => answered by me; done approval pass/succeeded; next release
         resume => resumed; wants; holds; offers release",
    );
}

#[test]
fn one_that_is_born_into_a_pause_waits_for_the_resume() {
    let mut birth = birth(definition("build"), Value::Null);
    birth.paused = true;
    Driver::new(birth).check(
        "24h pass => reminds
         resume => resumed; wants; holds; next build; offers build",
    );
}

#[test]
fn an_abort_ends_as_v1_has_it() {
    let mut driver = Driver::of("build, check");
    driver.check("a starts => started by a\n abort => aborted pass/aborted; frees");
    let end = &driver.published[0];
    assert_eq!(end.kind, "sh.keptn.event.dev.delivery.finished");
    assert_eq!(end.triggered_id.as_deref(), Some("trigger"));
    assert_eq!((end.data["status"].as_str(), end.data["result"].as_str()), (Some("aborted"), Some("pass")));
    assert_eq!((driver.published.len(), driver.follows), (1, 0));
    assert_eq!(driver.hear(&Input::Control(capstan_engine::orchestrate::Control::Abort)).effects, []);
}

#[test]
fn after_a_restart_the_deadline_of_a_paused_one_has_a_full_term_too() {
    Driver::of("build").check(
        "9m pass =>
         pause => paused; frees
         1h pass =>
         restart =>
         30s pass =>
         resume => resumed; wants; holds
         1m pass => deadline moved
         8m30s pass => build timed_out; timed out fail/errored; frees",
    );
}
