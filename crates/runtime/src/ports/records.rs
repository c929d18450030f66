//! What a store keeps, and how it is asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use capstan_engine::orchestrate::{Fact, LatestEvent, TimerKind};
use capstan_model::event::CloudEvent;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Number;

use super::retention::Retention;

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
    /// How long its runs are kept, where that is its own affair.
    pub retention: Retention,
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
    /// The last event of each type of a task; a sequence that is open adds its own at its end.
    pub last_events: BTreeMap<String, LastEvent>,
    /// The image that the last successful deployment brought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployed_image: Option<String>,
    /// The end of the sequence that ended last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_end: Option<LastEnd>,
    /// The score of the last evaluation, 0 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_score: Option<Number>,
}

impl ServiceView {
    /// Takes in the last events of a sequence of this run, unless there are newer ones.
    pub(crate) fn saw(&mut self, context: &str, events: &[Arc<LatestEvent>]) {
        for LatestEvent { kind, id, time } in events.iter().map(|event| &**event) {
            if self.last_events.get(kind).is_none_or(|last| last.time <= *time) {
                let event = LastEvent { event_id: id.clone(), context: context.to_owned(), time: *time };
                self.last_events.insert(kind.clone(), event);
            }
        }
    }
}

/// The end of a sequence in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastEnd {
    /// `pass`, `warning`, `fail`, `aborted` or `timedOut`.
    pub result: String,
    /// Its run.
    pub context: String,
    /// When.
    pub at: Timestamp,
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

/// A fact and where it belongs.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacedFact {
    /// The fact.
    pub stored: StoredFact,
    /// The name of its project, if it has one.
    pub project: Option<String>,
    /// The service of its sequence, or of its run where it is about the run as a whole; none where neither is there.
    pub service: Option<String>,
    /// The stage of its sequence.
    pub stage: Option<String>,
    /// The name of its sequence in the shipyard.
    pub sequence_name: Option<String>,
}

/// A part of all facts, in the order of their positions.
#[derive(Debug, Clone, PartialEq)]
pub struct FactPage {
    /// Those that the filter means.
    pub items: Vec<PlacedFact>,
    /// The last position that was looked at, whether the filter means it or not: the next part begins behind it. Where there
    /// was nothing to look at, the position that was asked from.
    pub last: u64,
}

impl FactPage {
    /// How many facts one question looks at, at most: well below ten milliseconds.
    pub const LOOKED_AT: u64 = 1_000;
}

/// From where to where facts are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FactSpan {
    /// The position of the oldest; none where there are no facts.
    pub oldest: Option<u64>,
    /// The position that the next fact gets.
    pub next: u64,
}

impl FactSpan {
    /// The position of the oldest fact that can still be read: one that is stored, else the next one.
    pub fn first(&self) -> u64 {
        self.oldest.unwrap_or(self.next)
    }
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

/// How much is open, over all projects that live.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Census {
    /// Runs that have a sequence that is not over.
    pub runs: u64,
    /// Sequences that are not over, by [`capstan_engine::orchestrate::Sequence::state`].
    pub sequences: BTreeMap<String, u64>,
    /// Listed tasks, by the type of their `.triggered` event.
    pub tasks: BTreeMap<String, ListedTasks>,
    /// Sequences that wait for a slot.
    pub queued: u64,
    /// How many of them wait for the same slot, at most.
    pub longest_queue: u64,
    /// Sequences of which a task is to be offered later.
    pub delayed: u64,
}

/// Listed tasks of one type.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ListedTasks {
    /// Those that no tool has.
    pub free: u64,
    /// Those that a tool has started on or claimed, or has answered while others are still at work.
    pub taken: u64,
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

/// Which facts; every field that is set has to match.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FactFilter {
    /// Those of the project that lives under this name.
    pub project: Option<String>,
    /// The service as [`PlacedFact::service`] has it.
    pub service: Option<String>,
    /// Their run.
    pub context: Option<String>,
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
    /// Only what has a greater position.
    pub after: Option<u64>,
}

/// A task that is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// Id of its `.triggered` event.
    pub triggered_id: String,
    /// The sequence that offers it.
    pub sequence: String,
    /// Commit position of the event.
    pub position: u64,
}

/// Which listed tasks a tool would take; every field that is set has to match.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClaimFilter {
    /// The tool's name; tasks that it has already are left out.
    pub tool: String,
    /// Types of `.triggered` events, at least one.
    pub kinds: Vec<String>,
    /// `data.project`.
    pub project: Option<String>,
    /// `data.stage`.
    pub stage: Option<String>,
    /// `data.service`.
    pub service: Option<String>,
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
    /// Only those that are not over.
    pub open: bool,
    /// Only those in another state than `triggered`: they have had a slot, or somebody paused them.
    pub begun: bool,
}
