//! What tools say about a task (contract: core.md 3.3; corners 2, 3 and 4 of section 9).

use std::borrow::Cow;
use std::sync::Arc;

use capstan_model::event::rest::data_text;
use serde_json::{Value, json};

use super::attempt::{Deadline, TaskEvent};
use super::fact::{Fact, Why};
use super::input::{Reaction, ReactionKind};
use super::sequence::{Outcome, Phase, Sequence};
use super::turn::Turn;
use super::{lease, payload, task};

pub(super) fn react(turn: &mut Turn<'_>, reaction: &Reaction) {
    let concerned = match concerned(&turn.state, reaction) {
        Ok(task) => task,
        Err(why) => {
            return turn.record(Fact::Ignored {
                event_id: reaction.event_id.clone(),
                event_type: reaction.event_type.clone(),
                source: reaction.source.clone(),
                why,
            });
        }
    };
    let Some(attempt) = turn.state.open_attempt(concerned) else { return };
    let (task, started, unchanged) = (concerned, attempt.started() > 0, attempt.deadline);
    match reaction.kind {
        ReactionKind::Started => {
            let deadline = deadline(turn, task, true);
            turn.record(Fact::TaskStarted { task, event: task_event(turn, reaction), deadline, lease: None });
        }
        ReactionKind::Finished => {
            // An answer before anybody started renews nothing: it waits for its start, no longer than the task does.
            let deadline = if started { deadline(turn, task, true) } else { unchanged };
            let reaction = within_limits(turn, task, reaction);
            turn.record(Fact::TaskAnswered { task, event: task_event(turn, &reaction), deadline });
        }
        ReactionKind::StatusChanged => {
            let deadline = deadline(turn, task, started);
            let (event_id, source) = (Some(reaction.event_id.clone()), reaction.source.clone());
            let renewed = lease::renewed_by(turn, task, &source);
            turn.record(Fact::SignOfLife { task, event_id, source, deadline, renewed });
        }
    }
    task::complete_if_answered(turn, task);
}

/// Index of the task that a reaction is about, or why it changes nothing.
fn concerned(sequence: &Sequence, reaction: &Reaction) -> Result<usize, Why> {
    let wrong = |attribute: &str, got: &str, expected: &str| {
        let (attribute, got, expected) = (attribute.to_owned(), got.to_owned(), expected.to_owned());
        Err(Why::WrongScope { attribute, got, expected })
    };
    if reaction.context != sequence.scope.context {
        return wrong("shkeptncontext", &reaction.context, &sequence.scope.context);
    }
    let project = data_text(&reaction.data, "project");
    if project != sequence.scope.project {
        return wrong("data.project", project, &sequence.scope.project);
    }
    for field in ["stage", "service"] {
        if data_text(&reaction.data, field).is_empty() {
            return Err(Why::Missing { field: format!("data.{field}") });
        }
    }
    let Some((open, attempt)) = sequence.attempt_of(&reaction.triggered_id) else {
        return Err(over(sequence, &reaction.triggered_id));
    };
    if reaction.kind == ReactionKind::Started
        && let Some(lease) = attempt.lease_of(&reaction.source)
    {
        return Err(Why::Claimed { lease: lease.id.clone() });
    }
    if reaction.kind != ReactionKind::Finished {
        return Ok(open.task);
    }
    let of_source = |finished: bool| {
        attempt.events.iter().filter(|event| event.finished == finished && event.source == reaction.source).count()
    };
    let (started, answered) = (of_source(false), of_source(true));
    // One that never started may answer for another, as a webhook's target does, or be ahead of its own start: once.
    if answered >= started.max(1) {
        return Err(Why::Duplicate);
    }
    match &reaction.lease {
        Some(lease) if !attempt.leases.iter().any(|live| live.id == *lease) => {
            Err(Why::LeaseOver { lease: lease.clone() })
        }
        _ => Ok(open.task),
    }
}

/// Why what it answers is over.
pub(super) fn over(sequence: &Sequence, triggered_id: &str) -> Why {
    if let Phase::Ended(ending) = &sequence.phase {
        let outcome = match ending.outcome {
            Outcome::Finished => "finished",
            Outcome::TimedOut => "timed out",
            Outcome::Aborted => "aborted",
        };
        return Why::SequenceOver { outcome: outcome.to_owned() };
    }
    let open = sequence.open().iter().map(|open| (open.task, &open.past));
    let mut past = open.chain(sequence.over().map(|done| (done.task, &done.past)));
    let past =
        past.find_map(|(task, past)| Some((task, past.iter().find(|attempt| attempt.triggered_id == triggered_id)?)));
    if let Some((task, attempt)) = past {
        let (task, message) = (sequence.name_of(task).to_owned(), attempt.message.clone());
        return Why::AttemptOver { task, attempt: attempt.number, message };
    }
    let task = sequence.over().find(|task| task.triggered_id == triggered_id);
    Why::TaskOver { task: task.map(|task| task.name.clone()).unwrap_or_default() }
}

/// The answer, or, where the data that it brings are too much for the events to come, that it has failed.
fn within_limits<'a>(turn: &Turn<'_>, task: usize, reaction: &'a Reaction) -> Cow<'a, Reaction> {
    if payload::surely_fits(&turn.state, task, &reaction.data, turn.limits.payload) {
        return Cow::Borrowed(reaction);
    }
    let data = payload::with_answer(&turn.state, task, &reaction.data);
    let Some(why) = payload::too_large(&data, turn.limits.payload) else { return Cow::Borrowed(reaction) };
    let task = turn.state.name_of(task);
    let scope = &turn.state.scope;
    let data = json!({
        "project": scope.project, "stage": scope.stage, "service": scope.service, "status": "errored", "result": "fail",
        "message": format!("the answer of '{}' to task '{task}' cannot be passed on: {why}", reaction.source),
    });
    Cow::Owned(Reaction { data, ..reaction.clone() })
}

fn task_event(turn: &Turn<'_>, reaction: &Reaction) -> Arc<TaskEvent> {
    let text = |field: &str| data_text(&reaction.data, field).to_owned();
    let finished = reaction.kind == ReactionKind::Finished;
    Arc::new(TaskEvent {
        id: reaction.event_id.clone(),
        event_type: reaction.event_type.clone(),
        finished,
        source: reaction.source.clone(),
        result: text("result"),
        status: text("status"),
        time: turn.at,
        data: if finished { reaction.data.clone() } else { Value::Null },
    })
}

/// The deadline of a task's open attempt after a sign of life.
pub(super) fn deadline(turn: &Turn<'_>, task: usize, started: bool) -> Deadline {
    let Some(attempt) = turn.state.open_attempt(task) else { return Deadline::None };
    let timeout = turn.state.task(task).and_then(|task| task.timeout).filter(|_| started);
    let term = match timeout {
        // It counts from the first start on, whatever is heard later.
        Some(_) if attempt.started() > 0 => return attempt.deadline,
        Some(timeout) => timeout,
        None if started && attempt.asks => return Deadline::None,
        None if started => turn.limits.task_timeout,
        None => turn.state.start_timeout(task, turn.limits),
    };
    turn.deadline(term)
}
