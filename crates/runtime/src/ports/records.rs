//! What a store keeps, and how it is asked for.

use std::collections::BTreeMap;

use capstan_engine::orchestrate::{Fact, TimerKind};
use capstan_model::event::CloudEvent;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Tells a project from an earlier one of the same name that was deleted.
pub type ProjectId = u64;

/// A project, or a name that events were sent under although there is no such project (a ghost).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Unique for ever.
    pub id: ProjectId,
    /// Unique among those that live.
    pub name: String,
    /// When it was created.
    pub created: Timestamp,
    /// Its configuration; none: a ghost.
    pub configuration: Option<Configuration>,
}

/// Which configuration a project has now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    /// Hash under which its shipyard is interned.
    pub shipyard: String,
    /// The newest commit.
    pub commit: String,
}

/// A service of a project; it is in every stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Unique within the project.
    pub name: String,
    /// When it was created.
    pub created: Timestamp,
}

/// What is shown of a service in a stage.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceView {
    /// The last event of each type.
    pub last_events: BTreeMap<String, LastEvent>,
    /// The image that the last successful deployment brought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployed_image: Option<String>,
}

/// An event in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastEvent {
    /// Its id.
    pub event_id: String,
    /// Its run.
    pub context: String,
    /// When it was taken in.
    pub time: Timestamp,
}

/// An event with its commit position.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEvent {
    /// Grows with each event that is stored.
    pub position: u64,
    /// The event.
    pub event: CloudEvent,
}

/// A fact to append.
#[derive(Debug, Clone, PartialEq)]
pub struct NewFact<'a> {
    /// Whose.
    pub project: Option<ProjectId>,
    /// Its run.
    pub context: &'a str,
    /// Its sequence; none for facts about the run as a whole.
    pub sequence: Option<&'a str>,
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub fact: &'a Fact,
}

/// A fact with its commit position.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredFact {
    /// Grows with each fact that is stored.
    pub position: u64,
    /// Its run.
    pub context: String,
    /// Its sequence; none for facts about the run as a whole.
    pub sequence: Option<String>,
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub fact: Fact,
}

/// Something that a sequence waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timer {
    /// Id of the sequence.
    pub sequence: String,
    /// Which of its timers.
    pub kind: TimerKind,
    /// When it elapses.
    pub due: Timestamp,
}

/// An input to another sequence that the step in which it arose left for the next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "input", rename_all = "snake_case")]
pub enum Deferred {
    /// A `.triggered` event, already stored, whose sequence is to begin.
    Follow {
        /// Its project.
        project: ProjectId,
        /// Its commit position.
        position: u64,
    },
    /// A sequence whose turn it is.
    Granted {
        /// Its id.
        sequence: String,
    },
}

/// A part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    /// How many to leave out.
    pub offset: u64,
    /// How many at most.
    pub limit: u64,
}

impl Slice {
    /// Everything.
    pub const ALL: Self = Self { offset: 0, limit: i64::MAX as u64 };
}

/// A part of a list, and how long the whole is.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The part that was asked for.
    pub items: Vec<T>,
    /// The length of the whole. Exact, unless a filtered list of events is longer than 10,000: then it is greater than
    /// offset + limit for as long as more follows.
    pub total: u64,
}

/// Which events; every field that is set has to match. They come newest first by time, ties by the later position first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EventFilter {
    /// `data.project`: those of the project that lives under this name.
    pub project: Option<String>,
    /// `shkeptncontext`.
    pub context: Option<String>,
    /// `type`.
    pub kind: Option<String>,
    /// `source`.
    pub source: Option<String>,
    /// `data.stage`.
    pub stage: Option<String>,
    /// `data.service`.
    pub service: Option<String>,
    /// `id`.
    pub id: Option<String>,
    /// Later than this.
    pub after: Option<Timestamp>,
    /// Earlier than this.
    pub before: Option<Timestamp>,
    /// Only the first event of each context.
    pub roots: bool,
    /// Texts anywhere in the event.
    pub paths: Vec<PathFilter>,
    /// Leave out events whose `triggeredid` also has an event of a type that ends with `.invalidated`, and those events.
    pub exclude_invalidated: bool,
}

/// A text at a place of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathFilter {
    /// Keys from the root of the event in v1's REST shape, such as `data`, `result`; each is a plain word.
    pub path: Vec<String>,
    /// One of these has to stand there.
    pub values: Vec<String>,
}

/// Which open `.triggered` events of tasks; every field that is set has to match. Newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OfferFilter {
    /// `type`.
    pub kind: Option<String>,
    /// `data.project`.
    pub project: Option<String>,
    /// `data.stage`.
    pub stage: Option<String>,
    /// `data.service`.
    pub service: Option<String>,
    /// `id`.
    pub id: Option<String>,
}

/// Which runs of a project; every field that is set has to match. Newest first by the time of the first trigger, ties by
/// its later position first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// Name of the project.
    pub project: String,
    /// Name of the first sequence.
    pub name: Option<String>,
    /// The state as [`capstan_engine::orchestrate::RunState::word`] has it.
    pub state: Option<String>,
    /// Triggered later than this.
    pub after: Option<Timestamp>,
    /// Triggered earlier than this.
    pub before: Option<Timestamp>,
    /// One of these contexts; empty: any.
    pub contexts: Vec<String>,
}

/// Which sequences of a project; every field that is set has to match. Newest first by the time of the trigger, ties by its
/// later position first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SequenceFilter {
    /// Name of the project.
    pub project: String,
    /// Their stage.
    pub stage: Option<String>,
    /// Their service.
    pub service: Option<String>,
    /// Their run.
    pub context: Option<String>,
    /// Their name.
    pub name: Option<String>,
    /// The state as [`capstan_engine::orchestrate::Sequence::state`] has it.
    pub state: Option<String>,
}
