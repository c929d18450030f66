//! What a step reads and writes.

use std::path::Path;

use capstan_engine::orchestrate::{Queue, Run, Sequence, TimerKind};
use capstan_model::event::CloudEvent;
use capstan_runtime::ports::{
    ClaimFilter, Configuration, Deferred, NewFact, Offered, Project, ProjectId, Retention, Service, ServiceView,
    StoreError, StoreTx, Timer,
};
use jiff::Timestamp;
use rusqlite::Connection;

use super::contexts::{Changes, Merges};
use super::trouble::Trouble;
use super::{
    answers, bury, deferred, events, expire, facts, listed, offers, projects, queues, runs, sequences, services,
    shipyards, statement, takers, timers,
};

/// A transaction; dropped without a commit it has not happened.
#[derive(Debug)]
pub(super) struct SqliteTx<'a> {
    writer: &'a mut Option<Connection>,
    path: &'a Path,
    merges: &'a mut Merges,
    /// How many events may not be listed.
    unlisted: u64,
    changes: Changes,
    /// What was changed when the savepoint was set; none: there is none.
    marked: Option<Changes>,
}

impl<'a> SqliteTx<'a> {
    pub(super) fn begin(
        writer: &'a mut Option<Connection>,
        path: &'a Path,
        merges: &'a mut Merges,
        unlisted: u64,
    ) -> Result<Self, StoreError> {
        let Some(connection) = writer.as_ref() else {
            let path = path.display();
            return Err(StoreError::Failed(format!("a commit to '{path}' failed, and it was not reopened since")));
        };
        // One that was leaked rather than dropped is over as well.
        if !connection.is_autocommit() {
            statement::run(connection, "end a transaction", "ROLLBACK", []).map_err(|trouble| trouble.at(path))?;
        }
        statement::run(connection, "begin a transaction", "BEGIN IMMEDIATE", []).map_err(|trouble| trouble.at(path))?;
        let changes = merges.begin();
        Ok(Self { writer, path, merges, unlisted, changes, marked: None })
    }

    /// Does something in the transaction.
    fn with<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Trouble>) -> Result<T, StoreError> {
        work(ongoing(self.writer.as_ref())?).map_err(|trouble| trouble.at(self.path))
    }

    /// Does something that changes which events and facts are of a context.
    fn change<T>(
        &mut self,
        work: impl FnOnce(&Connection, &mut Changes) -> Result<T, Trouble>,
    ) -> Result<T, StoreError> {
        work(ongoing(self.writer.as_ref())?, &mut self.changes).map_err(|trouble| trouble.at(self.path))
    }

    /// Forgets the savepoint, and gives what was changed before it.
    fn unmark(&mut self) -> Result<Changes, StoreError> {
        self.marked.take().ok_or_else(|| StoreError::Failed("there is no savepoint".to_owned()))
    }

    /// Commits what finds events and facts with all the rest.
    fn finish(&mut self) -> Result<(), StoreError> {
        self.with(|connection| listed::catch_up(connection, self.unlisted))?;
        let prepared = self.merges.prepare(ongoing(self.writer.as_ref())?, &mut self.changes);
        let next = prepared.map_err(|trouble| trouble.at(self.path))?;
        self.with(|connection| statement::run(connection, "commit", "COMMIT", []).map(drop))?;
        self.merges.finish(&next);
        Ok(())
    }
}

/// The connection, as long as the transaction is open.
fn ongoing(writer: Option<&Connection>) -> Result<&Connection, StoreError> {
    // After some failures, such as a full disk, SQLite ends the transaction by itself. Whatever was written then would be
    // committed at once and alone.
    let open = writer.filter(|connection| !connection.is_autocommit());
    open.ok_or_else(|| StoreError::Failed("an earlier failure has ended the transaction".to_owned()))
}

impl Drop for SqliteTx<'_> {
    fn drop(&mut self) {
        let Some(connection) = self.writer.as_ref() else { return };
        if connection.is_autocommit() {
            return;
        }
        // What cannot be rolled back is rolled back by closing.
        if statement::run(connection, "roll back", "ROLLBACK", []).is_err() {
            *self.writer = None;
        }
    }
}

