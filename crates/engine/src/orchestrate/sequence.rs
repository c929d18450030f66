//! The state of one sequence.

use std::ops::Range;
use std::sync::Arc;

use capstan_model::shipyard::{self, Join};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::attempt::{Attempt, AttemptEnd, Deadline, DoneTask, OpenTask, PastAttempt, TaskState};
use super::limits::Limits;
use super::run::LatestEvent;

/// The `source` of events that the control plane makes, as in v1.
pub const CONTROL_PLANE: &str = "shipyard-controller";

/// The task that waits for a decision; while a person is asked the sequence holds no slot.
pub const APPROVAL: &str = "approval";

/// What a sequence is about, fixed when it was triggered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// Its project.
    pub project: String,
    /// Its stage.
    pub stage: String,
    /// Its service.
    pub service: String,
    /// The run that it belongs to.
    pub context: String,
    /// Id of the event that triggered it.
    pub triggered_id: String,
    /// Type of that event.
    pub event_type: String,
    /// `data.labels` of that event; null when there are none.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub labels: Value,
    /// `data.status` of that event.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub status: String,
    /// `data.result` of that event.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub result: String,
    /// `data.message` of that event.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// The commit that its tasks take their resources from; none where the project has no configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

/// One execution of a shipyard's sequence in one stage.
///
/// It is copied with every decision, so what does not change is shared with the facts that it comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sequence {
    /// Unique; derived from the event that triggered it.
    pub id: String,
    /// What it is about.
    pub scope: Arc<Scope>,
    /// The tasks as they stood in the shipyard when the run began.
    pub definition: Arc<shipyard::Sequence>,
    /// The whole data of the event that triggered it.
    pub input: Arc<Map<String, Value>>,
    /// When it was triggered.
    pub triggered_at: Timestamp,
    /// Commit position of the event that triggered it: the order of the queue.
    pub ordinal: u64,
    /// The key under which it takes turns with others; none: stage and service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Which sequence of the run it does again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rerun: Option<Box<Rerun>>,
    /// Where it stands.
    pub phase: Phase,
    /// Its place in the queue of its key.
    pub slot: Slot,
    /// Whether it stands still.
    pub paused: bool,
    /// When its timeout comes; none where it has none or has not begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Deadline>,
    /// How it will end once its `finally` tasks are over; none: they have not begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closing: Option<Box<Closing>>,
    /// Tasks that ended, in the order in which they stand in the shipyard.
    pub done: Vec<Arc<DoneTask>>,
    /// The last event of each type that its tasks have had; none once it is over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub latest_events: Vec<Arc<LatestEvent>>,
}

/// A sequence does again what an earlier one has failed to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rerun {
    /// Id of the earlier one.
    pub of: String,
    /// Who wanted it; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
    /// Why; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// How many attempts the tasks have had that are done again: index and number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<(usize, u32)>,
}

impl Rerun {
    /// How many attempts a task has had before.
    pub fn attempts_of(&self, task: usize) -> u32 {
        self.attempts.iter().find(|(index, _)| *index == task).map_or(0, |(_, attempts)| *attempts)
    }
}

/// Where a sequence stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// It never had a slot.
    Queued,
    /// A task is under way, or those of a group; never empty.
    Running {
        /// In the order in which they stand in the shipyard.
        open: Vec<OpenTask>,
    },
    /// It is over.
    Ended(Ending),
}

/// Whether a sequence has the right to offer tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    /// It does without: an approval is open, it is paused, or it is over.
    None,
    /// It stands in the queue.
    Wanted,
    /// It may go on.
    Held,
}

/// How a sequence will end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Closing {
    /// In which way.
    pub outcome: Outcome,
    /// Of its `.finished` event.
    pub status: String,
    /// Of its `.finished` event.
    pub result: String,
    /// Why, where there is something to say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Of its `.finished` event.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub labels: Value,
}

/// How a sequence ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ending {
    /// In which way.
    pub outcome: Outcome,
    /// Of its `.finished` event.
    pub status: String,
    /// Of its `.finished` event.
    pub result: String,
    /// Why, where there is something to say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Id of its `.finished` event.
    pub event_id: String,
    /// When.
    pub at: Timestamp,
}

/// In which way a sequence ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// By its tasks, well or badly.
    Finished,
    /// Nothing was heard in time.
    TimedOut,
    /// Somebody ended it.
    Aborted,
}

/// The name of the queue of a key or, without one, of a service in a stage.
pub(super) fn queue_name(key: Option<&str>, scope: &Scope) -> String {
    match key {
        // A stage always has a name, so a key and a stage never meet.
        Some(key) => format!("\u{1f}{key}"),
        None => format!("{}\u{1f}{}", scope.stage, scope.service),
    }
}

impl Sequence {
    /// As it stands for a server that has been up and its clock even since then: no deadline is nearer than a full term.
    #[must_use]
    pub fn since_up(mut self, limits: &Limits, up_since: Timestamp) -> Self {
        let terms: Vec<SignedDuration> = self.open().iter().map(|open| self.term(open, limits)).collect();
        let timeout = self.definition.timeout.unwrap_or_default();
        self.deadline = self.deadline.map(|deadline| deadline.since_up(timeout, up_since));
        if let Phase::Running { open } = &mut self.phase {
            for (open, term) in open.iter_mut().zip(terms) {
                if let TaskState::Offered(attempt) = &mut open.state {
                    attempt.deadline = attempt.deadline.since_up(term, up_since);
                    for lease in &mut attempt.leases {
                        lease.deadline = lease.deadline.since_up(lease.term, up_since);
                    }
                }
            }
        }
        self
    }

