//! A decision while it is made.

use capstan_model::event::CloudEvent;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::apply::apply;
use super::effect::{Decision, Effect};
use super::fact::Fact;
use super::ids;
use super::sequence::{CONTROL_PLANE, Limits, Sequence, Slot};

/// The facts and effects so far, and the state that the facts lead to.
pub(super) struct Turn<'a> {
    pub(super) state: Sequence,
    pub(super) at: Timestamp,
    pub(super) limits: &'a Limits,
    decision: Decision,
}

impl<'a> Turn<'a> {
    pub(super) fn new(state: Sequence, at: Timestamp, limits: &'a Limits) -> Self {
        Self { state, at, limits, decision: Decision::default() }
    }

    /// States a fact; what comes after builds on it.
    pub(super) fn record(&mut self, fact: Fact) {
        apply(&mut self.state, &fact, self.at);
        self.decision.facts.push(fact);
    }

    pub(super) fn effect(&mut self, effect: Effect) {
        self.decision.effects.push(effect);
    }

    pub(super) fn want_slot(&mut self) {
        if self.state.slot == Slot::None {
            self.record(Fact::SlotWanted);
            self.effect(Effect::WantSlot);
        }
    }

    pub(super) fn free_slot(&mut self) {
        if self.state.slot != Slot::None {
            self.record(Fact::SlotFreed);
            self.effect(Effect::FreeSlot);
        }
    }

    /// An event of the control plane about this sequence.
    pub(super) fn event(&self, id: String, kind: String, data: Value) -> CloudEvent {
        let mut extensions = Map::new();
        let version = capstan_model::event::rest::CONTROL_PLANE_SPEC_VERSION;
        extensions.insert("shkeptnspecversion".to_owned(), version.into());
        CloudEvent {
            id,
            source: CONTROL_PLANE.to_owned(),
            kind,
            time: Some(self.at),
            context: Some(self.state.scope.context.clone()),
            triggered_id: None,
            commit: None,
            extensions,
            data,
        }
    }

    /// An id of something that this sequence causes now.
    pub(super) fn id(&self, parts: &[&str]) -> String {
        ids::derive(self.at, &[&[&*self.state.id], parts].concat())
    }

    pub(super) fn decided(self) -> Decision {
        self.decision
    }
}
