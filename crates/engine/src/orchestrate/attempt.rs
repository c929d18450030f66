//! The state of a task that is not over, and what is left of one that is.

use std::sync::Arc;

use capstan_model::event::rest::data_text;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A task that is under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenTask {
    /// Its index in the sequence.
    pub task: usize,
    /// The number of the attempt that is open or comes next; counts the offers of this task, from 1.
    pub number: u32,
    /// Attempts that came to nothing, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub past: Vec<PastAttempt>,
    /// Where it stands.
    pub state: TaskState,
}

/// Where a task stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum TaskState {
    /// It is not offered: it is delayed, or waits for a slot or for a resume.
    Ready {
        /// Not before this.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due: Option<Timestamp>,
    },
    /// It is offered.
    Offered(Box<Attempt>),
    /// It is over and waits for the others of its group.
    Over(Arc<DoneTask>),
}

/// One offer of a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// Id of its `.triggered` event.
    pub triggered_id: String,
    /// When it was offered.
    pub offered_at: Timestamp,
    /// When anything was last heard of it.
    pub last_sign: Timestamp,
    /// When it is given up.
    pub deadline: Deadline,
    /// The image that a deployment is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Whether a person is to decide: others may pass by meanwhile.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asks: bool,
    /// `.started` and `.finished`, in the order in which they came. A claim is a start.
    pub events: Vec<Arc<TaskEvent>>,
    /// Claims that live.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leases: Vec<Lease>,
    /// How many claims there were.
    #[serde(default)]
    pub claims: u32,
}

/// A claim of a task by a tool, for as long as something is heard of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lease {
    /// Identifies it: the id of the `.triggered` event, a dot, and which claim of this attempt it is, from 1.
    pub id: String,
    /// The tool's name, `source` of its events.
    pub tool: String,
    /// How long it may be silent.
    pub term: SignedDuration,
    /// When it was granted.
    pub granted_at: Timestamp,
    /// When the tool was last heard of.
    pub last_sign: Timestamp,
    /// When it is lost.
    pub deadline: Deadline,
    /// What the tool says of its work; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub progress: String,
}

/// When something is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deadline {
    /// The clock runs.
    At(Timestamp),
    /// It stands still with this left, for as long as the sequence is paused.
    Left(SignedDuration),
    /// There is none: a person decides, and is reminded.
    None,
}

/// An answer of a tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskEvent {
    /// Id of the event.
    pub id: String,
    /// Its type.
    pub event_type: String,
    /// Whether it is a `.finished`.
    pub finished: bool,
    /// Who sent it.
    pub source: String,
    /// `data.result`; may be empty.
    pub result: String,
    /// `data.status`; may be empty.
    pub status: String,
    /// When it was taken in.
    pub time: Timestamp,
    /// The data of a `.finished`; null for a `.started`.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub data: Value,
}

/// An attempt that came to nothing while the task goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastAttempt {
    /// Its number.
    pub number: u32,
    /// Id of its `.triggered` event.
    pub triggered_id: String,
    /// In which way it ended.
    pub end: AttemptEnd,
    /// Why; a sentence.
    pub message: String,
    /// When.
    pub at: Timestamp,
}

/// In which way an attempt came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptEnd {
    /// It was answered with result `fail` or status `errored`.
    Failed,
    /// Nothing was heard in time.
    TimedOut,
    /// A tool that had claimed it was silent for too long.
    LeaseLost,
}

/// A task that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoneTask {
    /// Its index in the sequence.
    #[serde(default)]
    pub task: usize,
    /// Its name.
    pub name: String,
    /// In which way.
    #[serde(default, skip_serializing_if = "TaskEnd::is_answered")]
    pub end: TaskEnd,
    /// Id of the `.triggered` event of its last attempt; empty where there was none.
    pub triggered_id: String,
    /// How often it was offered, by this sequence and those that it does again; 0 also where that was not written down.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attempts: u32,
    /// Over all tools that answered; empty where it was skipped or cancelled.
    pub result: String,
    /// Over all tools that answered; empty where it was skipped or cancelled.
    pub status: String,
    /// Of its last answer, or why it ended without; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// `labels` of its last answer.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub labels: Value,
    /// Data of all answers to its last attempt, merged.
    pub properties: Value,
    /// Attempts that came to nothing before the last, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub past: Vec<PastAttempt>,
}

/// In which way a task ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskEnd {
    /// Tools answered, well or badly.
    #[default]
    Answered,
    /// Nothing was heard in time.
    TimedOut,
    /// It could not be offered.
    Impossible,
    /// Its `when` did not hold.
    Skipped,
    /// Another of its group was enough, or its sequence came to an end.
    Cancelled,
}

