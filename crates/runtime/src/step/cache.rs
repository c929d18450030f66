//! What steps know of the store without asking it again.

use capstan_engine::orchestrate::{Queue, Run, Sequence};
use serde_json::Value;

use super::kept::{Kept, Weigh};
use super::shipyards::Shipyards;
use crate::ports::{Project, ProjectId, ServiceView, StoreError, StoreTx};

/// Records that steps have read or written, decoded.
///
/// It belongs to one store that nobody else writes to, and is empty again after a commit that failed and after a restart.
#[derive(Debug, Default)]
pub struct Cache {
    pub(super) shipyards: Shipyards,
    pub(super) projects: Kept<String, Project>,
    pub(super) sequences: Kept<String, (ProjectId, Sequence)>,
    pub(super) runs: Kept<(ProjectId, String), Run>,
    pub(super) queues: Kept<(ProjectId, String), Queue>,
    pub(super) views: Kept<(ProjectId, String, String), ServiceView>,
}

impl Cache {
    /// Writes what a command has changed.
    pub(super) fn write(&mut self, tx: &mut dyn StoreTx) -> Result<(), StoreError> {
        // Projects are written as they change: the store gives them their ids.
        self.projects.write(|_, _| Ok(()))?;
        self.sequences.write(|_, (project, sequence)| tx.put_sequence(*project, sequence))?;
        self.runs.write(|(project, _), run| tx.put_run(*project, run))?;
        self.queues.write(|(project, name), queue| tx.put_queue(*project, name, queue))?;
        self.views.write(|(project, stage, service), view| tx.put_service_view(*project, stage, service, view))
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self { shipyards: std::mem::take(&mut self.shipyards), ..Self::default() };
    }

    /// A command failed and what it wrote is undone.
    pub(super) fn undo(&mut self) {
        self.projects.forget_changes();
        self.sequences.forget_changes();
        self.runs.forget_changes();
        self.queues.forget_changes();
        self.views.forget_changes();
    }
}

impl Weigh for Project {
    fn weight(&self) -> usize {
        size_of::<Self>() + 200
    }
}

impl Weigh for (ProjectId, Sequence) {
    fn weight(&self) -> usize {
        let sequence = &self.1;
        let answers = sequence.over().map(|done| 300 + weight(&done.properties));
        let events =
            sequence.attempts().flat_map(|(_, attempt)| &attempt.events).map(|event| 300 + weight(&event.data));
        let tasks = sequence.definition.tasks.iter().map(|task| 200 + weight(&task.properties));
        let input = sequence.input.values().map(weight);
        size_of::<Self>() + 500 + answers.chain(events).chain(tasks).chain(input).sum::<usize>()
    }
}

impl Weigh for Run {
    fn weight(&self) -> usize {
        size_of::<Self>() + 300 + 150 * (self.open.len() + self.not_passed.len()) + 500 * self.stages.len()
    }
}

impl Weigh for Queue {
    fn weight(&self) -> usize {
        size_of::<Self>() + 200 * (self.held.len() + self.waiting.len() + self.aside.len())
    }
}

impl Weigh for ServiceView {
    fn weight(&self) -> usize {
        size_of::<Self>() + 250 * self.last_events.len()
    }
}

/// About how many bytes a value takes in memory.
fn weight(value: &Value) -> usize {
    let inside = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(members) => members.iter().map(|(name, member)| 48 + name.len() + weight(member)).sum(),
    };
    size_of::<Value>() + inside
}
