//! A decision while it is made.

use capstan_model::event::CloudEvent;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::apply::apply;
use super::effect::{Decision, Effect, TimerKind};
use super::fact::Fact;
use super::ids;
use super::made::control_plane_event;
use super::sequence::{Limits, Sequence, Slot};

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

    /// That long from now; beyond the end of time: at its end.
    pub(super) fn after(&self, term: SignedDuration) -> Timestamp {
        self.at.saturating_add(term).unwrap_or(Timestamp::MAX)
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

    /// Reminds next a full interval from now.
    pub(super) fn arm_reminder(&mut self) {
        let next = self.after(self.limits.reminder);
        self.effect(Effect::Arm(TimerKind::Reminder, next));
    }

    /// An event of the control plane about this sequence.
    pub(super) fn event(&self, id: String, kind: String, data: Value) -> CloudEvent {
        control_plane_event(id, kind, &self.state.scope.context, self.at, data)
    }

    /// An id of something that this sequence causes now.
    pub(super) fn id(&self, parts: &[&str]) -> String {
        ids::derive(self.at, &[&[&*self.state.id], parts].concat())
    }

    pub(super) fn decided(self) -> Decision {
        self.decision
    }
}
