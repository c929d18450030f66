//! What can be seen of a world. Where the store fails, as on purpose it can, there is nothing to see.

use std::collections::BTreeSet;

use capstan_engine::orchestrate::{Fact, Queue, Run, Sequence, Why};
use capstan_model::event::CloudEvent;

use super::world::World;
use crate::ports::{EventFilter, OfferFilter, SequenceFilter, Slice, StoredFact, Timer};

impl World {
    /// `.triggered` events of open tasks, the oldest first.
    pub fn offered(&self) -> Vec<CloudEvent> {
        let offers =
            self.reader().offers(&OfferFilter::default(), Slice::ALL).map(|page| page.items).unwrap_or_default();
        offers.into_iter().rev().filter_map(|task| task.event.into_event().ok()).collect()
    }

    /// Open tasks of a run, the oldest first.
    pub fn offered_in(&self, context: &str) -> Vec<CloudEvent> {
        self.offered().into_iter().filter(|event| event.context.as_deref() == Some(context)).collect()
    }

    /// All events of a context, in the order in which they were stored.
    pub fn events(&self, context: &str) -> Vec<CloudEvent> {
        let filter = EventFilter { context: Some(context.to_owned()), ..EventFilter::default() };
        let mut events = self.reader().events(&filter, Slice::ALL).map(|page| page.items).unwrap_or_default();
        events.sort_by_key(|event| event.position);
        events.into_iter().map(|event| event.event).collect()
    }

    /// Types of all events of a context without `sh.keptn.event.`, in the order in which they were stored.
    pub fn event_types(&self, context: &str) -> Vec<String> {
        let prefix = capstan_model::event::event_type::PREFIX;
        let events = self.events(context).into_iter();
        events.map(|event| event.kind.strip_prefix(prefix).unwrap_or(&event.kind).to_owned()).collect()
    }

    /// The run of a context; where it was used in several projects, that of the newest.
    pub fn run(&self, context: &str) -> Option<Run> {
        self.reader().runs_of(context).unwrap_or_default().into_iter().next()
    }

    /// Sequences of a context, in the order of their triggers.
    pub fn sequences(&self, context: &str) -> Vec<Sequence> {
        let mut all = Vec::new();
        for project in self.projects_of(context) {
            let filter = SequenceFilter { project, context: Some(context.to_owned()), ..SequenceFilter::default() };
            all.extend(self.reader().sequences(&filter, Slice::ALL).map(|page| page.items).unwrap_or_default());
        }
        all.sort_by_key(|sequence| sequence.ordinal);
        all
    }

    /// Facts of a context, in the order in which they were stated.
    pub fn facts(&self, context: &str) -> Vec<StoredFact> {
        let reader = self.reader();
        let mut all = Vec::new();
        for name in self.projects_of(context) {
            if let Ok(Some(project)) = reader.project(&name) {
                all.extend(reader.facts(project.id, context).unwrap_or_default());
            }
        }
        all.sort_by_key(|fact| fact.position);
        all
    }

    /// Why events of a context changed nothing, in order.
    pub fn ignored(&self, context: &str) -> Vec<Why> {
        let whys = self.facts(context).into_iter().filter_map(|fact| match fact.fact {
            Fact::Ignored { why, .. } => Some(why),
            _ => None,
        });
        whys.collect()
    }

    /// A queue of a project by its name.
    pub fn queue(&self, project: &str, name: &str) -> Queue {
        let reader = self.reader();
        let project = reader.project(project).ok().flatten();
        project.and_then(|project| reader.queue(project.id, name).ok()).unwrap_or_default()
    }

    /// All timers that are set, the earliest first.
    pub fn timers(&self) -> Vec<Timer> {
        self.store.disk().look(|state, _| {
            let timers = state.timers_by_due.iter();
            timers.map(|(due, id, kind)| Timer { sequence: id.clone(), kind: *kind, due: *due }).collect()
        })
    }

    /// The position of the newest fact.
    pub(super) fn last_fact(&self) -> u64 {
        self.store.disk().look(|_, counters| counters.fact)
    }

    /// Whether no sequence is open.
    pub(super) fn is_all_over(&self) -> bool {
        self.store.disk().look(|state, _| state.sequences.values().all(|row| row.1.is_over()))
    }

    /// Stages in which a run has sequences.
    pub(super) fn stages(&self, context: &str) -> BTreeSet<String> {
        self.sequences(context).into_iter().map(|sequence| sequence.scope.stage.clone()).collect()
    }

    fn projects_of(&self, context: &str) -> Vec<String> {
        self.contexts().filter(|(_, of)| *of == context).map(|(project, _)| project.to_owned()).collect()
    }
}
