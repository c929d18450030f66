//! What a step reads and writes.

use std::sync::MutexGuard;

use capstan_engine::orchestrate::{Fact, Queue, Run, Sequence, TimerKind, apply};
use capstan_model::event::CloudEvent;
use capstan_model::event::rest::data_text;
use jiff::Timestamp;

use super::bury;
use super::disk::{Inner, MemoryDisk};
use super::faults::Call;
use super::state::{Answer, Change, EventRow, Link, ProjectRow};
use crate::ports::{
    ClaimFilter, Configuration, Deferred, NewFact, Offered, Project, ProjectId, Retention, Service, ServiceView,
    StoreError, StoreTx, StoredFact, Timer,
};

/// A transaction; dropped without a commit it has not happened.
#[derive(Debug)]
pub(super) struct MemoryTx {
    disk: MemoryDisk,
    process: u64,
}

impl MemoryTx {
    pub(super) fn new(disk: MemoryDisk, process: u64) -> Self {
        Self { disk, process }
    }

    /// The lock is held for one call alone, so that readers are never shut out by a transaction that thinks.
    fn open(&self) -> Result<MutexGuard<'_, Inner>, StoreError> {
        let inner = self.disk.of(self.process)?;
        if inner.is_open() { Ok(inner) } else { Err(StoreError::Failed("the transaction is over".to_owned())) }
    }

    fn at(&self, call: Call) -> Result<MutexGuard<'_, Inner>, StoreError> {
        let mut inner = self.open()?;
        inner.meet(call)?;
        Ok(inner)
    }

    /// To read from.
    fn inner(&self) -> Result<MutexGuard<'_, Inner>, StoreError> {
        self.at(Call::Read)
    }

    /// To write to.
    fn writing(&self) -> Result<MutexGuard<'_, Inner>, StoreError> {
        self.at(Call::Write)
    }

    fn write(&self, change: Change) -> Result<(), StoreError> {
        self.writing()?.write(change);
        Ok(())
    }
}

impl Drop for MemoryTx {
    fn drop(&mut self) {
        if let Ok(mut inner) = self.open() {
            inner.abandon();
        }
    }
}

impl StoreTx for MemoryTx {
    fn savepoint(&mut self) -> Result<(), StoreError> {
        self.at(Call::Savepoint)?.mark()
    }

    fn release(&mut self) -> Result<(), StoreError> {
        self.at(Call::Savepoint)?.unmark().map(|_| ())
    }

    fn rollback(&mut self) -> Result<(), StoreError> {
        self.at(Call::Savepoint)?.rollback()
    }

    fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.open()?.commit()
    }

    fn project(&mut self, name: &str) -> Result<Option<Project>, StoreError> {
        Ok(self.inner()?.state.project_named(name).cloned())
    }

    fn add_project(
        &mut self,
        name: &str,
        created: Timestamp,
        configuration: Option<&Configuration>,
    ) -> Result<Project, StoreError> {
        let mut inner = self.writing()?;
        let id = inner.next(|counters| &mut counters.project);
        let project = Project {
            id,
            name: name.to_owned(),
            created,
            configuration: configuration.cloned(),
            retention: Retention::default(),
        };
        inner.write(Change::Project(id, Some(ProjectRow { project: project.clone(), buried: false })));
        Ok(project)
    }

    fn configure_project(&mut self, project: ProjectId, configuration: &Configuration) -> Result<(), StoreError> {
        let mut inner = self.writing()?;
        if let Some(row) = inner.state.projects.get(&project) {
            let mut row = row.clone();
            row.project.configuration = Some(configuration.clone());
            inner.write(Change::Project(project, Some(row)));
        }
        Ok(())
    }

    fn retain(&mut self, project: ProjectId, retention: Retention) -> Result<(), StoreError> {
        let mut inner = self.inner()?;
        if let Some(row) = inner.state.projects.get(&project) {
            let mut row = row.clone();
            row.project.retention = retention;
            inner.write(Change::Project(project, Some(row)));
        }
        Ok(())
    }

    fn bury_project(&mut self, project: ProjectId) -> Result<(), StoreError> {
        bury::bury(&mut *self.writing()?, project);
        Ok(())
    }

    fn expire(&mut self, now: Timestamp, server: Retention, limit: u64) -> Result<bool, StoreError> {
        Ok(bury::expire(&mut *self.inner()?, now, server, limit))
    }

    fn purge(&mut self, now: Timestamp, limit: u64) -> Result<bool, StoreError> {
        Ok(bury::purge(&mut *self.writing()?, now, limit))
    }

    fn service(&mut self, project: ProjectId, name: &str) -> Result<Option<Service>, StoreError> {
        let state = &self.inner()?.state;
        Ok(state.services.get(&(project, name.to_owned())).filter(|_| state.lives(project)).cloned())
    }

    fn add_service(&mut self, project: ProjectId, service: &Service) -> Result<(), StoreError> {
        self.write(Change::Service((project, service.name.clone()), Some(service.clone())))
    }

    fn remove_service(&mut self, project: ProjectId, name: &str) -> Result<(), StoreError> {
        let mut inner = self.writing()?;
        let views = inner.state.views.range((project, String::new(), String::new())..);
        let views = views.take_while(|((owner, ..), _)| *owner == project);
        let views: Vec<_> = views.filter(|((.., service), _)| service == name).map(|(key, _)| key.clone()).collect();
        for key in views {
            inner.write(Change::View(key, None));
        }
        inner.write(Change::Service((project, name.to_owned()), None));
        Ok(())
    }

    fn service_view(&mut self, project: ProjectId, stage: &str, service: &str) -> Result<ServiceView, StoreError> {
        let state = &self.inner()?.state;
        let view = state.views.get(&(project, stage.to_owned(), service.to_owned()));
        Ok(view.filter(|_| state.lives(project)).cloned().unwrap_or_default())
    }

    fn put_service_view(
        &mut self,
        project: ProjectId,
        stage: &str,
        service: &str,
        view: &ServiceView,
    ) -> Result<(), StoreError> {
        self.write(Change::View((project, stage.to_owned(), service.to_owned()), Some(view.clone())))
    }

    fn shipyard(&mut self, hash: &str) -> Result<Option<String>, StoreError> {
        Ok(self.inner()?.state.shipyards.get(hash).cloned())
    }

    fn put_shipyard(&mut self, hash: &str, text: &str) -> Result<(), StoreError> {
        self.write(Change::Shipyard(hash.to_owned(), Some(text.to_owned())))
    }

    fn answer(&mut self, key: &str) -> Result<Option<String>, StoreError> {
        Ok(self.inner()?.state.answers.get(key).map(|answer| answer.text.clone()))
    }

    fn remember(&mut self, key: &str, answer: &str, until: Timestamp) -> Result<(), StoreError> {
        self.write(Change::Answer(key.to_owned(), Some(Answer { text: answer.to_owned(), until })))
    }

    fn append_event(&mut self, project: Option<ProjectId>, event: &CloudEvent) -> Result<u64, StoreError> {
        let mut inner = self.writing()?;
        inner.check_depth(&event.data, 1)?;
        let position = inner.next(|counters| &mut counters.event);
        let key = event.context.as_ref().map(|context| (project, context.clone()));
        let is_root = key.is_some_and(|key| !inner.state.events_by_context.contains_key(&key));
        inner.write(Change::Event(position, Some(Box::new(EventRow { project, is_root, event: event.clone() }))));
        Ok(position)
    }

    fn event(&mut self, position: u64) -> Result<Option<CloudEvent>, StoreError> {
        let state = &self.inner()?.state;
        Ok(state.events.get(&position).filter(|row| state.shows(row.project)).map(|row| row.event.clone()))
    }

    fn append_fact(&mut self, fact: &NewFact<'_>) -> Result<u64, StoreError> {
        let mut inner = self.writing()?;
        if let Fact::TaskAnswered { event, .. } = fact.fact {
            inner.check_depth(&event.data, 3)?;
        }
        let position = inner.next(|counters| &mut counters.fact);
        let stored = StoredFact {
            position,
            context: fact.context.to_owned(),
            sequence: fact.sequence.map(str::to_owned),
            at: fact.at,
            fact: fact.fact.clone(),
        };
        inner.write(Change::Fact((fact.project, fact.context.to_owned(), position), Some(Box::new(stored))));
        fold(&mut inner, fact);
        Ok(position)
    }

    fn remove_facts(&mut self, before: u64) -> Result<(), StoreError> {
        let mut inner = self.writing()?;
        let old = inner.state.facts_by_position.range(..before);
        let old: Vec<_> = old.map(|(position, (project, context))| (*project, context.clone(), *position)).collect();
        for key in old {
            inner.write(Change::Fact(key, None));
        }
        Ok(())
    }

    fn run(&mut self, project: ProjectId, context: &str) -> Result<Option<Run>, StoreError> {
        let state = &self.inner()?.state;
        let run = state.runs.get(&(project, context.to_owned())).filter(|_| state.lives(project));
        Ok(run.map(|run| (**run).clone()))
    }

    fn put_run(&mut self, project: ProjectId, run: &Run) -> Result<(), StoreError> {
        self.write(Change::Run((project, run.context.clone()), Some(Box::new(run.clone()))))
    }

    fn sequence(&mut self, id: &str) -> Result<Option<(ProjectId, Sequence)>, StoreError> {
        let state = &self.inner()?.state;
        Ok(state.sequences.get(id).filter(|row| state.lives(row.0)).map(|row| (**row).clone()))
    }

    fn put_sequence(&mut self, project: ProjectId, sequence: &Sequence) -> Result<(), StoreError> {
        self.write(Change::Sequence(sequence.id.clone(), Some(Box::new((project, sequence.clone())))))
    }

    fn sequence_of(&mut self, triggered_id: &str) -> Result<Option<String>, StoreError> {
        let state = &self.inner()?.state;
        let link = state.links.get(triggered_id).filter(|link| state.lives(link.project));
        Ok(link.map(|link| link.sequence.clone()))
    }

    fn queue(&mut self, project: ProjectId, name: &str) -> Result<Queue, StoreError> {
        let key = (project, name.to_owned());
        let state = &self.inner()?.state;
        Ok(state.queues.get(&key).filter(|_| state.lives(project)).cloned().unwrap_or_default())
    }

    fn put_queue(&mut self, project: ProjectId, name: &str, queue: &Queue) -> Result<(), StoreError> {
        let key = (project, name.to_owned());
        self.write(Change::Queue(key, (!queue.is_empty()).then(|| queue.clone())))
    }

    fn offer(
        &mut self,
        project: ProjectId,
        sequence: &str,
        position: u64,
        event: &CloudEvent,
    ) -> Result<(), StoreError> {
        let link = Link { project, sequence: sequence.to_owned(), listed: Some(position) };
        self.write(Change::Link(event.id.clone(), Some(link)))
    }

    fn withdraw(&mut self, triggered_id: &str) -> Result<(), StoreError> {
        let mut inner = self.writing()?;
        if let Some(link) = inner.state.links.get(triggered_id).filter(|link| link.listed.is_some()) {
            let link = Link { listed: None, ..link.clone() };
            inner.write(Change::Link(triggered_id.to_owned(), Some(link)));
        }
        let takers = inner.state.takers.range((triggered_id.to_owned(), String::new())..);
        let takers: Vec<_> = takers.map(|(key, _)| key.clone()).take_while(|key| key.0 == triggered_id).collect();
        for key in takers {
            inner.write(Change::Taker(key, None));
        }
        Ok(())
    }

    fn offered(&mut self, triggered_id: &str) -> Result<Option<Offered>, StoreError> {
        let state = &self.inner()?.state;
        let link = state.links.get(triggered_id).filter(|link| state.lives(link.project));
        Ok(link.and_then(|link| offered(triggered_id, link)))
    }

    fn add_taker(&mut self, project: ProjectId, triggered_id: &str, tool: &str) -> Result<(), StoreError> {
        self.write(Change::Taker((triggered_id.to_owned(), tool.to_owned()), Some(project)))
    }

    fn remove_taker(&mut self, triggered_id: &str, tool: &str) -> Result<(), StoreError> {
        self.write(Change::Taker((triggered_id.to_owned(), tool.to_owned()), None))
    }

    fn claimable(&mut self, filter: &ClaimFilter, limit: u64) -> Result<Vec<Offered>, StoreError> {
        let inner = self.inner()?;
        let state = &inner.state;
        let project = match &filter.project {
            None => None,
            Some(name) => match state.project_named(name) {
                Some(project) => Some(project.id),
                None => return Ok(Vec::new()),
            },
        };
        let wanted = |(position, id): &&(u64, String)| {
            let Some(event) = state.events.get(position).map(|row| &row.event) else { return false };
            let is =
                |limit: &Option<String>, field| limit.as_ref().is_none_or(|it| data_text(&event.data, field) == it);
            let Some(link) = state.links.get(id) else { return false };
            filter.kinds.contains(&event.kind)
                && project.is_none_or(|project| link.project == project)
                && is(&filter.stage, "stage")
                && is(&filter.service, "service")
                && !state.takers.contains_key(&(id.clone(), filter.tool.clone()))
        };
        let links = state.listed.iter().filter(wanted).filter_map(|(_, id)| offered(id, state.links.get(id)?));
        Ok(links.take(usize::try_from(limit).unwrap_or(usize::MAX)).collect())
    }

    fn arm(&mut self, timer: &Timer) -> Result<(), StoreError> {
        self.write(Change::Timer((timer.sequence.clone(), timer.kind), Some(timer.due)))
    }

    fn disarm(&mut self, sequence: &str, kind: TimerKind) -> Result<(), StoreError> {
        self.write(Change::Timer((sequence.to_owned(), kind), None))
    }

    fn due_timers(&mut self, now: Timestamp, limit: u64) -> Result<Vec<Timer>, StoreError> {
        let inner = self.inner()?;
        let due = inner.state.timers_by_due.iter().take_while(|(due, ..)| *due <= now);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(due.take(limit).map(|(due, id, kind)| Timer { sequence: id.clone(), kind: *kind, due: *due }).collect())
    }

    fn defer(&mut self, project: ProjectId, input: &Deferred) -> Result<(), StoreError> {
        let mut inner = self.writing()?;
        let number = inner.next(|counters| &mut counters.deferred);
        inner.write(Change::Deferred(number, Some((project, input.clone()))));
        Ok(())
    }

    fn take_deferred(&mut self, limit: u64) -> Result<Vec<Deferred>, StoreError> {
        let mut inner = self.writing()?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let oldest: Vec<_> =
            inner.state.deferred.iter().take(limit).map(|(number, (_, input))| (*number, input.clone())).collect();
        for (number, _) in &oldest {
            inner.write(Change::Deferred(*number, None));
        }
        Ok(oldest.into_iter().map(|(_, input)| input).collect())
    }
}

fn offered(triggered_id: &str, link: &Link) -> Option<Offered> {
    let (triggered_id, sequence) = (triggered_id.to_owned(), link.sequence.clone());
    link.listed.map(|position| Offered { triggered_id, sequence, position })
}

/// Brings the sequence of a fact that was appended to what it is by it, where it is stored already.
fn fold(inner: &mut Inner, fact: &NewFact<'_>) {
    let Some(id) = fact.sequence else { return };
    let row = inner.state.sequences.get(id);
    if row.is_some_and(|row| fact.project == Some(row.0) && row.1.scope.context == fact.context) {
        inner.change_sequence(id, |sequence| apply(sequence, fact.fact, fact.at));
    }
}
