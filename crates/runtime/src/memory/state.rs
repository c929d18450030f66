//! The tables, their indices, and the one way in which they change.

use std::collections::{BTreeMap, BTreeSet};

use capstan_engine::orchestrate::{Queue, Run, Sequence, TimerKind};
use capstan_model::event::CloudEvent;
use jiff::Timestamp;

use crate::ports::{Deferred, Project, ProjectId, Service, ServiceView, StoredFact};

/// A project with the mark that takes it out of all answers.
#[derive(Debug, Clone)]
pub(crate) struct ProjectRow {
    pub(crate) project: Project,
    pub(crate) buried: bool,
}

/// An event with the project that it was appended under.
#[derive(Debug)]
pub(crate) struct EventRow {
    pub(crate) project: Option<ProjectId>,
    /// Whether it was the first of its context.
    pub(crate) is_root: bool,
    pub(crate) event: CloudEvent,
}

/// What is left of a run that is gone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BuriedRun {
    pub(super) ended: Timestamp,
    /// The last position of an event that can be of it: the context may come again.
    pub(super) event: u64,
    /// The last position of a fact that can be of it.
    pub(super) fact: u64,
    pub(super) remains: Remains,
}

/// What of a run that is gone is to be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remains {
    /// All but evaluations.
    AllButEvaluations,
    /// Nothing for now; evaluations are left.
    Evaluations,
    /// All that is left.
    All,
}

/// Who offered a task, and where its event stands for as long as it is listed.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) project: ProjectId,
    pub(crate) sequence: String,
    pub(crate) listed: Option<u64>,
}

/// An answer and until when it is remembered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) until: Timestamp,
}

pub(crate) type ContextKey = (Option<ProjectId>, String);
pub(crate) type FactKey = (Option<ProjectId>, String, u64);
/// Project, stage, service.
pub(crate) type PlaceKey = (ProjectId, String, String);

/// Sets one row to a value, or removes it. Applied to a state it gives its own inverse.
#[derive(Debug)]
pub(super) enum Change {
    Project(ProjectId, Option<ProjectRow>),
    Service((ProjectId, String), Option<Service>),
    View(PlaceKey, Option<ServiceView>),
    Shipyard(String, Option<String>),
    Answer(String, Option<Answer>),
    Event(u64, Option<Box<EventRow>>),
    Fact(FactKey, Option<Box<StoredFact>>),
    Run((ProjectId, String), Option<Box<Run>>),
    BuriedRun((ProjectId, String), Option<BuriedRun>),
    Sequence(String, Option<Box<(ProjectId, Sequence)>>),
    Queue((ProjectId, String), Option<Queue>),
    Taker((String, String), Option<ProjectId>),
    Link(String, Option<Link>),
    Timer((String, TimerKind), Option<Timestamp>),
    Deferred(u64, Option<(ProjectId, Deferred)>),
}

/// The last number of each kind that was given out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    pub(crate) project: ProjectId,
    pub(crate) event: u64,
    pub(crate) fact: u64,
    pub(crate) deferred: u64,
}

