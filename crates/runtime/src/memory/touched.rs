//! Which rows commits have changed, for whoever checks them.

use std::collections::BTreeSet;

use super::state::{Change, State};
use crate::ports::ProjectId;

/// What was changed, by key.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    /// Ids of sequences; those included whose timers, offers or takers were changed.
    pub(crate) sequences: BTreeSet<String>,
    /// Project and context.
    pub(crate) runs: BTreeSet<(ProjectId, String)>,
    /// Project and name.
    pub(crate) queues: BTreeSet<(ProjectId, String)>,
}

impl Touched {
    /// Notes what these changes are about; `state` is the one that they have led to.
    pub(super) fn note(&mut self, changes: &[Change], state: &State) {
        for change in changes {
            match change {
                Change::Sequence(id, _) | Change::Timer((id, _), _) => self.add(id),
                Change::Run(key, _) => {
                    self.runs.insert(key.clone());
                }
                Change::Queue(key, _) => {
                    self.queues.insert(key.clone());
                }
                Change::Link(id, _) | Change::Taker((id, _), _) => {
                    if let Some(link) = state.links.get(id) {
                        self.add(&link.sequence);
                    }
                }
                Change::Project(..)
                | Change::BuriedRun(..)
                | Change::Service(..)
                | Change::View(..)
                | Change::Shipyard(..)
                | Change::Answer(..)
                | Change::Event(..)
                | Change::Fact(..)
                | Change::Deferred(..) => {}
            }
        }
    }

    fn add(&mut self, id: &str) {
        if !self.sequences.contains(id) {
            self.sequences.insert(id.to_owned());
        }
    }
}