impl StoreTx for SqliteTx<'_> {
    fn savepoint(&mut self) -> Result<(), StoreError> {
        if self.marked.is_some() {
            return Err(StoreError::Failed("savepoints do not nest".to_owned()));
        }
        self.with(|connection| statement::run(connection, "set a savepoint", "SAVEPOINT mark", []))?;
        self.marked = Some(self.changes.clone());
        Ok(())
    }

    fn release(&mut self) -> Result<(), StoreError> {
        self.unmark()?;
        self.with(|connection| statement::run(connection, "release a savepoint", "RELEASE mark", []).map(drop))
    }

    fn rollback(&mut self) -> Result<(), StoreError> {
        self.changes = self.unmark()?;
        self.with(|connection| {
            let doing = "roll back to a savepoint";
            statement::run(connection, doing, "ROLLBACK TO mark", [])?;
            statement::run(connection, doing, "RELEASE mark", []).map(drop)
        })
    }

    fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        let done = self.finish();
        if done.is_err() {
            // Closing forgets what was in memory; what is on the disk is read when it is opened again.
            *self.writer = None;
        }
        done
    }

    fn project(&mut self, name: &str) -> Result<Option<Project>, StoreError> {
        self.with(|connection| projects::living(connection, name))
    }

    fn add_project(
        &mut self,
        name: &str,
        created: Timestamp,
        configuration: Option<&Configuration>,
    ) -> Result<Project, StoreError> {
        self.with(|connection| projects::add(connection, name, created, configuration))
    }

    fn configure_project(&mut self, project: ProjectId, configuration: &Configuration) -> Result<(), StoreError> {
        self.with(|connection| projects::configure(connection, project, configuration))
    }

    fn retain(&mut self, project: ProjectId, retention: Retention) -> Result<(), StoreError> {
        self.with(|connection| projects::retain(connection, project, retention))
    }

    fn bury_project(&mut self, project: ProjectId) -> Result<(), StoreError> {
        self.with(|connection| bury::bury(connection, project))
    }

    fn expire(&mut self, now: Timestamp, server: Retention, limit: u64) -> Result<bool, StoreError> {
        self.with(|connection| expire::expire(connection, now, server, limit))
    }

    fn purge(&mut self, now: Timestamp, limit: u64) -> Result<bool, StoreError> {
        self.change(|connection, changes| bury::purge(connection, changes, now, limit))
    }

    fn service(&mut self, project: ProjectId, name: &str) -> Result<Option<Service>, StoreError> {
        self.with(|connection| services::one(connection, project, name))
    }

    fn add_service(&mut self, project: ProjectId, service: &Service) -> Result<(), StoreError> {
        self.with(|connection| services::add(connection, project, service))
    }

    fn remove_service(&mut self, project: ProjectId, name: &str) -> Result<(), StoreError> {
        self.with(|connection| services::remove(connection, project, name))
    }

    fn service_view(&mut self, project: ProjectId, stage: &str, service: &str) -> Result<ServiceView, StoreError> {
        self.with(|connection| services::view(connection, project, stage, service))
    }

    fn put_service_view(
        &mut self,
        project: ProjectId,
        stage: &str,
        service: &str,
        view: &ServiceView,
    ) -> Result<(), StoreError> {
        self.with(|connection| services::put_view(connection, project, stage, service, view))
    }

    fn shipyard(&mut self, hash: &str) -> Result<Option<String>, StoreError> {
        self.with(|connection| shipyards::text(connection, hash))
    }

    fn put_shipyard(&mut self, hash: &str, text: &str) -> Result<(), StoreError> {
        self.with(|connection| shipyards::put(connection, hash, text))
    }

    fn answer(&mut self, key: &str) -> Result<Option<String>, StoreError> {
        self.with(|connection| answers::one(connection, key))
    }

    fn remember(&mut self, key: &str, answer: &str, until: Timestamp) -> Result<(), StoreError> {
        self.with(|connection| answers::put(connection, key, answer, until))
    }

    fn append_event(&mut self, project: Option<ProjectId>, event: &CloudEvent) -> Result<u64, StoreError> {
        self.change(|connection, changes| events::append(connection, changes, project, event))
    }

    fn event(&mut self, position: u64) -> Result<Option<CloudEvent>, StoreError> {
        self.with(|connection| events::at(connection, position))
    }

    fn append_fact(&mut self, fact: &NewFact<'_>) -> Result<u64, StoreError> {
        self.change(|connection, changes| facts::append(connection, changes, fact))
    }

    fn remove_facts(&mut self, before: u64) -> Result<(), StoreError> {
        self.change(|connection, changes| facts::remove(connection, changes, before))
    }

    fn run(&mut self, project: ProjectId, context: &str) -> Result<Option<Run>, StoreError> {
        self.with(|connection| runs::one(connection, project, context))
    }

    fn put_run(&mut self, project: ProjectId, run: &Run) -> Result<(), StoreError> {
        self.with(|connection| runs::put(connection, project, run))
    }

    fn sequence(&mut self, id: &str) -> Result<Option<(ProjectId, Sequence)>, StoreError> {
        self.with(|connection| sequences::one(connection, &self.changes.facts, id))
    }

    fn put_sequence(&mut self, project: ProjectId, sequence: &Sequence) -> Result<(), StoreError> {
        self.with(|connection| sequences::put(connection, project, sequence))
    }

    fn sequence_of(&mut self, triggered_id: &str) -> Result<Option<String>, StoreError> {
        self.with(|connection| sequences::of_task(connection, triggered_id))
    }

    fn queue(&mut self, project: ProjectId, name: &str) -> Result<Queue, StoreError> {
        self.with(|connection| queues::one(connection, project, name))
    }

    fn put_queue(&mut self, project: ProjectId, name: &str, queue: &Queue) -> Result<(), StoreError> {
        self.with(|connection| queues::put(connection, project, name, queue))
    }

    fn offer(
        &mut self,
        project: ProjectId,
        sequence: &str,
        position: u64,
        event: &CloudEvent,
    ) -> Result<(), StoreError> {
        self.with(|connection| offers::add(connection, project, sequence, position, event))
    }

    fn withdraw(&mut self, triggered_id: &str) -> Result<(), StoreError> {
        self.with(|connection| offers::withdraw(connection, triggered_id))
    }

    fn offered(&mut self, triggered_id: &str) -> Result<Option<Offered>, StoreError> {
        self.with(|connection| takers::offered(connection, triggered_id))
    }

    fn add_taker(&mut self, project: ProjectId, triggered_id: &str, tool: &str) -> Result<(), StoreError> {
        self.with(|connection| takers::add(connection, project, triggered_id, tool))
    }

    fn remove_taker(&mut self, triggered_id: &str, tool: &str) -> Result<(), StoreError> {
        self.with(|connection| takers::remove(connection, triggered_id, tool))
    }

    fn claimable(&mut self, filter: &ClaimFilter, limit: u64) -> Result<Vec<Offered>, StoreError> {
        self.with(|connection| takers::claimable(connection, filter, limit))
    }

    fn arm(&mut self, timer: &Timer) -> Result<(), StoreError> {
        self.with(|connection| timers::arm(connection, timer))
    }

    fn disarm(&mut self, sequence: &str, kind: TimerKind) -> Result<(), StoreError> {
        self.with(|connection| timers::disarm(connection, sequence, kind))
    }

    fn due_timers(&mut self, now: Timestamp, limit: u64) -> Result<Vec<Timer>, StoreError> {
        self.with(|connection| timers::due(connection, now, limit))
    }

    fn defer(&mut self, project: ProjectId, input: &Deferred) -> Result<(), StoreError> {
        self.with(|connection| deferred::leave(connection, project, input))
    }

    fn take_deferred(&mut self, limit: u64) -> Result<Vec<Deferred>, StoreError> {
        self.with(|connection| deferred::take(connection, limit))
    }
}
