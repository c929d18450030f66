//! What follows from an input.

use jiff::Timestamp;

use super::effect::Decision;
use super::fact::Fact;
use super::input::{Control, Input};
use super::limits::Limits;
use super::sequence::{Phase, Sequence, Slot};
use super::turn::Turn;
use super::{answer, control, lease, step, timer};

/// Decides what follows from an input at a time. Total and pure; the facts fold by [`super::apply`] to the next state.
pub fn decide(sequence: &Sequence, input: &Input, at: Timestamp, limits: &Limits) -> Decision {
    let mut turn = Turn::new(sequence.clone(), at, limits);
    match input {
        Input::Reaction(reaction) => answer::react(&mut turn, reaction),
        // What was under way when the sequence ended finds nothing to do.
        _ if sequence.is_over() => {}
        Input::Born if sequence.paused => {}
        Input::Born => turn.want_slot(),
        // What was left for a later step may come when a pause has taken it out of the queue.
        Input::SlotGranted | Input::Blocked { .. } if sequence.slot != Slot::Wanted => {}
        Input::SlotGranted => {
            turn.record(Fact::SlotHeld);
            match sequence.phase {
                Phase::Queued => step::go_on(&mut turn),
                Phase::Running { .. } | Phase::Ended(_) => {
                    timer::delays_set_back(&mut turn);
                    step::offer_ready(&mut turn);
                }
            }
        }
        Input::Blocked { behind } => turn.record(Fact::Queued { behind: behind.clone() }),
        Input::Timer { kind, up_since } => timer::elapsed(&mut turn, *kind, *up_since),
        Input::ClockSetBack => timer::set_back(&mut turn),
        Input::Control(Control::Pause) => control::pause(&mut turn),
        Input::Control(Control::Resume) => control::resume(&mut turn),
        Input::Control(Control::Abort) => control::abort(&mut turn, String::new()),
        // What it does at the end in any case is done to its end, however many come after it.
        Input::Superseded { .. } if turn.state.closing.is_some() => {}
        Input::Superseded { by } => control::abort(&mut turn, format!("superseded by run '{by}'")),
        Input::Claimed(claim) => lease::claim(&mut turn, claim),
        Input::Heartbeat { lease, progress } => lease::heartbeat(&mut turn, lease, progress.as_deref()),
        Input::Released { lease, reason } => lease::release(&mut turn, lease, reason),
    }
    turn.decided(sequence, input)
}