/// Everything that is stored.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) projects: BTreeMap<ProjectId, ProjectRow>,
    pub(crate) services: BTreeMap<(ProjectId, String), Service>,
    pub(crate) views: BTreeMap<PlaceKey, ServiceView>,
    pub(crate) shipyards: BTreeMap<String, String>,
    pub(crate) answers: BTreeMap<String, Answer>,
    pub(crate) events: BTreeMap<u64, Box<EventRow>>,
    pub(crate) facts: BTreeMap<FactKey, Box<StoredFact>>,
    pub(crate) runs: BTreeMap<(ProjectId, String), Box<Run>>,
    pub(crate) buried_runs: BTreeMap<(ProjectId, String), BuriedRun>,
    pub(crate) sequences: BTreeMap<String, Box<(ProjectId, Sequence)>>,
    pub(crate) queues: BTreeMap<(ProjectId, String), Queue>,
    /// Id of a listed task and tool.
    pub(crate) takers: BTreeMap<(String, String), ProjectId>,
    pub(crate) links: BTreeMap<String, Link>,
    pub(crate) timers: BTreeMap<(String, TimerKind), Timestamp>,
    pub(crate) deferred: BTreeMap<u64, (ProjectId, Deferred)>,

    // Indices; `apply` alone keeps them.
    pub(crate) living: BTreeMap<String, ProjectId>,
    pub(crate) buried: BTreeSet<ProjectId>,
    pub(crate) answers_by_end: BTreeSet<(Timestamp, String)>,
    pub(crate) events_by_time: BTreeSet<(Option<Timestamp>, u64)>,
    pub(crate) events_by_context: BTreeMap<ContextKey, BTreeSet<u64>>,
    pub(crate) events_without_context: BTreeSet<(Option<ProjectId>, u64)>,
    pub(crate) facts_by_position: BTreeMap<u64, ContextKey>,
    pub(crate) invalidations: BTreeSet<(String, u64)>,
    pub(crate) sequences_by_project: BTreeSet<(ProjectId, String)>,
    pub(crate) links_by_project: BTreeSet<(ProjectId, String)>,
    pub(crate) listed: BTreeSet<(u64, String)>,
    pub(crate) timers_by_due: BTreeSet<(Timestamp, String, TimerKind)>,
}

impl State {
    /// Whether a project is there and not buried.
    pub(crate) fn lives(&self, project: ProjectId) -> bool {
        self.projects.get(&project).is_some_and(|row| !row.buried)
    }

    /// Whether something of this project, or of none, may be in an answer.
    pub(super) fn shows(&self, project: Option<ProjectId>) -> bool {
        project.is_none_or(|project| self.lives(project))
    }

    /// The project, or the ghost, that lives under a name.
    pub(crate) fn project_named(&self, name: &str) -> Option<&Project> {
        self.living.get(name).and_then(|id| self.projects.get(id)).map(|row| &row.project)
    }

