//! What a sequence waits for (house rule: nothing waits without a clock). Whoever shows it draws on this and on nothing else.

use capstan_model::duration;
use jiff::Timestamp;
use serde::Serialize;

use super::attempt::{Attempt, AttemptEnd, Deadline, OpenTask, TaskState};
use super::queue::Queue;
use super::sequence::{Phase, Sequence, Slot};

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
    /// The number of the attempt that is open or comes next, from 1; none where the sequence as a whole waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// What a tool that holds it says of its work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<String>,
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
    /// Another run has its turn, as a rule on the service in the stage.
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
    let stands = !all.is_empty();
    for open in sequence.open() {
        match &open.state {
            TaskState::Offered(attempt) => all.push(tool(sequence, open, attempt)),
            // One that has elapsed while nothing else stands against it is still to be worked off, as after a restart.
            TaskState::Ready { due: Some(due) } if *due > now || !stands => all.push(delay(sequence, open, *due)),
            TaskState::Ready { .. } | TaskState::Over(_) => {}
        }
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

/// One without holders and without a deadline; about a task, or about the sequence as a whole.
fn entry(sequence: &Sequence, awaited: Awaited, open: Option<&OpenTask>, consequence: String) -> Waiting {
    Waiting {
        awaited,
        task: open.map(|open| sequence.name_of(open.task).to_owned()),
        attempt: open.map(|open| open.number),
        progress: None,
        holders: Vec::new(),
        last_sign: open.map_or_else(|| last_sign(sequence), |open| last_sign_of(sequence, open)),
        deadline: None,
        consequence,
    }
}

fn resume(sequence: &Sequence) -> Waiting {
    let consequence = format!("it stands still, with its deadlines, until somebody resumes or aborts it; {REMINDS}");
    Waiting { holders: vec![Holder::Person], ..entry(sequence, Awaited::Resume, None, consequence) }
}

fn slot(sequence: &Sequence, queue: &Queue) -> Waiting {
    // Whoever holds the slot is of one run.
    let ahead = queue.held.first().map(|place| place.context.clone());
    let place = match &sequence.key {
        Some(key) => format!("'{key}'"),
        None => "the service in this stage".to_owned(),
    };
    let goes_on = match ahead {
        Some(_) => format!("it goes on as soon as the run ahead has left {place}"),
        None => format!("it goes on as soon as it has its turn on {place}"),
    };
    let consequence = match turns_before(sequence, queue) {
        0 => goes_on,
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

fn delay(sequence: &Sequence, open: &OpenTask, due: Timestamp) -> Waiting {
    let name = sequence.name_of(open.task);
    let what = match open.past.last() {
        None => format!("task '{name}' is offered"),
        Some(_) => format!("attempt {} of task '{name}' is offered", open.number),
    };
    let consequence = format!("{what} then, if nothing else stands against it");
    Waiting { deadline: Some(due), ..entry(sequence, Awaited::Delay, Some(open), consequence) }
}

fn tool(sequence: &Sequence, open: &OpenTask, attempt: &Attempt) -> Waiting {
    let name = sequence.name_of(open.task);
    let asks = attempt.asks && attempt.started() > 0;
    let (awaited, holders) = if asks {
        (Awaited::Approval, vec![Holder::Person])
    } else if attempt.started() == 0 {
        (Awaited::ToolToStart, Vec::new())
    } else {
        let tools = attempt.holders().into_iter().map(|tool| Holder::Tool(tool.to_owned()));
        (Awaited::ToolToFinish, tools.collect())
    };
    // The lease that is lost first, if that comes before the attempt itself is given up.
    let lease = attempt.leases.iter().min_by_key(|lease| lease.deadline.at());
    let lease = lease.filter(|lease| lease.deadline.at() < attempt.deadline.at().or(Some(Timestamp::MAX)));
    let (deadline, consequence) = match (attempt.deadline, lease) {
        (Deadline::None, _) => {
            let until = format!("until '{name}.finished' comes with result 'pass' or 'fail'");
            (None, format!("it stays open {until}, others may go on meanwhile; {REMINDS}"))
        }
        (Deadline::Left(left), _) => {
            let left = duration::display_seconds(left.as_secs());
            (None, format!("its clock stands still with {left} left, and runs on after the resume"))
        }
        (Deadline::At(_), Some(lease)) => {
            let then = format!("if nothing is heard of '{}' by then, it loses its lease on '{name}'", lease.tool);
            (lease.deadline.at(), format!("{then}, which is offered again, unless that was its last one"))
        }
        (Deadline::At(at), None) => {
            let has_timeout = sequence.task(open.task).is_some_and(|task| task.timeout.is_some());
            let silent = match awaited {
                Awaited::ToolToStart => format!("nobody has started on '{name}'"),
                _ if has_timeout => format!("'{name}' is not answered"),
                _ => format!("nothing is heard of '{name}'"),
            };
            (Some(at), format!("if {silent} by then, {}", given_up(sequence, open)))
        }
    };
    let (deadline, consequence) = match sequence.deadline.and_then(Deadline::at) {
        Some(end) if deadline.is_none_or(|deadline| end < deadline) => (
            Some(end),
            format!("the sequence ends as timed out if '{name}' and what comes after it are not over by then"),
        ),
        _ => (deadline, consequence),
    };
    let progress = attempt.leases.iter().map(|lease| lease.progress.clone()).find(|progress| !progress.is_empty());
    Waiting { progress, holders, deadline, ..entry(sequence, awaited, Some(open), consequence) }
}

/// What follows once an attempt is given up.
fn given_up(sequence: &Sequence, open: &OpenTask) -> &'static str {
    let others = sequence.open().iter().any(|other| other.task != open.task && !other.is_over());
    if sequence.may_retry(open) {
        "another attempt follows"
    } else if sequence.closing.is_some() {
        "it has failed, and the sequence goes on with what else it does at the end"
    } else if others {
        "it has failed, and the sequence goes on or ends when its group is over"
    } else {
        "the sequence ends as timed out, errored with result 'fail'"
    }
}

/// When anything was last heard of a sequence, as far as its state tells.
fn last_sign(sequence: &Sequence) -> Timestamp {
    let open = sequence.open().iter().map(|open| last_sign_of(sequence, open));
    match &sequence.phase {
        Phase::Ended(ending) => ending.at,
        Phase::Queued | Phase::Running { .. } => open.max().unwrap_or(sequence.triggered_at),
    }
}

/// When anything was last heard of a task.
fn last_sign_of(sequence: &Sequence, open: &OpenTask) -> Timestamp {
    match &open.state {
        TaskState::Offered(attempt) => attempt.last_sign,
        TaskState::Ready { due: Some(due) } => {
            // The delay began when the task before it was done, the backoff when the attempt before it failed.
            let began = due.saturating_sub(sequence.pause_before(open)).unwrap_or(sequence.triggered_at);
            began.max(sequence.triggered_at)
        }
        TaskState::Ready { due: None } | TaskState::Over(_) => open
            .past
            .last()
            .filter(|past| past.end == AttemptEnd::LeaseLost)
            .map_or(sequence.triggered_at, |past| past.at),
    }
}

#[cfg(test)]
mod tests;
