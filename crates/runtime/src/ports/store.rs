//! Where runs, events and everything that must not be lost are kept.

use std::sync::Arc;

use capstan_engine::orchestrate::{Queue, Run, Sequence, TimerKind};
use capstan_model::event::CloudEvent;
use jiff::{SignedDuration, Timestamp};

use super::kept_event::OpenTask;
use super::records::{
    Census, ClaimFilter, Configuration, Deferred, EventFilter, FactFilter, FactPage, FactSpan, NewFact, OfferFilter,
    Offered, Page, Project, ProjectId, RunFilter, SequenceFilter, Service, ServiceView, Slice, StoredEvent, StoredFact,
    Timer,
};
use super::retention::Retention;

/// Why a store failed; nothing that it was asked to do in the transaction has happened.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The file or the data in it cannot be used: a disk that is full, permissions, damage.
    #[error("the store failed: {0}")]
    Failed(String),
    /// A record that was written by a newer version.
    #[error("the store holds what this version cannot read: {0}")]
    Unreadable(String),
}

/// A store as its one writer sees it.
pub trait Store: Send {
    /// Begins a transaction; nothing of it is seen or kept before its commit.
    fn begin(&mut self) -> Result<Box<dyn StoreTx + '_>, StoreError>;

    /// Reads anew what is on disk, after a commit that failed, and proves that it can be written.
    fn reopen(&mut self) -> Result<(), StoreError>;

    /// For those who only look: each call sees the last commit.
    fn reader(&self) -> Arc<dyn StoreReader>;
}

/// What a step reads and writes, in one transaction. Projects that were buried are in no answer. Ids of sequences and of
/// offers are unique among all projects; what is equal in the order of a list keeps the order in which it was added.
pub trait StoreTx {
    /// Marks this point; savepoints do not nest.
    fn savepoint(&mut self) -> Result<(), StoreError>;
    /// Forgets the mark and keeps what was written since.
    fn release(&mut self) -> Result<(), StoreError>;
    /// Undoes what was written since the mark, and forgets it.
    fn rollback(&mut self) -> Result<(), StoreError>;
    /// Makes everything durable and visible, in one sync. After an error nothing of it is visible, and the store is to be
    /// reopened; where it was the sync that failed, only then is it known whether any of it was kept.
    fn commit(self: Box<Self>) -> Result<(), StoreError>;

    /// The project, or the ghost, that lives under a name.
    fn project(&mut self, name: &str) -> Result<Option<Project>, StoreError>;
    /// Adds one; the caller sees to it that no other lives under this name.
    fn add_project(
        &mut self,
        name: &str,
        created: Timestamp,
        configuration: Option<&Configuration>,
    ) -> Result<Project, StoreError>;
    /// Gives it another configuration.
    fn configure_project(&mut self, project: ProjectId, configuration: &Configuration) -> Result<(), StoreError>;
    /// Says how long its runs are kept.
    fn retain(&mut self, project: ProjectId, retention: Retention) -> Result<(), StoreError>;
    /// Takes a project out of all answers, with all that is open in it: offers, timers, queues, deferred inputs.
    fn bury_project(&mut self, project: ProjectId) -> Result<(), StoreError>;
    /// Buries at most `limit` runs, or evaluations that runs have left behind, that ended longer ago than their project
    /// keeps them; where it does not say, than `server` does. A buried run is gone at once, what belongs to it goes with
    /// [`Self::purge`]. Whether there may be more to bury.
    fn expire(&mut self, now: Timestamp, server: Retention, limit: u64) -> Result<bool, StoreError>;
    /// Removes at most `limit` rows of buried projects and runs, and remembered answers that are past their time. Whether
    /// there is more to remove.
    fn purge(&mut self, now: Timestamp, limit: u64) -> Result<bool, StoreError>;
    /// A service.
    fn service(&mut self, project: ProjectId, name: &str) -> Result<Option<Service>, StoreError>;
    /// Adds a service; the caller sees to it that there is none of that name.
    fn add_service(&mut self, project: ProjectId, service: &Service) -> Result<(), StoreError>;
    /// Removes a service and what is shown of it in each stage.
    fn remove_service(&mut self, project: ProjectId, name: &str) -> Result<(), StoreError>;
    /// What is shown of a service in a stage; empty at first.
    fn service_view(&mut self, project: ProjectId, stage: &str, service: &str) -> Result<ServiceView, StoreError>;
    /// Replaces it.
    fn put_service_view(
        &mut self,
        project: ProjectId,
        stage: &str,
        service: &str,
        view: &ServiceView,
    ) -> Result<(), StoreError>;
    /// The text of an interned shipyard.
    fn shipyard(&mut self, hash: &str) -> Result<Option<String>, StoreError>;
    /// Interns the text of a shipyard.
    fn put_shipyard(&mut self, hash: &str, text: &str) -> Result<(), StoreError>;

