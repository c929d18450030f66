//! One task: offered, answered, and tried again.

use capstan_model::event::event_type;
use serde_json::{Map, Value};

use super::approve::Approval;
use super::attempt::{AttemptEnd, OpenTask, TaskEnd};
use super::effect::Effect;
use super::fact::Fact;
use super::sequence::APPROVAL;
use super::turn::Turn;
use super::verdict::Verdict;
use super::{payload, step};

/// Offers a task, whose time it is.
pub(super) fn offer(turn: &mut Turn<'_>, task: usize) {
    let Some(open) = turn.state.open_task(task) else { return };
    let (attempt, start_timeout) = (open.number, turn.state.term(open, turn.limits));
    let data = payload::of_task(&turn.state, task);
    let name = turn.state.name_of(task).to_owned();
    if let Some(message) = payload::too_large(&data, turn.limits.payload) {
        let message = format!("task '{name}' cannot be offered: {message}");
        turn.record(Fact::TaskEnded { task, end: TaskEnd::Impossible, message });
        return step::task_over(turn, task);
    }
    let text = |field: &str| data.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (result, status) = (text("result"), text("status"));
    let image = (name == "deployment").then(|| image(&data)).flatten();
    // Who waits for a person lets others pass by; what is decided in an instant costs nobody a turn.
    let asks = name == APPROVAL && Approval::of(&data).decision().is_none();
    let triggered_id = turn.id(&[&task.to_string(), &attempt.to_string(), "triggered"]);
    let mut event = turn.event(triggered_id.clone(), event_type::of_task(&name, "triggered"), Value::Object(data));
    event.commit.clone_from(&turn.state.scope.commit);
    let deadline = turn.after(start_timeout);
    turn.record(Fact::TaskOffered { task, attempt, triggered_id, deadline, result, status, image, asks });
    turn.effect(Effect::Offer(event));
}

fn image(data: &Map<String, Value>) -> Option<String> {
    Some(data.get("configurationChange")?.get("values")?.get("image")?.as_str()?.to_owned())
}

/// Ends the open attempt of a task if all that started have answered.
pub(super) fn complete_if_answered(turn: &mut Turn<'_>, task: usize) {
    let Some(attempt) = turn.state.open_attempt(task) else { return };
    // As many answers as starts, one at least; but whoever holds a lease answers by itself, nobody does so in its place.
    let answered = attempt.started() > 0 && attempt.finished() >= attempt.started();
    if !answered || !attempt.leases.is_empty() {
        return;
    }
    let verdict = Verdict::of(attempt);
    if verdict.ends() && may_retry(turn, task) {
        let said = attempt.events.iter().rfind(|event| event.finished).map(|event| event.message()).unwrap_or_default();
        let colon = if said.is_empty() { "" } else { ": " };
        let message = format!("answered with result '{}' and status '{}'{colon}{said}", verdict.result, verdict.status);
        return try_again(turn, task, AttemptEnd::Failed, message);
    }
    let (result, status) = (verdict.result.to_owned(), verdict.status.to_owned());
    turn.record(Fact::TaskDone { task, result, status });
    step::task_over(turn, task);
}

/// Nothing was heard of the open attempt of a task in time.
pub(super) fn time_out(turn: &mut Turn<'_>, task: usize, message: String) {
    if may_retry(turn, task) {
        return try_again(turn, task, AttemptEnd::TimedOut, message);
    }
    turn.record(Fact::TaskEnded { task, end: TaskEnd::TimedOut, message });
    step::task_over(turn, task);
}

/// A tool that had claimed a task was silent for too long.
pub(super) fn lose_lease(turn: &mut Turn<'_>, task: usize, message: String) {
    let lost = turn.state.open_task(task).map_or(0, OpenTask::leases_lost) + 1;
    if lost < turn.limits.leases {
        return try_again(turn, task, AttemptEnd::LeaseLost, message);
    }
    time_out(turn, task, format!("{message}; that was the last of {} leases", turn.limits.leases));
}

fn may_retry(turn: &Turn<'_>, task: usize) -> bool {
    turn.state.open_task(task).is_some_and(|open| turn.state.may_retry(open))
}

/// The attempt came to nothing; the task is offered anew, under a new id.
fn try_again(turn: &mut Turn<'_>, task: usize, end: AttemptEnd, message: String) {
    let Some(open) = turn.state.open_task(task) else { return };
    let Some(attempt) = open.attempt() else { return };
    let (number, triggered_id) = (open.number, attempt.triggered_id.clone());
    let pause = turn.state.pause_after(task, end, open.failures() + 1);
    let due = (!pause.is_zero()).then(|| turn.after(pause));
    turn.record(Fact::AttemptEnded { task, attempt: number, triggered_id, end, message, due });
    step::offer_ready(turn);
}
