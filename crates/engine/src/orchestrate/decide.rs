//! What follows from an input.

use jiff::Timestamp;

use super::effect::Decision;
use super::fact::Fact;
use super::input::{Control, Input};
use super::sequence::{Limits, Phase, Sequence, Slot};
use super::turn::Turn;
use super::{answer, control, task, timer};

/// Decides what follows from an input at a time. Total and pure; the facts fold by [`super::apply`] to the next state.
pub fn decide(sequence: &Sequence, input: &Input, at: Timestamp, limits: &Limits) -> Decision {
    let mut turn = Turn::new(sequence.clone(), at, limits);
    match input {
        Input::Reaction(reaction) => answer::react(&mut turn, reaction),
        // What was under way when the sequence ended finds nothing to do.
        _ if sequence.is_over() => {}
        Input::Born if sequence.paused => turn.arm_reminder(),
        Input::Born => turn.want_slot(),
        // What was left for a later step may come when a pause has taken it out of the queue.
        Input::SlotGranted | Input::Blocked { .. } if sequence.slot != Slot::Wanted => {}
        Input::SlotGranted => {
            turn.record(Fact::SlotHeld);
            if sequence.phase == Phase::Queued {
                task::ready(&mut turn, 0);
            }
            task::offer_if_ready(&mut turn);
        }
        Input::Blocked { behind } => turn.record(Fact::Queued { behind: behind.clone() }),
        Input::Timer { kind, up_since } => timer::elapsed(&mut turn, *kind, *up_since),
        Input::ClockSetBack => timer::set_back(&mut turn),
        Input::Control(Control::Pause) => control::pause(&mut turn),
        Input::Control(Control::Resume) => control::resume(&mut turn),
        Input::Control(Control::Abort) => control::abort(&mut turn),
    }
    turn.decided()
}
