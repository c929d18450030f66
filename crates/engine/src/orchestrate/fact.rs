//! What happened. Facts are only ever appended; folding them gives the state.

use capstan_model::shipyard;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::sequence::{Deadline, Ending, Scope, TaskEvent};

/// The beginning of a sequence, with all that it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Birth {
    /// Id of the sequence.
    pub id: String,
    /// What it is about.
    pub scope: Scope,
    /// The tasks.
    pub definition: shipyard::Sequence,
    /// The whole data of the event that triggered it.
    pub input: Map<String, Value>,
    /// Commit position of the event that triggered it.
    pub ordinal: u64,
    /// Whether its run is paused.
    pub paused: bool,
}

/// Something that happened to a sequence or a run, each at a time that stands beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Fact {
    /// A sequence came to be; it has no slot yet.
    Triggered(Box<Birth>),
    /// An event could start no sequence.
    Refused {
        /// Id of that event.
        event_id: String,
        /// Its type.
        event_type: String,
        /// Why.
        message: String,
    },
    /// It entered the queue of its project, stage and service.
    SlotWanted,
    /// It stands behind others.
    Queued {
        /// Ids of the sequences that hold the slot or stand before it.
        behind: Vec<String>,
    },
    /// It may offer tasks.
    SlotHeld,
    /// It left its slot or the queue.
    SlotFreed,
    /// Its next task is known.
    TaskReady {
        /// Index of the task.
        task: usize,
        /// Not before this.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due: Option<Timestamp>,
    },
    /// A task was offered to whoever handles it.
    TaskOffered {
        /// Index of the task.
        task: usize,
        /// Counts the offers of this task, from 1.
        attempt: u32,
        /// Id of the `.triggered` event.
        triggered_id: String,
        /// By when somebody has to start.
        deadline: Timestamp,
        /// `result` that the event carries on from before.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        result: String,
        /// `status` that the event carries on from before.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        status: String,
        /// The image that a deployment is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        image: Option<String>,
        /// Whether a person is to decide: there is no end to that, and others may pass by.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        asks: bool,
    },
    /// A tool took the task up.
    TaskStarted {
        /// Its event.
        event: TaskEvent,
        /// By when something has to be heard again.
        deadline: Deadline,
    },
    /// A tool answered.
    TaskAnswered {
        /// Its event.
        event: TaskEvent,
        /// By when something has to be heard again, should others still be at work.
        deadline: Deadline,
    },
    /// A tool is still at work.
    SignOfLife {
        /// Id of the event that says so.
        event_id: String,
        /// Who sent it.
        source: String,
        /// By when something has to be heard again.
        deadline: Deadline,
    },
    /// The server was away or the clock jumped, so the tool gets one full term, no more and no less.
    DeadlineMoved {
        /// The new deadline.
        deadline: Timestamp,
    },
    /// A task ended.
    TaskDone {
        /// Index of the task.
        task: usize,
        /// Over all tools that answered.
        result: String,
        /// Over all tools that answered.
        status: String,
    },
    /// Somebody is to be told that this still waits.
    Reminded {
        /// Since when.
        since: Timestamp,
    },
    /// It stands still.
    Paused {
        /// What is left until the deadline of the open task.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        left: Option<SignedDuration>,
    },
    /// It goes on.
    Resumed {
        /// The deadline of the open task.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deadline: Option<Timestamp>,
    },
    /// It is over.
    Ended(Ending),
    /// Somebody steered the run.
    Controlled {
        /// `abort`, `pause` or `resume`.
        action: String,
        /// One stage alone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stage: Option<String>,
    },
    /// An event changed nothing.
    Ignored {
        /// Id of the event.
        event_id: String,
        /// Its type.
        event_type: String,
        /// Who sent it.
        source: String,
        /// Why it changed nothing.
        why: Why,
    },
}

/// Why an event changed nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Why {
    /// The task had ended.
    TaskOver {
        /// Its name.
        task: String,
    },
    /// The sequence had ended.
    SequenceOver {
        /// How: `finished`, `timed out` or `aborted`.
        outcome: String,
    },
    /// Its source has answered as often as it has started.
    Duplicate,
    /// No task has this `triggeredid`.
    UnknownTriggeredId {
        /// What it says.
        triggered_id: String,
    },
    /// It says nothing about which task it answers.
    NoTriggeredId,
    /// It names another run or project than the task that it answers.
    WrongScope {
        /// `shkeptncontext` or `data.project`.
        attribute: String,
        /// What it says.
        got: String,
        /// What the task has.
        expected: String,
    },
    /// Its data lack what every event of a sequence or a task needs.
    Missing {
        /// `data.project`, `data.stage` or `data.service`.
        field: String,
    },
}

impl Why {
    /// A sentence for people.
    pub fn sentence(&self) -> String {
        match self {
            Self::TaskOver { task } => format!("the task '{task}' had ended before it came"),
            Self::SequenceOver { outcome } => format!("the sequence had ended before it came ({outcome})"),
            Self::Duplicate => "its source has answered as often as it has started".to_owned(),
            Self::UnknownTriggeredId { triggered_id } => format!("no task was triggered by '{triggered_id}'"),
            Self::NoTriggeredId => "it has no 'triggeredid', so it answers no task".to_owned(),
            Self::WrongScope { attribute, got, expected } => {
                format!("its '{attribute}' is '{got}', that of the task is '{expected}'")
            }
            Self::Missing { field } => format!("it has no '{field}', without which it counts for nothing"),
        }
    }
}
