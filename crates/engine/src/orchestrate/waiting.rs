//! What a sequence waits for (house rule: nothing waits without a clock). Whoever shows it draws on this and on nothing else.

use capstan_model::duration;
use capstan_model::shipyard;
use jiff::Timestamp;
use serde::Serialize;

use super::queue::Queue;
use super::sequence::{Attempt, Deadline, Phase, Sequence, Slot};

/// How often is a limit of whoever runs the sequence; its state does not hold it.
const REMINDS: &str = "it reminds of that, as a rule daily";

/// Something that has to happen before a sequence goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// What.
    #[serde(rename = "for")]
    pub awaited: Awaited,
    /// Name of the task that waits; none where the sequence as a whole does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// On whom it depends; empty where anybody may take it up, or time alone has to pass.
    pub holders: Vec<Holder>,
    /// When anything was last heard of it or, after [`Waiting::with_holders`], of those that hold it.
    pub last_sign: Timestamp,
    /// When the consequence comes; none where there is no end to the waiting, or its clock stands still.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
    /// What follows, or what would end it; a sentence.
    pub consequence: String,
}

/// What a sequence can wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Awaited {
    /// A task is offered, nobody has taken it up.
    #[serde(rename = "tool to start")]
    ToolToStart,
    /// Somebody is at work.
    #[serde(rename = "tool to finish")]
    ToolToFinish,
    /// Somebody has to decide.
    #[serde(rename = "approval")]
    Approval,
    /// Another run has its turn on the service in the stage.
    #[serde(rename = "slot")]
    Slot,
    /// The task is to be offered later.
    #[serde(rename = "delay")]
    Delay,
    /// It is paused.
    #[serde(rename = "resume")]
    Resume,
}

/// On whom something depends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", content = "name", rename_all = "snake_case")]
pub enum Holder {
    /// A tool, by the source of its events.
    Tool(String),
    /// The run ahead, by its context.
    Run(String),
    /// A person, whoever that may be.
    Person,
}

/// What a sequence waits for; nothing once it is over. `queue` is that of its project, stage and service. Total and pure.
///
/// A paused one waits for its resume, and for what goes on meanwhile. One that came back while its task was open waits for
/// its turn and for the task.
pub fn waiting(sequence: &Sequence, queue: &Queue, now: Timestamp) -> Vec<Waiting> {
    if sequence.is_over() {
        return Vec::new();
    }
    let mut all = Vec::new();
    if sequence.paused {
        all.push(resume(sequence));
    } else if sequence.slot == Slot::Wanted {
        all.push(slot(sequence, queue));
    }
    match &sequence.phase {
        Phase::Task(attempt) => all.push(tool(sequence, attempt)),
        // One that has elapsed while nothing else stands against it is still to be worked off, as after a restart.
        Phase::Ready { task, due: Some(due) } if *due > now || all.is_empty() => all.push(delay(sequence, *task, *due)),
        Phase::Ready { .. } | Phase::Queued | Phase::Ended(_) => {}
    }
    all
}

impl Waiting {
    /// Takes the last sign from the sequences that hold the slot, which the queue knows by name alone. What waits for
    /// anything else stays as it is.
    #[must_use]
    pub fn with_holders(mut self, holders: &[Sequence]) -> Self {
        let last_sign = holders.iter().map(last_sign).max().filter(|_| self.awaited == Awaited::Slot);
        self.last_sign = last_sign.unwrap_or(self.last_sign);
        self
    }
}

/// One without holders and without a deadline.
fn entry(sequence: &Sequence, awaited: Awaited, task: Option<&str>, consequence: String) -> Waiting {
    let (task, last_sign) = (task.map(str::to_owned), last_sign(sequence));
    Waiting { awaited, task, holders: Vec::new(), last_sign, deadline: None, consequence }
}

fn resume(sequence: &Sequence) -> Waiting {
    let consequence = format!("it stands still, with its deadlines, until somebody resumes or aborts it; {REMINDS}");
    Waiting { holders: vec![Holder::Person], ..entry(sequence, Awaited::Resume, None, consequence) }
}

