//! What a sequence waits for, in each state.

use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::json;

use super::*;
use capstan_model::shipyard;

use crate::orchestrate::{
    Birth, Control, Input, Limits, Place, Reaction, ReactionKind, Scope, TimerKind, apply, born, decide,
};

const START: Timestamp = Timestamp::constant(1_700_000_000, 0);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// A sequence of run `own`, and what it waits for by its clock.
struct Case {
    sequence: Sequence,
    at: Timestamp,
}

impl Case {
    /// Triggered; `build, check 10m` are tasks, some with a delay.
    fn triggered(tasks: &str) -> Self {
        let task = |text: &str| {
            let mut words = text.split_whitespace().map(str::to_owned);
            let name = words.next().unwrap();
            shipyard::Task { name, triggered_after: words.next(), ..shipyard::Task::default() }
        };
        let tasks = tasks.split(',').map(task).collect();
        let scope =
            r#"{"project":"p","stage":"dev","service":"svc","context":"own","triggered_id":"","event_type":""}"#;
        let definition = shipyard::Sequence { name: "delivery".to_owned(), tasks, ..shipyard::Sequence::default() };
        let birth = Birth {
            id: "mine".to_owned(),
            scope: serde_json::from_str::<Arc<Scope>>(scope).unwrap(),
            definition: Arc::new(definition),
            input: Arc::default(),
            ordinal: 5,
            paused: false,
            key: None,
            rerun: None,
            done: Vec::new(),
        };
        let mut case = Self { sequence: born(birth, START), at: START };
        case.hear(&Input::Born);
        case
    }

    /// The same with its turn.
    fn of(tasks: &str) -> Self {
        let mut case = Self::triggered(tasks);
        case.hear(&Input::SlotGranted);
        case
    }

    fn hear(&mut self, input: &Input) {
        for fact in decide(&self.sequence, input, self.at, &Limits::default()).facts {
            apply(&mut self.sequence, &fact, self.at);
        }
    }

    /// A minute later a tool says something about the open task.
    fn says(&mut self, source: &str, kind: ReactionKind) {
        self.at += MINUTE;
        let triggered_id = self.sequence.attempts().next().unwrap().1.triggered_id.clone();
        self.hear(&Input::Reaction(Reaction {
            event_id: String::new(),
            event_type: String::new(),
            kind,
            source: source.to_owned(),
            context: "own".to_owned(),
            lease: None,
            triggered_id,
            data: json!({ "project": "p", "stage": "dev", "service": "svc", "result": "pass", "status": "succeeded" }),
        }));
    }

    fn waits(&self) -> Vec<Waiting> {
        waiting(&self.sequence, &Queue::default(), self.at)
    }

    fn only(&self) -> Waiting {
        let mut all = self.waits();
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }
}

fn tools(names: &[&str]) -> Vec<Holder> {
    names.iter().map(|name| Holder::Tool((*name).to_owned())).collect()
}

/// Sequences with their runs.
fn queue(held: &[(&str, &str)], waiting: &[(&str, &str)]) -> Queue {
    let place = |(sequence, context): &(&str, &str)| Place {
        sequence: (*sequence).to_owned(),
        context: (*context).to_owned(),
        ordinal: 0,
    };
    let (held, waiting) = (held.iter().map(place).collect(), waiting.iter().map(place).collect());
    Queue { held, waiting, aside: Vec::new() }
}

#[test]
fn an_offered_task_waits_for_anybody_to_start_on_it() {
    let waits = Case::of("build").only();
    assert_eq!((waits.awaited, waits.task.as_deref()), (Awaited::ToolToStart, Some("build")));
    assert_eq!((waits.holders, waits.last_sign), (Vec::new(), START));
    assert_eq!(waits.deadline, Some(START + MINUTE * 10));
    assert!(waits.consequence.starts_with("if nobody has started on 'build' by then"), "{}", waits.consequence);
}

#[test]
fn of_several_tools_those_hold_it_that_have_not_answered() {
    let mut case = Case::of("build");
    case.says("a", ReactionKind::Started);
    case.says("b", ReactionKind::Started);
    assert_eq!(case.only().holders, tools(&["a", "b"]));
    case.says("a", ReactionKind::Finished);
    let waits = case.only();
    assert_eq!((waits.awaited, waits.holders), (Awaited::ToolToFinish, tools(&["b"])));
    assert_eq!((waits.last_sign, waits.deadline), (case.at, Some(case.at + SignedDuration::from_hours(24))));
    assert!(waits.consequence.contains("nothing is heard of 'build'"), "{}", waits.consequence);
    case.says("b", ReactionKind::Finished);
    assert!(case.waits().is_empty(), "it is over");
}

