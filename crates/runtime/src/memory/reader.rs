//! What those who only look are told.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use capstan_engine::orchestrate::{Queue, Run, Sequence};
use capstan_model::event::CloudEvent;
use capstan_model::event::event_type::{EventType, PREFIX};
use jiff::{SignedDuration, Timestamp};

use super::bury;
use super::census;
use super::disk::{Committed, MemoryDisk};
use super::filter::{is_event, is_offer, is_run, is_sequence, page};
use super::place::placed;
use crate::ports::{
    Census, EventFilter, FactFilter, FactPage, FactSpan, OfferFilter, OpenTask, Page, Project, ProjectId, RunFilter,
    SequenceFilter, Service, ServiceView, Slice, StoreError, StoreReader, StoredEvent, StoredFact,
};

/// Looks at the last commit.
#[derive(Debug)]
pub(super) struct MemoryReader {
    disk: MemoryDisk,
    process: u64,
}

impl MemoryReader {
    pub(super) fn new(disk: MemoryDisk, process: u64) -> Self {
        Self { disk, process }
    }

    fn state(&self) -> Result<Committed<'_>, StoreError> {
        self.disk.committed(self.process)
    }
}

impl StoreReader for MemoryReader {
    fn projects(&self, slice: Slice) -> Result<Page<Project>, StoreError> {
        let state = self.state()?;
        let projects = state.living.values().filter_map(|id| state.projects.get(id)).map(|row| &row.project);
        Ok(page(projects.filter(|project| project.configuration.is_some()), slice, Clone::clone))
    }

    fn project(&self, name: &str) -> Result<Option<Project>, StoreError> {
        Ok(self.state()?.project_named(name).cloned())
    }

    fn services(&self, project: ProjectId, slice: Slice) -> Result<Page<Service>, StoreError> {
        let state = self.state()?;
        let services = state.services.range((project, String::new())..);
        let services = services.take_while(|((owner, _), _)| *owner == project && state.lives(project));
        Ok(page(services, slice, |(_, service)| service.clone()))
    }

    fn service(&self, project: ProjectId, name: &str) -> Result<Option<Service>, StoreError> {
        let state = self.state()?;
        Ok(state.services.get(&(project, name.to_owned())).filter(|_| state.lives(project)).cloned())
    }

    fn service_views(&self, project: ProjectId) -> Result<Vec<(String, String, ServiceView)>, StoreError> {
        let state = self.state()?;
        let views = state.views.range((project, String::new(), String::new())..);
        let views = views.take_while(|((owner, ..), _)| *owner == project && state.lives(project));
        Ok(views.map(|((_, stage, service), view)| (stage.clone(), service.clone(), view.clone())).collect())
    }

    fn shipyard(&self, hash: &str) -> Result<Option<String>, StoreError> {
        Ok(self.state()?.shipyards.get(hash).cloned())
    }

    fn events(&self, filter: &EventFilter, slice: Slice) -> Result<Page<StoredEvent>, StoreError> {
        let state = self.state()?;
        let only = match &filter.project {
            Some(name) => match state.project_named(name) {
                Some(project) => Some(project.id),
                None => return Ok(Page { items: Vec::new(), total: 0 }),
            },
            None => None,
        };
        let fits = |position: u64| {
            let row = state.events.get(&position)?;
            let of_project = if only.is_some() { row.project == only } else { state.shows(row.project) };
            (of_project && is_event(&state, filter, row)).then_some((position, &row.event))
        };
        let show = |(position, event): (u64, &CloudEvent)| StoredEvent { position, event: event.clone() };
        if let (Some(project), Some(context)) = (only, &filter.context) {
            let key = (Some(project), context.clone());
            let mut found: Vec<_> =
                state.events_by_context.get(&key).into_iter().flatten().filter_map(|at| fits(*at)).collect();
            found.sort_by_key(|(position, event)| Reverse((event.time, *position)));
            return Ok(page(found.into_iter(), slice, show));
        }
        Ok(page(state.events_by_time.iter().rev().filter_map(|(_, position)| fits(*position)), slice, show))
    }

    fn offers(&self, filter: &OfferFilter, slice: Slice) -> Result<Page<OpenTask>, StoreError> {
        let state = self.state()?;
        let after = filter.after.map_or(0, |after| after.saturating_add(1));
        let offers = state.listed.range((after, String::new())..).rev().filter_map(|(position, id)| {
            let project = &state.projects.get(&state.links.get(id)?.project).filter(|row| !row.buried)?.project;
            let event = &state.events.get(position)?.event;
            let of_project = filter.project.as_ref().is_none_or(|name| *name == project.name);
            (of_project && is_offer(filter, event)).then_some((position, event))
        });
        Ok(page(offers, slice, |(position, event)| OpenTask { position: *position, event: event.clone().into() }))
    }

