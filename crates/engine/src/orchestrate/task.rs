//! From one task to the next, and to the end.

use capstan_model::event::event_type;
use capstan_model::event::rest::data_text;
use capstan_model::shipyard;
use serde_json::Value;

use super::approve::Approval;
use super::effect::{Effect, TimerKind};
use super::fact::Fact;
use super::payload;
use super::sequence::{APPROVAL, Ending, Outcome, Phase, Slot};
use super::turn::Turn;
use super::verdict::Verdict;

/// A task is the next one; its delay begins.
pub(super) fn ready(turn: &mut Turn<'_>, task: usize) {
    let delay = turn.state.definition.tasks.get(task).map(shipyard::Task::delay).unwrap_or_default();
    // A delay beyond the end of time is one for ever.
    let due = (!delay.is_zero()).then(|| turn.after(delay));
    turn.record(Fact::TaskReady { task, due });
    if let Some(due) = due {
        turn.effect(Effect::Arm(TimerKind::Delay, due));
    }
}

/// Offers the next task if nothing stands against it.
pub(super) fn offer_if_ready(turn: &mut Turn<'_>) {
    let Phase::Ready { task, due } = turn.state.phase else { return };
    if turn.state.paused || turn.state.slot != Slot::Held || due.is_some_and(|due| due > turn.at) {
        return;
    }
    let data = payload::of_task(&turn.state, task);
    if let Some(message) = payload::too_large(&data, turn.limits.payload) {
        let message = format!("task '{}' cannot be offered: {message}", turn.state.name_of(task));
        end(turn, Outcome::Finished, "errored", "fail", &message);
        return;
    }
    let name = turn.state.name_of(task).to_owned();
    let text = |field: &str| data.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (result, status) = (text("result"), text("status"));
    let image = (name == "deployment").then(|| image(&data)).flatten();
    // Who waits for a person lets others pass by; what is decided in an instant costs nobody a turn.
    let asks = name == APPROVAL && Approval::of(&data).decision().is_none();
    let attempt = 1;
    let triggered_id = turn.id(&[&task.to_string(), &attempt.to_string(), "triggered"]);
    let mut event = turn.event(triggered_id.clone(), event_type::of_task(&name, "triggered"), Value::Object(data));
    event.commit.clone_from(&turn.state.scope.commit);
    let deadline = turn.after(turn.limits.start_timeout);
    turn.record(Fact::TaskOffered { task, attempt, triggered_id, deadline, result, status, image, asks });
    turn.effect(Effect::Offer(event));
    turn.effect(Effect::Arm(TimerKind::Deadline, deadline));
    if asks {
        turn.free_slot();
    }
}

fn image(data: &serde_json::Map<String, Value>) -> Option<String> {
    Some(data.get("configurationChange")?.get("values")?.get("image")?.as_str()?.to_owned())
}

/// Ends the open task if all that started have answered.
pub(super) fn complete_if_answered(turn: &mut Turn<'_>) {
    let Some(attempt) = turn.state.attempt() else { return };
    if attempt.finished() == 0 || attempt.started() != attempt.finished() {
        return;
    }
    let (task, triggered_id) = (attempt.task, attempt.triggered_id.clone());
    let Verdict { result, status } = Verdict::of(attempt);
    let last = attempt.events.iter().rfind(|event| event.finished).map(|event| event.data.clone()).unwrap_or_default();
    turn.record(Fact::TaskDone { task, result: result.to_owned(), status: status.to_owned() });
    turn.effect(Effect::Withdraw { triggered_id });
    turn.effect(Effect::Disarm(TimerKind::Deadline));
    if Verdict::ends(result, status) || task + 1 >= turn.state.definition.tasks.len() {
        finish(turn, result, status, &last);
    } else {
        ready(turn, task + 1);
        if !turn.state.paused {
            turn.effect(Effect::Disarm(TimerKind::Reminder));
            turn.want_slot();
        }
        offer_if_ready(turn);
    }
}

/// The sequence has come to its end by itself; whatever is to follow follows.
fn finish(turn: &mut Turn<'_>, result: &str, status: &str, last: &Value) {
    let message = data_text(last, "message");
    let labels = last.get("labels").unwrap_or(&Value::Null);
    turn.effect(Effect::Disarm(TimerKind::Reminder));
    ended(turn, Outcome::Finished, status, result, message, labels);
    turn.effect(Effect::Follow);
    turn.free_slot();
}

/// Ends the sequence from outside: nothing follows.
pub(super) fn end(turn: &mut Turn<'_>, outcome: Outcome, status: &str, result: &str, message: &str) {
    if let Some(attempt) = turn.state.attempt() {
        let triggered_id = attempt.triggered_id.clone();
        turn.effect(Effect::Withdraw { triggered_id });
    }
    for kind in [TimerKind::Delay, TimerKind::Deadline, TimerKind::Reminder] {
        turn.effect(Effect::Disarm(kind));
    }
    let labels = turn.state.scope.labels.clone();
    ended(turn, outcome, status, result, message, &labels);
    turn.free_slot();
}

fn ended(turn: &mut Turn<'_>, outcome: Outcome, status: &str, result: &str, message: &str, labels: &Value) {
    let event_id = turn.id(&["finished"]);
    let kind = event_type::of_sequence(&turn.state.scope.stage, &turn.state.definition.name, "finished");
    let data = payload::of_end(&turn.state.scope, labels, status, result, message);
    let mut event = turn.event(event_id.clone(), kind, data);
    event.triggered_id = Some(turn.state.scope.triggered_id.clone());
    turn.record(Fact::Ended(Ending {
        outcome,
        status: status.to_owned(),
        result: result.to_owned(),
        message: message.to_owned(),
        event_id,
        at: turn.at,
    }));
    turn.effect(Effect::Publish(event));
}
