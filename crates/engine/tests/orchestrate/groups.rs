//! `parallel` and `join`: tasks side by side.

use capstan_engine::orchestrate::{Input, Limits, ReactionKind, Slot, TimerKind};
use jiff::SignedDuration;
use serde_json::json;

use super::driver::{Driver, START, birth, written};

const ALL: &str = "tasks: [{name: a1, parallel: g}, {name: a2, parallel: g}, {name: last}]";
const ANY: &str = "tasks: [{name: a1, parallel: g, join: any}, {name: a2, parallel: g}, {name: last}]";

#[test]
fn a_group_is_over_when_all_of_it_is_and_the_worst_counts() {
    let mut driver = Driver::yaml(ALL);
    assert_eq!(driver.offers.len(), 2);
    driver.check(
        "t starts a1 => started by t
         u starts a2 => started by u
         u answers a2 warning => answered by u; done a2 warning/succeeded
         u starts a2 => ignored: a2 over
         t answers a1 pass => answered by t; done a1 pass/succeeded; next last; offers last",
    );
    assert_eq!(driver.offered("last")["result"], "warning");
}

#[test]
fn one_that_fails_lets_the_others_go_on_and_ends_the_sequence_then() {
    Driver::yaml(ALL).check(
        "t starts a1 => started by t
         t answers a1 fail => answered by t; done a1 fail/succeeded
         u starts a2 => started by u
         u answers a2 pass => answered by u; done a2 pass/succeeded; finished fail/succeeded; frees",
    );
}

#[test]
fn answers_merge_in_the_order_of_declaration() {
    let mut driver = Driver::yaml(ALL);
    let order = |word: &str| json!({ "result": "pass", "status": "succeeded", "word": word, "list": [word] });
    for (tool, task) in [("u", "a2"), ("t", "a1")] {
        driver.line(&format!("{tool} starts {task}"));
        let id = driver.id_of(Some(task));
        let kind = ReactionKind::Finished;
        let reaction = driver.reaction(tool, kind, &id, order(task));
        driver.hear(&Input::Reaction(reaction));
    }
    let last = driver.offered("last");
    assert_eq!((&last["word"], &last["list"]), (&json!("a2"), &json!(["a2", "a1"])));
}

#[test]
fn none_of_a_group_sees_what_those_beside_it_came_to() {
    // Of the first it is known at once that it cannot be judged.
    let definition =
        written("tasks: [{name: a1, parallel: g, when: size > 1}, {name: a2, parallel: g, when: result == null}]");
    let driver = Driver::new(birth(definition, json!({ "size": "x" })));
    assert_eq!(driver.offers.len(), 1);
    assert_eq!(driver.offered("a2").get("result"), None);
    // One that is tried again later is offered the same once more.
    let mut driver = Driver::yaml("tasks: [{name: a1, parallel: g, retry: {attempts: 2}}, {name: a2, parallel: g}]");
    driver.check(
        "u starts a2 => started by u
         u answers a2 warning => answered by u; done a2 warning/succeeded
         t starts a1 => started by t
         t answers a1 fail => answered by t; a1 #1 failed; offers a1 #2",
    );
    assert_eq!(driver.offers[0].data, driver.offers[2].data);
}

#[test]
fn any_one_is_enough_and_the_others_are_cancelled() {
    let mut driver = Driver::yaml(ANY);
    driver.check(
        "t starts a1 => started by t
         u claims a2 => claimed by u
         t answers a1 pass => answered by t; done a1 pass/succeeded; a2 cancelled; next last; offers last
         u answers a2 pass => ignored: a2 over
         u answers a2 pass by lease => ignored: a2 over
         u beats =>
         u releases =>",
    );
    assert_eq!(driver.sequence.done[1].message, "'a1' was enough");
}