fn slot(sequence: &Sequence, queue: &Queue) -> Waiting {
    // Whoever holds the slot is of one run.
    let ahead = queue.held.first().map(|place| place.context.clone());
    let goes_on = match ahead {
        Some(_) => "it goes on as soon as the run ahead has left the service in this stage",
        None => "it goes on as soon as it has its turn on the service in this stage",
    };
    let consequence = match turns_before(sequence, queue) {
        0 => goes_on.to_owned(),
        1 => format!("{goes_on} and 1 more turn is over"),
        turns => format!("{goes_on} and {turns} more turns are over"),
    };
    let holders = ahead.into_iter().map(Holder::Run).collect();
    Waiting { holders, ..entry(sequence, Awaited::Slot, None, consequence) }
}

/// How often the slot changes hands before it comes to this sequence. Sequences of one run that stand side by side take
/// their turn together.
fn turns_before(sequence: &Sequence, queue: &Queue) -> usize {
    let before = queue.waiting.iter().take_while(|place| place.sequence != sequence.id);
    let mut runs: Vec<&str> = before.map(|place| place.context.as_str()).collect();
    runs.dedup();
    runs.len() - usize::from(runs.last() == Some(&sequence.scope.context.as_str()))
}

fn delay(sequence: &Sequence, task: usize, due: Timestamp) -> Waiting {
    let name = sequence.name_of(task);
    let consequence = format!("task '{name}' is offered then, if nothing else stands against it");
    Waiting { deadline: Some(due), ..entry(sequence, Awaited::Delay, Some(name), consequence) }
}

fn tool(sequence: &Sequence, attempt: &Attempt) -> Waiting {
    let name = sequence.name_of(attempt.task);
    let (awaited, holders) = match attempt.deadline {
        Deadline::None => (Awaited::Approval, vec![Holder::Person]),
        _ if attempt.started() == 0 => (Awaited::ToolToStart, Vec::new()),
        _ => {
            let tools = attempt.holders().into_iter().map(|tool| Holder::Tool(tool.to_owned()));
            (Awaited::ToolToFinish, tools.collect())
        }
    };
    let (deadline, consequence) = match attempt.deadline {
        Deadline::None => {
            let until = format!("until '{name}.finished' comes with result 'pass' or 'fail'");
            (None, format!("it stays open {until}, others may go on meanwhile; {REMINDS}"))
        }
        Deadline::Left(left) => {
            let left = duration::display_seconds(left.as_secs());
            (None, format!("its clock stands still with {left} left, and runs on after the resume"))
        }
        Deadline::At(at) => {
            let silent = if awaited == Awaited::ToolToStart { "nobody has started on" } else { "nothing is heard of" };
            let end = "the sequence ends as timed out, errored with result 'fail'";
            (Some(at), format!("if {silent} '{name}' by then, {end}"))
        }
    };
    Waiting { holders, deadline, ..entry(sequence, awaited, Some(name), consequence) }
}

/// When anything was last heard of a sequence, as far as its state tells.
fn last_sign(sequence: &Sequence) -> Timestamp {
    match &sequence.phase {
        Phase::Task(attempt) => attempt.last_sign,
        Phase::Ready { task, due: Some(due) } => {
            // The delay began when the task before it was done.
            let delay = sequence.definition.tasks.get(*task).map(shipyard::Task::delay).unwrap_or_default();
            due.saturating_sub(delay).map_or(sequence.triggered_at, |began| began.max(sequence.triggered_at))
        }
        Phase::Ended(ending) => ending.at,
        Phase::Queued | Phase::Ready { due: None, .. } => sequence.triggered_at,
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use serde_json::{Map, Value, json};

    use super::*;
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
            let birth = Birth {
                id: "mine".to_owned(),
                scope: serde_json::from_str::<Scope>(scope).unwrap(),
                definition: shipyard::Sequence { name: "delivery".to_owned(), tasks, ..shipyard::Sequence::default() },
                input: Map::new(),
                ordinal: 5,
                paused: false,
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
            self.hear(&Input::Reaction(Reaction {
                event_id: String::new(),
                event_type: String::new(),
                kind,
                source: source.to_owned(),
                context: "own".to_owned(),
                triggered_id: self.sequence.attempt().unwrap().triggered_id.clone(),
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
        Queue { held: held.iter().map(place).collect(), waiting: waiting.iter().map(place).collect() }
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
        assert_eq!(
            both.iter().map(|waits| waits.awaited).collect::<Vec<_>>(),
            [Awaited::Resume, Awaited::ToolToFinish]
        );
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
}