#[test]
fn an_approval_that_a_tool_has_taken_up_waits_for_a_person_without_end() {
    let mut case = Case::of("approval, build");
    assert_eq!(case.only().awaited, Awaited::ToolToStart);
    case.says("approval-service", ReactionKind::Started);
    let waits = case.only();
    assert_eq!((waits.awaited, waits.task.as_deref()), (Awaited::Approval, Some("approval")));
    assert_eq!((waits.holders, waits.last_sign, waits.deadline), (vec![Holder::Person], case.at, None));
    assert!(waits.consequence.contains("daily") && waits.consequence.contains("'approval.finished'"));
}

#[test]
fn a_queued_one_depends_on_the_run_ahead_and_on_whose_turn_comes_before() {
    let case = Case::triggered("build");
    let waits = |queue| waiting(&case.sequence, &queue, START).remove(0);
    let first = waits(queue(&[("x", "other")], &[("mine", "own"), ("z", "third")]));
    assert_eq!((first.awaited, first.task, first.deadline), (Awaited::Slot, None, None));
    assert_eq!((first.holders, first.last_sign), (vec![Holder::Run("other".to_owned())], START));
    assert!(first.consequence.ends_with("the run ahead has left the service in this stage"));
    for (before, ending) in [
        (&[("y", "third"), ("y2", "third")][..], "stage and 1 more turn is over"),
        (&[("y", "third"), ("z", "fourth")], "stage and 2 more turns are over"),
        (&[("y", "third"), ("mine too", "own")], "stage and 1 more turn is over"),
        (&[("mine too", "own")], "left the service in this stage"),
    ] {
        let waits = waits(queue(&[("x", "other")], &[before, &[("mine", "own")]].concat()));
        assert!(waits.consequence.ends_with(ending), "{before:?}: {}", waits.consequence);
    }
    assert!(waits(Queue::default()).holders.is_empty(), "a queue that knows nothing of it");
}

#[test]
fn the_last_sign_of_a_queued_one_is_that_of_the_run_ahead() {
    let mut ahead = Case::of("build");
    ahead.says("a", ReactionKind::Started);
    let late = Case::of("build");
    let queued = waiting(&Case::triggered("build").sequence, &queue(&[("x", "other")], &[]), START).remove(0);
    assert_eq!(queued.clone().with_holders(&[]), queued);
    assert_eq!(queued.with_holders(&[ahead.sequence.clone(), late.sequence.clone()]).last_sign, ahead.at);
    assert_eq!(late.only().with_holders(&[ahead.sequence]), late.only(), "a tool's own sign counts");
}

#[test]
fn a_delayed_task_waits_for_its_time_and_for_that_to_be_worked_off() {
    let mut case = Case::of("build, check 10m");
    case.says("a", ReactionKind::Started);
    case.says("a", ReactionKind::Finished);
    case.hear(&Input::SlotGranted);
    let (began, due) = (case.at, case.at + MINUTE * 10);
    for passed in [0, 10, 11] {
        case.at = began + MINUTE * passed;
        let waits = case.only();
        assert_eq!((waits.awaited, waits.task.as_deref()), (Awaited::Delay, Some("check")));
        assert_eq!((waits.holders, waits.last_sign, waits.deadline), (Vec::new(), began, Some(due)));
    }
    case.hear(&Input::Timer { kind: TimerKind::Delay, up_since: START });
    assert_eq!(case.only().awaited, Awaited::ToolToStart);
}

#[test]
fn a_paused_one_waits_for_a_person_and_its_deadline_stands_still() {
    let mut case = Case::of("build");
    case.says("a", ReactionKind::Started);
    case.at += MINUTE;
    case.hear(&Input::Control(Control::Pause));
    let both = case.waits();
    assert_eq!(both.iter().map(|waits| waits.awaited).collect::<Vec<_>>(), [Awaited::Resume, Awaited::ToolToFinish]);
    assert_eq!((&both[0].holders, both[0].last_sign), (&vec![Holder::Person], START + MINUTE));
    assert_eq!((&both[1].holders, both[1].deadline), (&tools(&["a"]), None));
    assert!(both[1].consequence.contains("with 23 h 59 min left"), "{}", both[1].consequence);
    case.hear(&Input::Control(Control::Resume));
    let both = case.waits();
    assert_eq!((both[0].awaited, both[1].awaited), (Awaited::Slot, Awaited::ToolToFinish));
    assert_eq!(both[1].deadline, Some(case.at + SignedDuration::from_mins(24 * 60 - 1)));
}

#[test]
fn a_pause_before_the_turn_and_in_an_approval() {
    let mut queued = Case::triggered("build");
    queued.hear(&Input::Control(Control::Pause));
    assert_eq!(queued.only().awaited, Awaited::Resume);
    let mut asked = Case::of("approval");
    asked.says("approval-service", ReactionKind::Started);
    asked.hear(&Input::Control(Control::Pause));
    let both = asked.waits().into_iter().map(|waits| (waits.awaited, waits.holders));
    let by_a_person = |awaited| (awaited, vec![Holder::Person]);
    assert!(both.eq([Awaited::Resume, Awaited::Approval].map(by_a_person)));
    asked.hear(&Input::Control(Control::Abort));
    assert!(asked.waits().is_empty());
}