impl TaskEnd {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    fn is_answered(&self) -> bool {
        *self == Self::Answered
    }

    /// The word of the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::TimedOut => "timed_out",
            Self::Impossible => "impossible",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
        }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl TaskEvent {
    /// `data.message`; may be empty.
    pub fn message(&self) -> String {
        data_text(&self.data, "message").to_owned()
    }

    /// `data.labels`, if there are any.
    pub fn labels(&self) -> Option<Value> {
        self.data.get("labels").filter(|labels| !labels.is_null()).cloned()
    }
}

impl DoneTask {
    /// Whether it counts for the result and did not fail.
    pub fn went_well(&self) -> bool {
        self.counts() && !self.failed()
    }

    /// Whether no further task comes after it.
    pub fn failed(&self) -> bool {
        self.result == "fail" || self.status == "errored"
    }

    /// Whether it counts for the result: it was neither skipped nor cancelled.
    pub fn counts(&self) -> bool {
        !matches!(self.end, TaskEnd::Skipped | TaskEnd::Cancelled)
    }
}

impl OpenTask {
    /// The open attempt.
    pub fn attempt(&self) -> Option<&Attempt> {
        match &self.state {
            TaskState::Offered(attempt) => Some(attempt),
            TaskState::Ready { .. } | TaskState::Over(_) => None,
        }
    }

    /// Whether it has ended.
    pub fn is_over(&self) -> bool {
        matches!(self.state, TaskState::Over(_))
    }

    /// How many attempts have failed; those that only lost a lease are none.
    pub fn failures(&self) -> u32 {
        self.past.iter().filter(|past| past.end != AttemptEnd::LeaseLost).count() as u32
    }

    /// How many leases were lost in a row since it was last tried anew.
    pub fn leases_lost(&self) -> u32 {
        self.past.iter().rev().take_while(|past| past.end == AttemptEnd::LeaseLost).count() as u32
    }
}

impl Deadline {
    /// When it is, if its clock runs.
    pub fn at(self) -> Option<Timestamp> {
        match self {
            Self::At(at) => Some(at),
            Self::Left(_) | Self::None => None,
        }
    }

    /// The same for a server that has been up and its clock even since then: it leaves a full term, nobody could do
    /// anything before.
    #[must_use]
    pub fn since_up(self, term: SignedDuration, up_since: Timestamp) -> Self {
        let full_term = up_since.saturating_add(term).unwrap_or(Timestamp::MAX);
        match self {
            Self::At(deadline) => Self::At(deadline.max(full_term)),
            other => other,
        }
    }

    /// Its clock stands still from now on.
    pub(super) fn stop(&mut self, now: Timestamp) {
        if let Self::At(at) = *self {
            *self = Self::Left(at.duration_since(now).max(SignedDuration::ZERO));
        }
    }

    /// Its clock runs again.
    pub(super) fn run(&mut self, now: Timestamp) {
        if let Self::Left(left) = *self {
            *self = Self::At(now.saturating_add(left).unwrap_or(Timestamp::MAX));
        }
    }
}

impl Attempt {
    /// How many tools have started.
    pub fn started(&self) -> usize {
        self.events.iter().filter(|event| !event.finished).count()
    }

    /// How many answers have come.
    pub fn finished(&self) -> usize {
        self.events.iter().filter(|event| event.finished).count()
    }

    /// Who has started and not answered yet, in the order in which they started.
    pub fn holders(&self) -> Vec<&str> {
        let mut answers: Vec<&str> =
            self.events.iter().filter(|event| event.finished).map(|event| event.source.as_str()).collect();
        let mut open = Vec::new();
        for event in self.events.iter().filter(|event| !event.finished) {
            match answers.iter().position(|source| *source == event.source) {
                Some(at) => {
                    answers.remove(at);
                }
                None => open.push(event.source.as_str()),
            }
        }
        // Whoever answered for another one, as a webhook's target does, has answered for the oldest that holds no lease.
        for _ in answers {
            let oldest = open.iter().position(|tool| self.lease_of(tool).is_none());
            oldest.map(|at| open.remove(at));
        }
        open
    }

    /// The claim of a tool that lives.
    pub fn lease_of(&self, tool: &str) -> Option<&Lease> {
        self.leases.iter().find(|lease| lease.tool == tool)
    }

    /// Whether a tool has started on it or claimed it, or has answered.
    pub fn knows(&self, tool: &str) -> bool {
        self.events.iter().any(|event| event.source == tool)
    }
}
