//! Pause, resume and abort (contract: core.md 3.6; corner 15 of section 9).

use super::fact::Fact;
use super::sequence::{Outcome, Phase};
use super::turn::Turn;
use super::{end, step, timer};

/// The open tasks may end, no further one is offered, and others may have the slot.
pub(super) fn pause(turn: &mut Turn<'_>) {
    if !turn.state.paused {
        turn.record(Fact::Paused);
        turn.step_aside();
    }
}

/// It goes on where it stood, as soon as it has a slot.
pub(super) fn resume(turn: &mut Turn<'_>) {
    if !turn.state.paused {
        return;
    }
    turn.record(Fact::Resumed);
    timer::pull_in(turn);
    match turn.state.phase {
        Phase::Queued => turn.want_slot(),
        Phase::Running { .. } => step::offer_ready(turn),
        Phase::Ended(_) => {}
    }
}

/// It ends now, but for what it does at the end in any case.
pub(super) fn abort(turn: &mut Turn<'_>, message: String) {
    let closing = end::by_force(&turn.state, Outcome::Aborted, message);
    end::close(turn, closing);
}
