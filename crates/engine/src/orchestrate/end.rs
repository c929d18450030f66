//! The end of a sequence, with the tasks that run whatever has happened.

use capstan_model::event::event_type;
use serde_json::Value;

use super::attempt::{DoneTask, TaskEnd};
use super::effect::Effect;
use super::fact::Fact;
use super::sequence::{Closing, Ending, Outcome, Phase, Sequence, Slot};
use super::turn::Turn;
use super::verdict::Verdict;
use super::{payload, step};

/// How a sequence ends by what its tasks came to: by those that came last and, where a `finally` task has failed, by that.
pub(super) fn natural(sequence: &Sequence) -> Closing {
    let failed = sequence.done.iter().find(|done| sequence.is_finally(done.task) && done.failed());
    match (&sequence.closing, failed) {
        (Some(closing), Some(failed)) if closing.outcome == Outcome::Finished && closing.result != "fail" => Closing {
            outcome: outcome(failed),
            status: failed.status.clone(),
            result: "fail".to_owned(),
            message: match &*failed.message {
                "" => format!("'{}', which runs at the end, failed", failed.name),
                why => format!("'{}', which runs at the end, failed: {why}", failed.name),
            },
            labels: closing.labels.clone(),
        },
        (Some(closing), _) => (**closing).clone(),
        (None, _) => by_tasks(sequence),
    }
}

fn by_tasks(sequence: &Sequence) -> Closing {
    let verdict = Verdict::of_sequence(sequence);
    let labels = &sequence.scope.labels;
    let Some(last) = verdict.last else {
        return Closing {
            outcome: Outcome::Finished,
            status: verdict.status.to_owned(),
            result: verdict.result.to_owned(),
            message: String::new(),
            labels: labels.clone(),
        };
    };
    Closing {
        outcome: outcome(last),
        status: verdict.status.to_owned(),
        result: verdict.result.to_owned(),
        message: last.message.clone(),
        labels: if last.end == TaskEnd::Answered { last.labels.clone() } else { labels.clone() },
    }
}

fn outcome(last: &DoneTask) -> Outcome {
    if last.end == TaskEnd::TimedOut { Outcome::TimedOut } else { Outcome::Finished }
}

/// From outside.
pub(super) fn by_force(sequence: &Sequence, outcome: Outcome, message: String) -> Closing {
    // What it did stays done, so the result of an abort is `pass`, as in v1.
    let (status, result) = if outcome == Outcome::Aborted { ("aborted", "pass") } else { ("errored", "fail") };
    let (status, result) = (status.to_owned(), result.to_owned());
    Closing { outcome, status, result, message, labels: sequence.scope.labels.clone() }
}

/// The sequence comes to its end: nothing is left to do but its `finally` tasks. Where there are none, where it never had
/// its turn, and where these were under way already, it ends at once.
pub(super) fn close(turn: &mut Turn<'_>, closing: Closing) {
    let has_finally = turn.state.definition.tasks.iter().any(|task| task.finally);
    // One that has its turn and nothing but them to do has begun, as when it is done again for their sake.
    let never_began = turn.state.phase == Phase::Queued && turn.state.slot != Slot::Held;
    if !has_finally || turn.state.closing.is_some() || never_began {
        return end(turn, closing);
    }
    turn.record(Fact::Closing(Box::new(closing)));
    step::go_on(turn);
}

/// The sequence is over; whatever is to follow follows.
pub(super) fn end(turn: &mut Turn<'_>, closing: Closing) {
    let Closing { outcome, status, result, message, labels } = closing;
    let event_id = turn.id(&["finished"]);
    let kind = event_type::of_sequence(&turn.state.scope.stage, &turn.state.definition.name, "finished");
    let data: Value = payload::of_end(&turn.state.scope, &labels, &status, &result, &message);
    let mut event = turn.event(event_id.clone(), kind, data);
    event.triggered_id = Some(turn.state.scope.triggered_id.clone());
    turn.record(Fact::Ended(Ending { outcome, status, result, message, event_id, at: turn.at }));
    turn.effect(Effect::Publish(event));
    if outcome == Outcome::Finished {
        turn.effect(Effect::Follow);
    }
    // Also one that stands aside leaves its queue.
    if turn.state.slot != Slot::None {
        turn.record(Fact::SlotFreed);
    }
    turn.effect(Effect::FreeSlot);
}
