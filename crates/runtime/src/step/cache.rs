//! What steps know of the store without asking it again.

use std::sync::Arc;

use capstan_engine::orchestrate::{Queue, Run, Sequence};
use capstan_model::shipyard::Shipyard;
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
    pub(super) sequences: Kept<String, Known>,
    pub(super) runs: Kept<(ProjectId, String), Run>,
    pub(super) queues: Kept<(ProjectId, String), Queue>,
    pub(super) views: Kept<(ProjectId, String, String), ServiceView>,
}

impl Cache {
    /// Writes what a command has changed.
    pub(super) fn write(&mut self, tx: &mut dyn StoreTx) -> Result<(), StoreError> {
        // Projects are written as they change: the store gives them their ids.
        self.projects.write(|_, _| Ok(()))?;
        self.sequences.write(|_, known| known.write(tx))?;
        self.runs.write(|(project, _), run| tx.put_run(*project, run))?;
        self.queues.write(|(project, name), queue| tx.put_queue(*project, name, queue))?;
        self.views.write(|(project, stage, service), view| tx.put_service_view(*project, stage, service, view))
    }

    /// An empty one, but for shipyards that were read already, by the hash of their text.
    pub(crate) fn with_shipyards(read: impl IntoIterator<Item = (String, Arc<Shipyard>)>) -> Self {
        Self { shipyards: Shipyards::of(read), ..Self::default() }
    }

    /// Forgets everything but shipyards, which never change.
    pub(super) fn clear(&mut self) {
        *self = Self { shipyards: std::mem::take(&mut self.shipyards), ..Self::default() };
    }

    /// A command failed before it wrote anything.
    pub(super) fn undo(&mut self) {
        self.projects.forget_changes();
        self.sequences.forget_changes();
        self.runs.forget_changes();
        self.queues.forget_changes();
        self.views.forget_changes();
    }
}

/// A sequence, and what the store has of it.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) project: ProjectId,
    pub(super) sequence: Sequence,
    /// As it was put, where that is known.
    pub(super) put: Option<Put>,
}

/// How a sequence stood when it was put.
#[derive(Debug, Clone, Copy)]
pub(super) struct Put {
    state: &'static str,
    /// Commands that have changed it since.
    commands: u32,
}

/// After so many commands a sequence is put anew: whoever reads it has to fold the facts of no more than these.
const COMMANDS: u32 = 16;

impl Known {
    /// Puts the sequence, unless the facts that were appended tell what has changed.
    fn write(&mut self, tx: &mut dyn StoreTx) -> Result<(), StoreError> {
        let state = self.sequence.state();
        if let Some(put) = &mut self.put
            && put.state == state
            && put.commands < COMMANDS
            && !self.sequence.is_over()
        {
            put.commands += 1;
            return Ok(());
        }
        tx.put_sequence(self.project, &self.sequence)?;
        self.put = Some(Put { state, commands: 0 });
        Ok(())
    }
}

impl Weigh for Project {
    fn weight(&self) -> usize {
        size_of::<Self>() + 200
    }
}

impl Weigh for Known {
    fn weight(&self) -> usize {
        let sequence = &self.sequence;
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