    /// Makes a change with all that follows for the indices. Gives the change that undoes it.
    pub(super) fn apply(&mut self, change: Change) -> Change {
        match change {
            Change::Project(id, row) => {
                let new = row.as_ref().map(|row| (row.project.name.clone(), row.buried));
                let old = swap(&mut self.projects, id, row);
                match &old {
                    Some(old) if old.buried => {
                        self.buried.remove(&id);
                    }
                    Some(old) => {
                        self.living.remove(&old.project.name);
                    }
                    None => {}
                }
                match new {
                    Some((_, true)) => {
                        self.buried.insert(id);
                    }
                    Some((name, false)) => {
                        self.living.insert(name, id);
                    }
                    None => {}
                }
                Change::Project(id, old)
            }
            Change::Service(key, row) => Change::Service(key.clone(), swap(&mut self.services, key, row)),
            Change::View(key, row) => Change::View(key.clone(), swap(&mut self.views, key, row)),
            Change::Shipyard(key, row) => Change::Shipyard(key.clone(), swap(&mut self.shipyards, key, row)),
            Change::Answer(key, row) => {
                let new = row.as_ref().map(|row| row.until);
                let old = swap(&mut self.answers, key.clone(), row);
                if let Some(old) = &old {
                    self.answers_by_end.remove(&(old.until, key.clone()));
                }
                if let Some(until) = new {
                    self.answers_by_end.insert((until, key.clone()));
                }
                Change::Answer(key, old)
            }
            Change::Event(position, row) => {
                if let Some(row) = &row {
                    self.index_event(position, row);
                }
                let old = swap(&mut self.events, position, row);
                if let Some(old) = &old {
                    self.forget_event(position, old);
                }
                Change::Event(position, old)
            }
            Change::Fact(key, row) => {
                let place = row.as_ref().map(|_| (key.0, key.1.clone()));
                swap(&mut self.facts_by_position, key.2, place);
                Change::Fact(key.clone(), swap(&mut self.facts, key, row))
            }
            Change::Run(key, row) => Change::Run(key.clone(), swap(&mut self.runs, key, row)),
            Change::BuriedRun(key, row) => Change::BuriedRun(key.clone(), swap(&mut self.buried_runs, key, row)),
            Change::Sequence(id, row) => {
                let new = row.as_ref().map(|row| row.0);
                let old = swap(&mut self.sequences, id.clone(), row);
                let before = old.as_ref().map(|row| row.0);
                if new != before {
                    reindex(&mut self.sequences_by_project, before, new, &id);
                }
                Change::Sequence(id, old)
            }
            Change::Queue(key, row) => Change::Queue(key.clone(), swap(&mut self.queues, key, row)),
            Change::Taker(key, row) => Change::Taker(key.clone(), swap(&mut self.takers, key, row)),
            Change::Link(id, row) => {
                let new = row.as_ref().map(|row| (row.project, row.listed));
                let old = swap(&mut self.links, id.clone(), row);
                let before = old.as_ref().map(|row| (row.project, row.listed));
                let (project, listed) = (|row: (ProjectId, _)| row.0, |row: (_, Option<u64>)| row.1);
                reindex(&mut self.links_by_project, before.map(project), new.map(project), &id);
                reindex(&mut self.listed, before.and_then(listed), new.and_then(listed), &id);
                Change::Link(id, old)
            }
            Change::Timer(key, due) => {
                let old = swap(&mut self.timers, key.clone(), due);
                if let Some(old) = old {
                    self.timers_by_due.remove(&(old, key.0.clone(), key.1));
                }
                if let Some(due) = due {
                    self.timers_by_due.insert((due, key.0.clone(), key.1));
                }
                Change::Timer(key, old)
            }
            Change::Deferred(number, row) => Change::Deferred(number, swap(&mut self.deferred, number, row)),
        }
    }

    fn index_event(&mut self, position: u64, row: &EventRow) {
        self.events_by_time.insert((row.event.time, position));
        match &row.event.context {
            Some(context) => {
                self.events_by_context.entry((row.project, context.clone())).or_default().insert(position);
            }
            None => {
                self.events_without_context.insert((row.project, position));
            }
        }
        if let Some(key) = invalidation(position, row) {
            self.invalidations.insert(key);
        }
    }

    fn forget_event(&mut self, position: u64, row: &EventRow) {
        self.events_by_time.remove(&(row.event.time, position));
        match &row.event.context {
            Some(context) => {
                let key = (row.project, context.clone());
                if let Some(positions) = self.events_by_context.get_mut(&key) {
                    positions.remove(&position);
                    if positions.is_empty() {
                        self.events_by_context.remove(&key);
                    }
                }
            }
            None => {
                self.events_without_context.remove(&(row.project, position));
            }
        }
        if let Some(key) = invalidation(position, row) {
            self.invalidations.remove(&key);
        }
    }
}

fn invalidation(position: u64, row: &EventRow) -> Option<(String, u64)> {
    let triggered_id = row.event.triggered_id.as_ref()?;
    row.event.kind.ends_with(".invalidated").then(|| (triggered_id.clone(), position))
}

fn swap<K: Ord, V>(table: &mut BTreeMap<K, V>, key: K, row: Option<V>) -> Option<V> {
    match row {
        Some(row) => table.insert(key, row),
        None => table.remove(&key),
    }
}

fn reindex(index: &mut BTreeSet<(u64, String)>, before: Option<u64>, after: Option<u64>, id: &str) {
    if before == after {
        return;
    }
    if let Some(before) = before {
        index.remove(&(before, id.to_owned()));
    }
    if let Some(after) = after {
        index.insert((after, id.to_owned()));
    }
}