    /// What was answered under a key, if it is remembered still.
    fn answer(&mut self, key: &str) -> Result<Option<String>, StoreError>;
    /// Remembers what is answered under a key, until [`Self::purge`] is called at that time or later.
    fn remember(&mut self, key: &str, answer: &str, until: Timestamp) -> Result<(), StoreError>;

    /// Appends an event and gives its position. Its project is that of `data.project`, as the caller resolved it.
    fn append_event(&mut self, project: Option<ProjectId>, event: &CloudEvent) -> Result<u64, StoreError>;
    /// An event by its position.
    fn event(&mut self, position: u64) -> Result<Option<CloudEvent>, StoreError>;
    /// Appends a fact and gives its position.
    fn append_fact(&mut self, fact: &NewFact<'_>) -> Result<u64, StoreError>;
    /// Removes all facts below this position, whosever they are; positions are never given again.
    fn remove_facts(&mut self, before: u64) -> Result<(), StoreError>;

    /// The run of a context in a project.
    fn run(&mut self, project: ProjectId, context: &str) -> Result<Option<Run>, StoreError>;
    /// Adds or replaces a run.
    fn put_run(&mut self, project: ProjectId, run: &Run) -> Result<(), StoreError>;
    /// A sequence with the project that it belongs to, as it was put and as the facts that were appended since have it.
    fn sequence(&mut self, id: &str) -> Result<Option<(ProjectId, Sequence)>, StoreError>;
    /// Adds or replaces a sequence. Where facts alone have changed it, and not its [`Sequence::state`], it need not be put anew.
    fn put_sequence(&mut self, project: ProjectId, sequence: &Sequence) -> Result<(), StoreError>;
    /// The sequence that offered a task under this `triggeredid`, however long ago.
    fn sequence_of(&mut self, triggered_id: &str) -> Result<Option<String>, StoreError>;
    /// A queue of a project by its name, [`Sequence::queue`]; empty at first.
    fn queue(&mut self, project: ProjectId, name: &str) -> Result<Queue, StoreError>;
    /// Replaces it.
    fn put_queue(&mut self, project: ProjectId, name: &str, queue: &Queue) -> Result<(), StoreError>;

    /// Lists a stored `.triggered` event of a task and remembers for ever which sequence offered it.
    fn offer(
        &mut self,
        project: ProjectId,
        sequence: &str,
        position: u64,
        event: &CloudEvent,
    ) -> Result<(), StoreError>;
    /// Lists it no more, and forgets who has taken it.
    fn withdraw(&mut self, triggered_id: &str) -> Result<(), StoreError>;
    /// A listed task.
    fn offered(&mut self, triggered_id: &str) -> Result<Option<Offered>, StoreError>;
    /// A tool has a listed task: it has started on it or claimed it, or has answered.
    fn add_taker(&mut self, project: ProjectId, triggered_id: &str, tool: &str) -> Result<(), StoreError>;
    /// It has it no more.
    fn remove_taker(&mut self, triggered_id: &str, tool: &str) -> Result<(), StoreError>;
    /// Listed tasks that a tool does not have, the oldest first. A limit of the filter that is `None` lets all pass.
    fn claimable(&mut self, filter: &ClaimFilter, limit: u64) -> Result<Vec<Offered>, StoreError>;

    /// Sets a timer of a sequence; replaces that of the same kind.
    fn arm(&mut self, timer: &Timer) -> Result<(), StoreError>;
    /// Removes a timer.
    fn disarm(&mut self, sequence: &str, kind: TimerKind) -> Result<(), StoreError>;
    /// Timers that have elapsed, the oldest first; they stay until they are disarmed or set anew.
    fn due_timers(&mut self, now: Timestamp, limit: u64) -> Result<Vec<Timer>, StoreError>;

    /// Leaves an input for the next step.
    fn defer(&mut self, project: ProjectId, input: &Deferred) -> Result<(), StoreError>;
    /// Takes the oldest inputs that were left.
    fn take_deferred(&mut self, limit: u64) -> Result<Vec<Deferred>, StoreError>;
}

/// What those who only look can ask. Calls may block on the disk. Projects that were buried are in no answer.
pub trait StoreReader: Send + Sync {
    /// Projects by name, bytewise; no ghosts.
    fn projects(&self, slice: Slice) -> Result<Page<Project>, StoreError>;
    /// The project, or the ghost, that lives under a name.
    fn project(&self, name: &str) -> Result<Option<Project>, StoreError>;
    /// Services of a project by name, bytewise.
    fn services(&self, project: ProjectId, slice: Slice) -> Result<Page<Service>, StoreError>;
    /// A service.
    fn service(&self, project: ProjectId, name: &str) -> Result<Option<Service>, StoreError>;
    /// What is shown of the services of a project: stage, service, view; by stage, then by service.
    fn service_views(&self, project: ProjectId) -> Result<Vec<(String, String, ServiceView)>, StoreError>;
    /// The text of an interned shipyard.
    fn shipyard(&self, hash: &str) -> Result<Option<String>, StoreError>;
    /// Events.
    fn events(&self, filter: &EventFilter, slice: Slice) -> Result<Page<StoredEvent>, StoreError>;
    /// Open `.triggered` events of tasks; many ask again and again, most of them to pass on what they get.
    fn offers(&self, filter: &OfferFilter, slice: Slice) -> Result<Page<OpenTask>, StoreError>;
    /// Runs of a project.
    fn runs(&self, filter: &RunFilter, slice: Slice) -> Result<Page<Run>, StoreError>;
    /// The runs of a context: one, unless it was used in several projects. The newest project first.
    fn runs_of(&self, context: &str) -> Result<Vec<Run>, StoreError>;
    /// Sequences of a project.
    fn sequences(&self, filter: &SequenceFilter, slice: Slice) -> Result<Page<Sequence>, StoreError>;
    /// A sequence with the project that it belongs to.
    fn sequence(&self, id: &str) -> Result<Option<(ProjectId, Sequence)>, StoreError>;
    /// The sequence that offered a task under this `triggeredid`, however long ago.
    fn sequence_of(&self, triggered_id: &str) -> Result<Option<String>, StoreError>;
    /// The facts of a context in a project, in the order in which they were stated.
    fn facts(&self, project: ProjectId, context: &str) -> Result<Vec<StoredFact>, StoreError>;
    /// The facts behind a position, in the order of their positions. Looks at so many of all that are stored and at no more
    /// than [`FactPage::LOOKED_AT`], so that a filter that rarely means one costs no more than any other.
    fn facts_after(&self, filter: &FactFilter, after: u64, limit: u64) -> Result<FactPage, StoreError>;
    /// From where to where facts are stored, those of buried projects included that were not removed yet.
    fn fact_span(&self) -> Result<FactSpan, StoreError>;
    /// A queue of a project by its name, [`Sequence::queue`].
    fn queue(&self, project: ProjectId, name: &str) -> Result<Queue, StoreError>;
    /// Names of tasks that a tool has started at least once: those of `sh.keptn.event.<task>.started`, bytewise.
    fn handled_tasks(&self) -> Result<Vec<String>, StoreError>;
    /// How much is open. Costs milliseconds where thousands of sequences are.
    fn census(&self) -> Result<Census, StoreError>;
    /// When the next timer elapses.
    fn next_timer(&self) -> Result<Option<Timestamp>, StoreError>;
    /// Whether inputs were left for the next step.
    fn has_deferred(&self) -> Result<bool, StoreError>;
    /// Whether there is anything for [`StoreTx::purge`] to remove that is not merely a remembered answer.
    fn has_buried(&self) -> Result<bool, StoreError>;
    /// The shortest time for which a project says that it keeps its runs.
    fn shortest_keep(&self) -> Result<Option<SignedDuration>, StoreError>;
}
