//! What happened. Facts are only ever appended; folding them gives the state.

use std::sync::Arc;

use capstan_model::shipyard;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::attempt::{AttemptEnd, Deadline, DoneTask, Lease, TaskEnd, TaskEvent};
use super::sequence::{Closing, Ending, Rerun, Scope, queue_name};

/// The beginning of a sequence, with all that it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Birth {
    /// Id of the sequence.
    pub id: String,
    /// What it is about.
    pub scope: Arc<Scope>,
    /// The tasks.
    pub definition: Arc<shipyard::Sequence>,
    /// The whole data of the event that triggered it.
    pub input: Arc<Map<String, Value>>,
    /// Commit position of the event that triggered it.
    pub ordinal: u64,
    /// Whether its run is paused.
    pub paused: bool,
    /// The key under which it takes turns with others; none: stage and service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Which sequence of the run it does again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rerun: Option<Box<Rerun>>,
    /// Tasks that the sequence before has done already.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub done: Vec<Arc<DoneTask>>,
}

impl Birth {
    /// The name of the queue in which it is to take its turns, unique in its project.
    pub fn queue(&self) -> String {
        queue_name(self.key.as_deref(), &self.scope)
    }
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
        /// Index of the task.
        #[serde(default)]
        task: usize,
        /// Its event.
        event: Arc<TaskEvent>,
        /// When the attempt is given up.
        deadline: Deadline,
        /// The claim by which it did; none where it sent the event itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lease: Option<Box<Lease>>,
    },
    /// A tool answered.
    TaskAnswered {
        /// Index of the task.
        #[serde(default)]
        task: usize,
        /// Its event.
        event: Arc<TaskEvent>,
        /// When the attempt is given up, should others still be at work.
        deadline: Deadline,
    },
    /// A tool is still at work.
    SignOfLife {
        /// Index of the task.
        #[serde(default)]
        task: usize,
        /// Id of the event that says so; none for a heartbeat.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        event_id: Option<String>,
        /// Who sent it.
        source: String,
        /// When the attempt is given up.
        deadline: Deadline,
        /// What a heartbeat renews.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        renewed: Option<Renewed>,
    },
    /// The server was away or the clock jumped, so the tool gets one full term, no more and no less.
    DeadlineMoved {
        /// Index of the task; none: the timeout of the sequence.
        #[serde(default)]
        task: Option<usize>,
        /// The claim that it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lease: Option<String>,
        /// The new deadline.
        deadline: Timestamp,
    },
    /// A tool gave its claim back; the attempt stays offered.
    LeaseReleased {
        /// Index of the task.
        task: usize,
        /// The claim.
        lease: String,
        /// The tool.
        source: String,
        /// Why; may be empty.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
        /// When the attempt is given up.
        deadline: Deadline,
    },
    /// An attempt came to nothing, and another one follows.
    AttemptEnded {
        /// Index of the task.
        task: usize,
        /// Its number.
        attempt: u32,
        /// Id of its `.triggered` event.
        triggered_id: String,
        /// In which way.
        end: AttemptEnd,
        /// Why; a sentence.
        message: String,
        /// The next one comes not before this.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due: Option<Timestamp>,
    },
    /// A task ended with the answers of its tools.
    TaskDone {
        /// Index of the task.
        task: usize,
        /// Over all tools that answered.
        result: String,
        /// Over all tools that answered.
        status: String,
    },
    /// A task ended otherwise.
    TaskEnded {
        /// Index of the task.
        task: usize,
        /// In which way.
        end: TaskEnd,
        /// Why; a sentence.
        message: String,
    },
    /// What is left are the `finally` tasks; what was open is cancelled.
    Closing(Box<Closing>),
    /// Somebody is to be told that this still waits.
    Reminded {
        /// Since when.
        since: Timestamp,
    },
    /// It stands still, and so do its deadlines.
    Paused,
    /// It goes on, and so do its deadlines.
    Resumed,
    /// It is over.
    Ended(Ending),
    /// Somebody steered the run.
    Controlled {
        /// `abort`, `pause`, `resume` or `rerun`.
        action: String,
        /// One stage alone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stage: Option<String>,
        /// Who; may be empty.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        by: String,
        /// Why; may be empty.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
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

/// What a heartbeat renews.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renewed {
    /// The claim.
    pub lease: String,
    /// When it is lost.
    pub deadline: Deadline,
    /// What the tool says of its work; none: what it said before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<String>,
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
    /// That attempt had come to nothing, and the task was offered again.
    AttemptOver {
        /// Name of the task.
        task: String,
        /// Number of the attempt.
        attempt: u32,
        /// Why it was over; a sentence.
        message: String,
    },
    /// The tool has claimed the task, which is its start.
    Claimed {
        /// The claim.
        lease: String,
    },
    /// The claim by which it answers lives no more: it was released.
    LeaseOver {
        /// The claim.
        lease: String,
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
            Self::AttemptOver { task, attempt, message } => {
                format!("attempt {attempt} of task '{task}' was over before it came: {message}")
            }
            Self::Claimed { lease } => format!("its source has claimed the task already (lease '{lease}')"),
            Self::LeaseOver { lease } => format!("the lease '{lease}' had been answered or given back before"),
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
