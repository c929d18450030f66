//! The state of one sequence.

use capstan_model::shipyard;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The `source` of events that the control plane makes, as in v1.
pub const CONTROL_PLANE: &str = "shipyard-controller";

/// The task that waits for a decision; while a person is asked the sequence holds no slot.
pub const APPROVAL: &str = "approval";

/// How long, how much and how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long an offered task waits for its first sign of life.
    pub start_timeout: SignedDuration,
    /// How long a started task may be silent.
    pub task_timeout: SignedDuration,
    /// How often an open approval and a paused sequence remind.
    pub reminder: SignedDuration,
    /// Bytes of an event's data.
    pub payload: usize,
    /// Sequences in a run.
    pub sequences: u32,
}

impl Limits {
    /// How long a task may be silent, by whether a tool has taken it up.
    pub fn term(&self, started: bool) -> SignedDuration {
        if started { self.task_timeout } else { self.start_timeout }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            start_timeout: SignedDuration::from_mins(10),
            task_timeout: SignedDuration::from_hours(24),
            reminder: SignedDuration::from_hours(24),
            payload: 1 << 20,
            sequences: 1_000,
        }
    }
}

/// What a sequence is about, fixed when it was triggered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sequence {
    /// Unique; derived from the event that triggered it.
    pub id: String,
    /// What it is about.
    pub scope: Scope,
    /// The tasks as they stood in the shipyard when the run began.
    pub definition: shipyard::Sequence,
    /// The whole data of the event that triggered it.
    pub input: Map<String, Value>,
    /// When it was triggered.
    pub triggered_at: Timestamp,
    /// Commit position of the event that triggered it: the order of the queue.
    pub ordinal: u64,
    /// Where it stands.
    pub phase: Phase,
    /// Its place in the queue of its project, stage and service.
    pub slot: Slot,
    /// Whether it stands still.
    pub paused: bool,
    /// Tasks that ended, in order.
    pub done: Vec<DoneTask>,
}

/// Where a sequence stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// It never had a slot.
    Queued,
    /// The next task is not offered yet: it is delayed, or waits for a slot or for a resume.
    Ready {
        /// Index of that task.
        task: usize,
        /// Not before this.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due: Option<Timestamp>,
    },
    /// A task is offered.
    Task(Box<Attempt>),
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

/// One offer of a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// Index of the task.
    pub task: usize,
    /// Counts the offers of this task, from 1.
    pub number: u32,
    /// Id of its `.triggered` event.
    pub triggered_id: String,
    /// When it was offered.
    pub offered_at: Timestamp,
    /// When anything was last heard of it.
    pub last_sign: Timestamp,
    /// When the silence ends it.
    pub deadline: Deadline,
    /// The image that a deployment is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Whether a person is to decide: there is no end to that, and others may pass by.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asks: bool,
    /// `.started` and `.finished`, in the order in which they came.
    pub events: Vec<TaskEvent>,
}

/// The clock of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deadline {
    /// It runs.
    At(Timestamp),
    /// It stands still with this left, for as long as the sequence is paused.
    Left(SignedDuration),
    /// There is none: a person decides, and is reminded.
    None,
}

/// An answer of a tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

/// A task that ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DoneTask {
    /// Its name.
    pub name: String,
    /// Id of its `.triggered` event.
    pub triggered_id: String,
    /// Over all tools that answered.
    pub result: String,
    /// Over all tools that answered.
    pub status: String,
    /// Data of all answers, merged.
    pub properties: Value,
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

impl Sequence {
    /// As it stands for a server that has been up and its clock even since then: no deadline is nearer than a full term.
    #[must_use]
    pub fn since_up(mut self, limits: &Limits, up_since: Timestamp) -> Self {
        if let Phase::Task(attempt) = &mut self.phase {
            attempt.deadline = attempt.deadline_since(limits, up_since);
        }
        self
    }

    /// The open attempt.
    pub fn attempt(&self) -> Option<&Attempt> {
        match &self.phase {
            Phase::Task(attempt) => Some(attempt),
            _ => None,
        }
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Ended(_))
    }

    /// The name of the task whose attempt is open.
    pub fn task_name(&self) -> Option<&str> {
        self.attempt().map(|attempt| self.name_of(attempt.task))
    }

    /// The name of a task by its index.
    pub fn name_of(&self, task: usize) -> &str {
        self.definition.tasks.get(task).map(|task| task.name.as_str()).unwrap_or_default()
    }

    /// The state as v1 names it in execution records, without regard to a pause (contract: core.md 3.3).
    pub fn unpaused_state(&self) -> &'static str {
        match &self.phase {
            Phase::Queued => "triggered",
            Phase::Task(attempt) if self.name_of(attempt.task) == APPROVAL => "waitingForApproval",
            Phase::Ready { .. } | Phase::Task(_) => "started",
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

impl Attempt {
    /// How long it may be silent.
    pub fn term(&self, limits: &Limits) -> SignedDuration {
        limits.term(self.started() > 0)
    }

    /// Its deadline, which leaves a full term since the server has been up: nobody could answer before.
    pub fn deadline_since(&self, limits: &Limits, up_since: Timestamp) -> Deadline {
        let full_term = up_since.saturating_add(self.term(limits)).unwrap_or(Timestamp::MAX);
        match self.deadline {
            Deadline::At(deadline) => Deadline::At(deadline.max(full_term)),
            other => other,
        }
    }

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
        // Whoever answered for another one, as a webhook's target does, has answered for the oldest.
        open.drain(..answers.len().min(open.len()));
        open
    }
}
