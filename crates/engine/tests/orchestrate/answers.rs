//! What tools say, in every order.

use capstan_engine::orchestrate::{Deadline, Input, ReactionKind};
use jiff::SignedDuration;
use serde_json::json;

use super::driver::{Driver, START};

#[test]
fn scenario_02_an_answer_before_its_start_waits_for_it() {
    Driver::of("build, check").check(
        "a answers pass => answered by a
         2s pass =>
         a starts => started by a; done build pass/succeeded; next check; offers check",
    );
}

#[test]
fn scenario_05_nothing_goes_on_before_all_that_started_have_answered() {
    Driver::of("build, check").check(
        "a starts => started by a
         b starts => started by b
         a answers fail => answered by a
         b answers pass => answered by b; done build fail/succeeded; finished fail/succeeded; frees",
    );
}

#[test]
fn two_starts_and_two_answers_of_one_source_are_two_tools() {
    Driver::of("build, check").check(
        "a starts => started by a
         a starts => started by a
         a answers pass => answered by a
         a answers warning => answered by a; done build warning/succeeded; next check; offers check",
    );
}

#[test]
fn an_answer_more_than_there_were_starts_is_ignored() {
    Driver::of("build, check").check(
        "a starts => started by a
         b starts => started by b
         a answers pass => answered by a
         a answers fail => ignored: duplicate
         b answers pass => answered by b; done build pass/succeeded; next check; offers check",
    );
}

#[test]
fn an_early_answer_that_comes_twice_is_one() {
    Driver::of("build, check").check(
        "a answers pass => answered by a
         a answers pass => ignored: duplicate
         a starts => started by a; done build pass/succeeded; next check; offers check",
    );
    // Those of others are not answered by it.
    Driver::of("build").check(
        "b starts => started by b
         c starts => started by c
         a answers pass => answered by a
         a answers pass => ignored: duplicate",
    );
}

#[test]
fn whoever_never_started_may_answer_for_another() {
    Driver::of("approval").check(
        "approval-service starts => started by approval-service
         me answers fail => answered by me; done approval fail/succeeded; finished fail/succeeded",
    );
}

#[test]
fn an_answer_that_nobody_started_on_ends_with_the_start_deadline() {
    let mut driver = Driver::of("build");
    driver.check(
        "5m pass =>
         a answers pass => answered by a
         5m pass => build timed_out; timed out fail/errored; frees
         a starts => ignored: timed out",
    );
    let message = driver.published[0].data["message"].as_str().unwrap();
    assert_eq!(message, "'sh.keptn.event.build.triggered' was answered, but nobody started on it within 10 min");
}

#[test]
fn what_comes_after_the_task_is_ignored() {
    Driver::of("build, check").check(
        "a starts => started by a
         a answers pass => answered by a; done build pass/succeeded; next check; offers check
         b starts build => ignored: build over
         b works build => ignored: build over
         b answers build fail => ignored: build over
         a starts => started by a",
    );
}

#[test]
fn what_comes_after_the_end_is_ignored() {
    Driver::of("build").check(
        "a starts => started by a
         a answers pass => answered by a; done build pass/succeeded; finished pass/succeeded; frees
         a answers pass => ignored: finished
         b starts => ignored: finished
         b works => ignored: finished
         pause =>
         resume =>
         abort =>
         grant =>
         72h pass =>",
    );
    Driver::of("build").check("abort => aborted pass/aborted; frees\n a answers pass => ignored: aborted");
}

#[test]
fn another_run_or_project_is_none_of_its_business() {
    let mut driver = Driver::of("build");
    let id = driver.id_of(None);
    let mut reaction = driver.reaction("a", ReactionKind::Started, &id, json!({}));
    reaction.context = "another".to_owned();
    let facts = driver.hear(&Input::Reaction(reaction)).facts;
    assert!(format!("{facts:?}").contains("WrongScope { attribute: \"shkeptncontext\""), "{facts:?}");
    let reaction = driver.reaction("a", ReactionKind::Started, &id, json!({ "project": "q" }));
    let facts = driver.hear(&Input::Reaction(reaction)).facts;
    assert!(format!("{facts:?}").contains("WrongScope { attribute: \"data.project\""), "{facts:?}");
    assert_eq!(driver.attempt().events.len(), 0);
}

#[test]
fn holders_are_those_who_owe_an_answer() {
    let mut driver = Driver::of("build");
    driver.check(
        "a starts => started by a
         b starts => started by b
         a starts => started by a
         a answers pass => answered by a",
    );
    assert_eq!(driver.attempt().holders(), ["b", "a"]);
    driver.check("x answers pass => answered by x");
    assert_eq!(driver.attempt().holders(), ["a"]);
}

#[test]
fn scenario_18_nobody_starts() {
    let mut driver = Driver::of("build");
    driver.check("9m59s pass =>\n 1s pass => build timed_out; timed out fail/errored; frees");
    let end = &driver.published[0];
    assert_eq!(end.data["message"], "nobody started on 'sh.keptn.event.build.triggered' within 10 min");
    assert_eq!((end.data["status"].as_str(), end.data["result"].as_str()), (Some("errored"), Some("fail")));
    assert_eq!(driver.follows, 0);
}

#[test]
fn corner_03_a_tool_that_dies_is_missed_after_its_last_sign_of_life() {
    let mut driver = Driver::of("build");
    driver.check(
        "a starts => started by a
         23h pass =>
         a works => sign of a
         23h pass =>
         a works => sign of a
         23h59m pass =>
         1m pass => build timed_out; timed out fail/errored; frees",
    );
    let message = driver.published[0].data["message"].as_str().unwrap();
    assert_eq!(message, "'a' started on 'sh.keptn.event.build.triggered' and gave no sign of life for 1 d");
}

#[test]
fn a_sign_of_life_before_the_start_renews_the_start_deadline() {
    Driver::of("build").check(
        "9m pass =>
         a works => sign of a
         9m pass =>
         1m pass => build timed_out; timed out fail/errored; frees",
    );
}

#[test]
fn after_a_restart_a_deadline_has_one_full_term() {
    let mut driver = Driver::of("build");
    driver.check(
        "8m pass =>
         restart =>
         2m pass => deadline moved
         7m59s pass =>
         1s pass => build timed_out; timed out fail/errored; frees",
    );
    let mut driver = Driver::of("build");
    driver.check(
        "a starts => started by a
         20h pass =>
         restart =>
         23h59m pass => deadline moved",
    );
    let expected = Deadline::At(START + SignedDuration::from_hours(44));
    assert_eq!(driver.attempt().deadline, expected);
    driver.check("1m pass => build timed_out; timed out fail/errored; frees");
}