#[test]
fn of_a_group_of_which_any_is_enough_all_have_to_fail() {
    let mut driver = Driver::yaml(ANY);
    driver.check(
        "t starts a1 => started by t
         t answers a1 fail => answered by t; done a1 fail/succeeded
         10m pass => a2 timed_out; timed out fail/errored; frees",
    );
    let mut driver = Driver::yaml(ANY);
    driver.check(
        "10m pass => a1 timed_out; a2 timed_out; timed out fail/errored; frees
         t starts a1 => ignored: timed out",
    );
    assert_eq!(driver.said_at_the_end(), "nobody started on 'sh.keptn.event.a1.triggered' within 10 min");
    Driver::yaml(ANY).check(
        "t starts a1 => started by t
         u starts a2 => started by u
         t answers a1 fail => answered by t; done a1 fail/succeeded
         u answers a2 warning => answered by u; done a2 warning/succeeded; next last; offers last",
    );
}

#[test]
fn what_a_loser_has_said_is_shown_and_not_merged() {
    let mut driver = Driver::yaml(ANY);
    driver.check(
        "t starts a1 => started by t
         u starts a2 => started by u",
    );
    let loser = driver.id_of(Some("a1"));
    let data = json!({ "result": "fail", "status": "succeeded", "message": "no room", "loser": 1 });
    let reaction = driver.reaction("t", ReactionKind::Finished, &loser, data);
    driver.hear(&Input::Reaction(reaction));
    driver.answers("u", json!({ "result": "pass", "status": "succeeded", "winner": 1 }));
    let last = driver.offers.last().unwrap();
    assert_eq!((last.data.get("loser"), last.data.get("winner")), (None, Some(&json!(1))));
    assert_eq!(driver.sequence.done[0].message, "no room");
}

#[test]
fn a_timeout_in_a_group_is_one_of_its_task() {
    Driver::yaml("tasks: [{name: a1, parallel: g, join: any, timeout: 5m}, {name: a2, parallel: g}]").check(
        "t starts a1 => started by t
         u starts a2 => started by u
         5m pass => a1 timed_out
         u answers a2 pass => answered by u; done a2 pass/succeeded; finished pass/succeeded; frees",
    );
}

#[test]
fn a_task_of_a_group_is_tried_again_by_itself() {
    Driver::yaml(
        "tasks: [{name: a1, parallel: g, join: any, retry: {attempts: 2, backoff: 5m}}, {name: a2, parallel: g}]",
    )
    .check(
        "t starts a1 => started by t
         t answers a1 fail => answered by t; a1 #1 failed
         u starts a2 => started by u
         5m pass => offers a1 #2
         t starts a1 => started by t
         t answers a1 pass => answered by t; done a1 pass/succeeded; a2 cancelled; finished pass/succeeded; frees",
    );
    // One that waits for its next attempt is called off.
    let mut driver = Driver::yaml(
        "tasks: [{name: a1, parallel: g, join: any, retry: {attempts: 2, backoff: 5m}}, {name: a2, parallel: g}, {name: last}]",
    );
    driver.check(
        "t starts a1 => started by t
         t answers a1 fail => answered by t; a1 #1 failed
         u starts a2 => started by u
         u answers a2 pass => answered by u; done a2 pass/succeeded; a1 cancelled; next last; offers last
         5m pass =>",
    );
    assert_eq!(driver.sequence.done[0].past.len(), 1);
}

#[test]
fn the_slot_is_left_when_nothing_but_a_person_is_waited_for() {
    let mut driver = Driver::yaml(
        "tasks: [{name: approval, parallel: g}, {name: a2, parallel: g, retry: {attempts: 2, backoff: 1m}}, {name: last}]",
    );
    driver.check(
        "x starts approval => started by x
         t starts a2 => started by t
         t answers a2 fail => answered by t; a2 #1 failed
         1m pass => offers a2 #2
         t starts a2 => started by t
         t answers a2 pass => answered by t; done a2 pass/succeeded; frees
         24h pass => reminds
         me answers approval pass => answered by me; done approval pass/succeeded; next last; wants; holds; offers last",
    );
    Driver::yaml("tasks: [{name: approval, parallel: g}, {name: a2, parallel: g}]").check(
        "x starts approval => started by x
         me answers approval pass => answered by me; done approval pass/succeeded
         t starts a2 => started by t
         t answers a2 pass => answered by t; done a2 pass/succeeded; finished pass/succeeded; frees",
    );
}

