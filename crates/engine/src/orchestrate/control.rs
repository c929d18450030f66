//! Pause, resume and abort (contract: core.md 3.6; corner 15 of section 9).

use super::effect::{Effect, TimerKind};
use super::fact::Fact;
use super::sequence::{Deadline, Outcome, Phase};
use super::task;
use super::turn::Turn;

/// The open task may end, no further one is offered, and others may have the slot.
pub(super) fn pause(turn: &mut Turn<'_>) {
    if turn.state.paused {
        return;
    }
    let left = match turn.state.attempt().map(|attempt| attempt.deadline) {
        Some(Deadline::At(deadline)) => Some(deadline.duration_since(turn.at).max(jiff::SignedDuration::ZERO)),
        _ => None,
    };
    turn.record(Fact::Paused { left });
    turn.effect(Effect::Disarm(TimerKind::Deadline));
    turn.free_slot();
    turn.arm_reminder();
}

/// It goes on where it stood, as soon as it has a slot.
pub(super) fn resume(turn: &mut Turn<'_>) {
    if !turn.state.paused {
        return;
    }
    let deadline = match turn.state.attempt().map(|attempt| attempt.deadline) {
        Some(Deadline::Left(left)) => Some(turn.after(left)),
        _ => None,
    };
    turn.record(Fact::Resumed { deadline });
    if let Some(deadline) = deadline {
        turn.effect(Effect::Arm(TimerKind::Deadline, deadline));
    }
    let asks = turn.state.attempt().is_some_and(|attempt| attempt.asks);
    if !asks {
        turn.effect(Effect::Disarm(TimerKind::Reminder));
        turn.want_slot();
    }
    if let Phase::Ready { .. } = turn.state.phase {
        task::offer_if_ready(turn);
    }
}

/// It ends now; what it did stays done, so its result is `pass`, as in v1.
pub(super) fn abort(turn: &mut Turn<'_>) {
    task::end(turn, Outcome::Aborted, "aborted", "pass", "");
}
