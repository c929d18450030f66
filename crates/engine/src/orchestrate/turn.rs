//! A decision while it is made.

use capstan_model::event::CloudEvent;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::apply::apply;
use super::attempt::Deadline;
use super::effect::{Decision, Effect, TimerKind};
use super::fact::Fact;
use super::ids;
use super::input::{Control, Input};
use super::limits::Limits;
use super::made::control_plane_event;
use super::sequence::{Sequence, Slot};
use super::timer::Timers;

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

    /// A deadline that long from now, or from when the sequence is resumed.
    pub(super) fn deadline(&self, term: SignedDuration) -> Deadline {
        if self.state.paused { Deadline::Left(term) } else { Deadline::At(self.after(term)) }
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

    /// Leaves the slot or the queue for a while.
    pub(super) fn step_aside(&mut self) {
        if self.state.slot != Slot::None {
            self.record(Fact::SlotFreed);
            self.effect(Effect::StepAside);
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

    /// The decision, with what follows from the state alone: what was offered before and is no more is withdrawn, and timers
    /// are as the state has them now.
    pub(super) fn decided(mut self, earlier: &Sequence, input: &Input) -> Decision {
        for (_, attempt) in earlier.attempts() {
            if self.state.attempt_of(&attempt.triggered_id).is_none() {
                self.decision.effects.push(Effect::Withdraw { triggered_id: attempt.triggered_id.clone() });
            }
        }
        let before = if *input == Input::Born { Timers::default() } else { Timers::of(earlier) };
        let after = Timers::of(&self.state);
        for (kind, before, after) in [
            (TimerKind::Delay, before.delay, after.delay),
            (TimerKind::Deadline, before.deadline, after.deadline),
            (TimerKind::Timeout, before.timeout, after.timeout),
        ] {
            // One that came too early comes again, also where the clock was set back while it waited for something else; one
            // that was worked off and still stands waits for something else.
            let may_be_early = match input {
                Input::Timer { kind: elapsed, .. } => *elapsed == kind,
                Input::SlotGranted | Input::ClockSetBack | Input::Control(Control::Resume) => true,
                _ => false,
            };
            match after {
                Some(at) if before != after || (may_be_early && at > self.at) => self.effect(Effect::Arm(kind, at)),
                None if before.is_some() => self.effect(Effect::Disarm(kind)),
                _ => {}
            }
        }
        match (before.reminds, after.reminds) {
            (false, true) => self.arm_reminder(),
            (true, false) => self.effect(Effect::Disarm(TimerKind::Reminder)),
            _ => {}
        }
        self.decision
    }
}