#[test]
fn of_several_delays_the_earliest_wakes() {
    let mut driver = Driver::yaml(
        "tasks: [{name: a1, parallel: g, triggeredAfter: 10m}, {name: a2, parallel: g, triggeredAfter: 5m}, {name: a3, parallel: g}]",
    );
    assert_eq!((driver.offers.len(), driver.timers[&TimerKind::Delay]), (1, START + SignedDuration::from_mins(5)));
    driver.check(
        "5m pass => offers a2
         4m59s pass =>
         1s pass => offers a1; a3 timed_out",
    );
    let mut driver = Driver::yaml(
        "tasks: [{name: a1, parallel: g, triggeredAfter: 10m}, {name: a2, parallel: g, triggeredAfter: 5m}]",
    );
    driver.check(
        "pause => paused; frees
         7m pass =>
         resume => resumed; wants; holds; offers a2
         2m59s pass =>
         1s pass => offers a1",
    );
}

#[test]
fn members_are_skipped_each_by_itself() {
    Driver::yaml("tasks: [{name: a1, parallel: g, when: false}, {name: a2, parallel: g}, {name: last}]").check(
        "t starts a2 => started by t
         t answers a2 pass => answered by t; done a2 pass/succeeded; next last; offers last",
    );
    Driver::yaml("tasks: [{name: a1, parallel: g, join: any}, {name: a2, parallel: g, when: false}, {name: last}]")
        .check(
            "t starts a1 => started by t
         t answers a1 fail => answered by t; done a1 fail/succeeded; finished fail/succeeded; frees",
        );
    let mut driver = Driver::yaml(
        "tasks: [{name: a1, parallel: g, when: false}, {name: a2, parallel: g, when: false}, {name: last}]",
    );
    driver.check("t starts last => started by t");
    assert_eq!(driver.sequence.done.len(), 2);
}

#[test]
fn what_is_too_much_together_fails_the_answer_that_makes_it_so() {
    let limits = Limits { payload: 1_000, ..Limits::default() };
    let mut driver = Driver::under(birth(written(ALL), json!({})), limits, true);
    let text = |n: usize| "x".repeat(n);
    for (tool, task) in [("t", "a1"), ("u", "a2")] {
        driver.line(&format!("{tool} starts {task}"));
        let id = driver.id_of(Some(task));
        let data = json!({ "result": "pass", "status": "succeeded", task: text(500) });
        let reaction = driver.reaction(tool, ReactionKind::Finished, &id, data);
        driver.hear(&Input::Reaction(reaction));
    }
    assert!(driver.sequence.is_over());
    assert!(driver.said_at_the_end().starts_with("the answer of 'u' to task 'a2' cannot be passed on: "));
}

#[test]
fn one_that_cannot_be_offered_ends_its_group_with_the_rest() {
    let limits = Limits { payload: 400, ..Limits::default() };
    let definition = written(&format!(
        "tasks: [{{name: a1, parallel: g, properties: {{x: {}}}}}, {{name: a2, parallel: g}}, {{name: end, finally: true}}]",
        "y".repeat(400)
    ));
    let mut driver = Driver::under(birth(definition, json!({})), limits, true);
    driver.check(
        "t starts a2 => started by t
         t answers a2 pass => answered by t; done a2 pass/succeeded; closing fail/errored; next end; offers end",
    );
    assert_eq!(driver.sequence.slot, Slot::Held);
}