    /// The tasks that are under way, in the order in which they stand in the shipyard.
    pub fn open(&self) -> &[OpenTask] {
        match &self.phase {
            Phase::Running { open } => open,
            Phase::Queued | Phase::Ended(_) => &[],
        }
    }

    /// A task that is under way, by its index.
    pub fn open_task(&self, task: usize) -> Option<&OpenTask> {
        self.open().iter().find(|open| open.task == task)
    }

    /// The open attempt of a task, by its index.
    pub fn open_attempt(&self, task: usize) -> Option<&Attempt> {
        self.open_task(task)?.attempt()
    }

    /// The tasks that are offered, each with its attempt.
    pub fn attempts(&self) -> impl Iterator<Item = (&OpenTask, &Attempt)> {
        self.open().iter().filter_map(|open| Some((open, open.attempt()?)))
    }

    /// The first of the tasks that are offered: v1 knows one at a time.
    pub fn current(&self) -> Option<(&OpenTask, &Attempt)> {
        self.attempts().next()
    }

    /// The task that was offered under this id, if that attempt is open.
    pub fn attempt_of(&self, triggered_id: &str) -> Option<(&OpenTask, &Attempt)> {
        self.attempts().find(|(_, attempt)| attempt.triggered_id == triggered_id)
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Ended(_))
    }

    /// The name of a task by its index.
    pub fn name_of(&self, task: usize) -> &str {
        self.task(task).map(|task| task.name.as_str()).unwrap_or_default()
    }

    /// A task as the shipyard has it, by its index.
    pub(super) fn task(&self, task: usize) -> Option<&shipyard::Task> {
        self.definition.tasks.get(task)
    }

    /// Whether a task runs at the end in any case.
    pub(super) fn is_finally(&self, task: usize) -> bool {
        self.task(task).is_some_and(|task| task.finally)
    }

    /// When a group is over, which its first task says.
    pub(super) fn join(&self, group: &Range<usize>) -> Join {
        self.task(group.start).map(|first| first.join).unwrap_or_default()
    }

    /// Whether a task is tried again once its attempt fails.
    pub(super) fn may_retry(&self, open: &OpenTask) -> bool {
        let retry = self.task(open.task).and_then(|task| task.retry);
        retry.is_some_and(|retry| open.failures() + 1 < retry.attempts)
    }

    /// How long a task waits for its first sign of life.
    pub(super) fn start_timeout(&self, task: usize, limits: &Limits) -> SignedDuration {
        self.task(task).and_then(|task| task.start_timeout).unwrap_or(limits.start_timeout)
    }

    /// How long the open attempt of a task may be silent or, where the task has a timeout, may take.
    pub fn term(&self, open: &OpenTask, limits: &Limits) -> SignedDuration {
        if open.attempt().is_some_and(|attempt| attempt.started() > 0) {
            self.task(open.task).and_then(|task| task.timeout).unwrap_or(limits.task_timeout)
        } else {
            self.start_timeout(open.task, limits)
        }
    }

    /// How long the task waits before its next attempt: its delay before the first, its backoff before any other.
    pub fn pause_before(&self, open: &OpenTask) -> SignedDuration {
        match open.past.last() {
            None => self.task(open.task).map(shipyard::Task::delay).unwrap_or_default(),
            Some(past) => self.pause_after(open.task, past.end, open.failures()),
        }
    }

    /// How long a task waits after an attempt that came to nothing, with so many that failed.
    pub(super) fn pause_after(&self, task: usize, end: AttemptEnd, failures: u32) -> SignedDuration {
        // Whoever lost a lease has done nothing wrong that would need time to heal.
        let retry = self.task(task).and_then(|task| task.retry).filter(|_| end != AttemptEnd::LeaseLost);
        retry.map(|retry| retry.pause(failures)).unwrap_or_default()
    }

    /// The name of the queue in which it takes its turns, unique in its project.
    pub fn queue(&self) -> String {
        queue_name(self.key.as_deref(), &self.scope)
    }

    /// Index of the task that was ever offered under this id.
    pub fn task_of(&self, triggered_id: &str) -> Option<usize> {
        let offered = self.attempt_of(triggered_id).map(|(open, _)| open.task);
        let is_past = |past: &[PastAttempt]| past.iter().any(|attempt| attempt.triggered_id == triggered_id);
        let open = || self.open().iter().find(|open| is_past(&open.past)).map(|open| open.task);
        let over = || self.over().find(|done| done.triggered_id == triggered_id || is_past(&done.past));
        offered.or_else(open).or_else(|| over().map(|done| done.task))
    }

    /// All tasks that are over, those included that wait for the others of their group.
    pub fn over(&self) -> impl Iterator<Item = &DoneTask> {
        let of_group = self.open().iter().filter_map(|open| match &open.state {
            TaskState::Over(done) => Some(&**done),
            TaskState::Ready { .. } | TaskState::Offered(_) => None,
        });
        self.done.iter().map(|done| &**done).chain(of_group)
    }

    /// The state as v1 names it in execution records, without regard to a pause (contract: core.md 3.3).
    pub fn unpaused_state(&self) -> &'static str {
        match &self.phase {
            Phase::Queued => "triggered",
            Phase::Running { open } => {
                let asks = |open: &OpenTask| open.attempt().is_some() && self.name_of(open.task) == APPROVAL;
                let mut unfinished = open.iter().filter(|open| !open.is_over());
                if unfinished.all(asks) { "waitingForApproval" } else { "started" }
            }
            Phase::Ended(ending) => match ending.outcome {
                Outcome::TimedOut => "timedOut",
                Outcome::Finished | Outcome::Aborted => "finished",
            },
        }
    }

    /// The state as v1 names it in execution records.
    pub fn state(&self) -> &'static str {
        if self.paused && !self.is_over() { "paused" } else { self.unpaused_state() }
    }
}