    fn runs(&self, filter: &RunFilter, slice: Slice) -> Result<Page<Run>, StoreError> {
        let state = self.state()?;
        let Some(project) = state.project_named(&filter.project).map(|project| project.id) else {
            return Ok(Page { items: Vec::new(), total: 0 });
        };
        let runs = state.runs.range((project, String::new())..).take_while(|((owner, _), _)| *owner == project);
        let mut runs: Vec<_> = runs.map(|(_, run)| run).filter(|run| is_run(filter, run)).collect();
        // Stable: ties stay in the order of their contexts.
        runs.sort_by_key(|run| Reverse((run.time, run.ordinal)));
        Ok(page(runs.into_iter(), slice, |run| (**run).clone()))
    }

    fn runs_of(&self, context: &str) -> Result<Vec<Run>, StoreError> {
        let state = self.state()?;
        let projects = state.projects.iter().rev().filter(|(_, row)| !row.buried);
        let runs = projects.filter_map(|(id, _)| state.runs.get(&(*id, context.to_owned())));
        Ok(runs.map(|run| (**run).clone()).collect())
    }

    fn sequences(&self, filter: &SequenceFilter, slice: Slice) -> Result<Page<Sequence>, StoreError> {
        let state = self.state()?;
        let Some(project) = state.project_named(&filter.project).map(|project| project.id) else {
            return Ok(Page { items: Vec::new(), total: 0 });
        };
        let ids = state.sequences_by_project.range((project, String::new())..);
        let ids = ids.take_while(|(owner, _)| *owner == project);
        let sequences = ids.filter_map(|(_, id)| state.sequences.get(id)).map(|row| &row.1);
        let mut sequences: Vec<_> = sequences.filter(|sequence| is_sequence(filter, sequence)).collect();
        sequences.sort_by_key(|sequence| Reverse((sequence.triggered_at, sequence.ordinal)));
        Ok(page(sequences.into_iter(), slice, Clone::clone))
    }

    fn sequence(&self, id: &str) -> Result<Option<(ProjectId, Sequence)>, StoreError> {
        let state = self.state()?;
        Ok(state.sequences.get(id).filter(|row| state.lives(row.0)).map(|row| (**row).clone()))
    }

    fn sequence_of(&self, triggered_id: &str) -> Result<Option<String>, StoreError> {
        let state = self.state()?;
        let link = state.links.get(triggered_id).filter(|link| state.lives(link.project));
        Ok(link.map(|link| link.sequence.clone()))
    }

    fn facts(&self, project: ProjectId, context: &str) -> Result<Vec<StoredFact>, StoreError> {
        let state = self.state()?;
        if !state.lives(project) {
            return Ok(Vec::new());
        }
        let key = |position| (Some(project), context.to_owned(), position);
        Ok(state.facts.range(key(0)..=key(u64::MAX)).map(|(_, fact)| (**fact).clone()).collect())
    }

    fn facts_after(&self, filter: &FactFilter, after: u64, limit: u64) -> Result<FactPage, StoreError> {
        let state = self.state()?;
        let limit = usize::try_from(limit.min(FactPage::LOOKED_AT)).unwrap_or(usize::MAX);
        let mut page = FactPage { items: Vec::new(), last: after };
        for (position, (project, context)) in state.facts_by_position.range(after.saturating_add(1)..).take(limit) {
            page.last = *position;
            let fact = state.facts.get(&(*project, context.clone(), *position));
            page.items.extend(fact.and_then(|fact| placed(&state, filter, *project, fact)));
        }
        Ok(page)
    }

    fn fact_span(&self) -> Result<FactSpan, StoreError> {
        let state = self.state()?;
        let oldest = state.facts_by_position.first_key_value().map(|(position, _)| *position);
        Ok(FactSpan { oldest, next: state.counters().fact + 1 })
    }

    fn queue(&self, project: ProjectId, name: &str) -> Result<Queue, StoreError> {
        let state = self.state()?;
        let queue = state.queues.get(&(project, name.to_owned()));
        Ok(queue.filter(|_| state.lives(project)).cloned().unwrap_or_default())
    }

    fn handled_tasks(&self) -> Result<Vec<String>, StoreError> {
        let state = self.state()?;
        let events = state.events.values().filter(|row| state.shows(row.project)).map(|row| &row.event);
        let tasks = events.filter_map(|event| match EventType::parse(&event.kind) {
            EventType::Task { task, phase: "started" } if event.kind.starts_with(PREFIX) => Some(task.to_owned()),
            _ => None,
        });
        let tasks: BTreeSet<String> = tasks.collect();
        Ok(tasks.into_iter().collect())
    }

    fn census(&self) -> Result<Census, StoreError> {
        Ok(census::take(&*self.state()?))
    }

    fn next_timer(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.state()?.timers_by_due.first().map(|(due, ..)| *due))
    }

    fn has_deferred(&self) -> Result<bool, StoreError> {
        Ok(!self.state()?.deferred.is_empty())
    }

    fn has_buried(&self) -> Result<bool, StoreError> {
        Ok(bury::has_buried(&*self.state()?))
    }

    fn shortest_keep(&self) -> Result<Option<SignedDuration>, StoreError> {
        let state = self.state()?;
        let living = state.projects.values().filter(|row| !row.buried);
        Ok(living.filter_map(|row| row.project.retention.shortest()).min())
    }
}
