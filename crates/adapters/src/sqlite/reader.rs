//! The store as those see it who only look.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use capstan_engine::orchestrate::{Queue, Run, Sequence};
use capstan_runtime::ports::{
    Census, EventFilter, FactFilter, FactPage, FactSpan, OfferFilter, OpenTask, Page, Project, ProjectId, RunFilter,
    SequenceFilter, Service, ServiceView, Slice, StoreError, StoreReader, StoredEvent, StoredFact,
};
use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;

use super::contexts::{self, Memtable, Merges, Recent as _};
use super::trouble::{Doing, Trouble};
use super::{
    bury, census, deferred, events, facts, offers, open, projects, queues, runs, sequences, services, shipyards, timers,
};

/// How many connections are kept for the next question.
const KEPT: usize = 8;

/// Connections that only look, opened as many are needed at once.
#[derive(Debug)]
pub(super) struct SqliteReader {
    path: PathBuf,
    /// Which of them are of a context and not in the table.
    events: Arc<Memtable>,
    facts: Arc<Memtable>,
    idle: Mutex<Vec<Connection>>,
}

impl SqliteReader {
    pub(super) fn new(path: &Path, merges: &Merges) -> Self {
        let [events, facts] = [&merges.events, &merges.facts].map(|merge| Arc::clone(merge.memtable()));
        Self { path: path.to_owned(), events, facts, idle: Mutex::default() }
    }

    /// Asks within one read transaction, so that everything in the answer is of the same commit.
    fn ask<T>(&self, question: impl FnOnce(&Connection) -> Result<T, Trouble>) -> Result<T, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let asked = || {
            let connection = idle.map_or_else(|| open::looking(&self.path), Ok)?;
            let transaction = connection.unchecked_transaction().doing("begin to read")?;
            let answer = question(&transaction)?;
            transaction.finish().doing("end reading")?;
            Ok((connection, answer))
        };
        // A connection that failed is not used again.
        let (connection, answer) = asked().map_err(|trouble: Trouble| trouble.at(&self.path))?;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(connection);
        }
        Ok(answer)
    }
}

impl StoreReader for SqliteReader {
    fn projects(&self, slice: Slice) -> Result<Page<Project>, StoreError> {
        self.ask(|connection| projects::page(connection, slice))
    }

    fn project(&self, name: &str) -> Result<Option<Project>, StoreError> {
        self.ask(|connection| projects::living(connection, name))
    }

    fn services(&self, project: ProjectId, slice: Slice) -> Result<Page<Service>, StoreError> {
        self.ask(|connection| services::page(connection, project, slice))
    }

    fn service(&self, project: ProjectId, name: &str) -> Result<Option<Service>, StoreError> {
        self.ask(|connection| services::one(connection, project, name))
    }

    fn service_views(&self, project: ProjectId) -> Result<Vec<(String, String, ServiceView)>, StoreError> {
        self.ask(|connection| services::views(connection, project))
    }

    fn shipyard(&self, hash: &str) -> Result<Option<String>, StoreError> {
        self.ask(|connection| shipyards::text(connection, hash))
    }

    fn events(&self, filter: &EventFilter, slice: Slice) -> Result<Page<StoredEvent>, StoreError> {
        self.ask(|connection| {
            let recent = match (&filter.context, &filter.id) {
                (Some(context), None) => self.events.look(connection)?.listed(contexts::key(context), 0),
                _ => String::new(),
            };
            events::page(connection, filter, &recent, slice)
        })
    }

    fn offers(&self, filter: &OfferFilter, slice: Slice) -> Result<Page<OpenTask>, StoreError> {
        self.ask(|connection| offers::page(connection, filter, slice))
    }

    fn runs(&self, filter: &RunFilter, slice: Slice) -> Result<Page<Run>, StoreError> {
        self.ask(|connection| runs::page(connection, filter, slice))
    }

    fn runs_of(&self, context: &str) -> Result<Vec<Run>, StoreError> {
        self.ask(|connection| runs::of_context(connection, context))
    }

    fn sequences(&self, filter: &SequenceFilter, slice: Slice) -> Result<Page<Sequence>, StoreError> {
        self.ask(|connection| sequences::page(connection, &self.facts.look(connection)?, filter, slice))
    }

    fn sequence(&self, id: &str) -> Result<Option<(ProjectId, Sequence)>, StoreError> {
        self.ask(|connection| sequences::one(connection, &self.facts.look(connection)?, id))
    }

    fn sequence_of(&self, triggered_id: &str) -> Result<Option<String>, StoreError> {
        self.ask(|connection| sequences::of_task(connection, triggered_id))
    }

    fn facts(&self, project: ProjectId, context: &str) -> Result<Vec<StoredFact>, StoreError> {
        self.ask(|connection| {
            let recent = self.facts.look(connection)?.listed(contexts::key(context), 0);
            facts::of_context(connection, &recent, project, context)
        })
    }

    fn facts_after(&self, filter: &FactFilter, after: u64, limit: u64) -> Result<FactPage, StoreError> {
        self.ask(|connection| facts::after(connection, filter, after, limit))
    }

    fn fact_span(&self) -> Result<FactSpan, StoreError> {
        self.ask(facts::span)
    }

    fn queue(&self, project: ProjectId, name: &str) -> Result<Queue, StoreError> {
        self.ask(|connection| queues::one(connection, project, name))
    }

    fn handled_tasks(&self) -> Result<Vec<String>, StoreError> {
        self.ask(events::handled_tasks)
    }

    fn census(&self) -> Result<Census, StoreError> {
        self.ask(census::take)
    }

    fn next_timer(&self) -> Result<Option<Timestamp>, StoreError> {
        self.ask(timers::next)
    }

    fn has_deferred(&self) -> Result<bool, StoreError> {
        self.ask(deferred::any)
    }

    fn has_buried(&self) -> Result<bool, StoreError> {
        self.ask(bury::any)
    }

    fn shortest_keep(&self) -> Result<Option<SignedDuration>, StoreError> {
        self.ask(projects::shortest_keep)
    }
}
