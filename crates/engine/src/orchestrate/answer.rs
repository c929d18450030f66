//! What tools say about a task (contract: core.md 3.3; corners 2, 3 and 4 of section 9).

use std::borrow::Cow;

use capstan_model::event::rest::data_text;
use serde_json::{Value, json};

use super::effect::{Effect, TimerKind};
use super::fact::{Fact, Why};
use super::input::{Reaction, ReactionKind};
use super::sequence::{Deadline, Outcome, Phase, Sequence, TaskEvent};
use super::turn::Turn;
use super::{payload, task};

pub(super) fn react(turn: &mut Turn<'_>, reaction: &Reaction) {
    if let Some(why) = no_effect(&turn.state, reaction) {
        turn.record(Fact::Ignored {
            event_id: reaction.event_id.clone(),
            event_type: reaction.event_type.clone(),
            source: reaction.source.clone(),
            why,
        });
        return;
    }
    let started = turn.state.attempt().is_some_and(|attempt| attempt.started() > 0);
    match reaction.kind {
        ReactionKind::Started => {
            let deadline = deadline(turn, true);
            turn.record(Fact::TaskStarted { event: task_event(turn, reaction), deadline });
        }
        ReactionKind::Finished => {
            // An answer before anybody started renews nothing: it waits for its start, no longer than the task does.
            let deadline = match turn.state.attempt() {
                Some(attempt) if !started => attempt.deadline,
                _ => deadline(turn, true),
            };
            let reaction = within_limits(turn, reaction);
            turn.record(Fact::TaskAnswered { event: task_event(turn, &reaction), deadline });
        }
        ReactionKind::StatusChanged => {
            let deadline = deadline(turn, started);
            let (event_id, source) = (reaction.event_id.clone(), reaction.source.clone());
            turn.record(Fact::SignOfLife { event_id, source, deadline });
        }
    }
    arm(turn);
    task::complete_if_answered(turn);
}

/// Why a reaction changes nothing, if so.
fn no_effect(sequence: &Sequence, reaction: &Reaction) -> Option<Why> {
    let wrong = |attribute: &str, got: &str, expected: &str| {
        let (attribute, got, expected) = (attribute.to_owned(), got.to_owned(), expected.to_owned());
        Some(Why::WrongScope { attribute, got, expected })
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
            return Some(Why::Missing { field: format!("data.{field}") });
        }
    }
    let attempt = match &sequence.phase {
        Phase::Ended(ending) => {
            let outcome = match ending.outcome {
                Outcome::Finished => "finished",
                Outcome::TimedOut => "timed out",
                Outcome::Aborted => "aborted",
            };
            return Some(Why::SequenceOver { outcome: outcome.to_owned() });
        }
        Phase::Task(attempt) if attempt.triggered_id == reaction.triggered_id => attempt,
        _ => {
            let task = sequence.done.iter().find(|task| task.triggered_id == reaction.triggered_id);
            return Some(Why::TaskOver { task: task.map(|task| task.name.clone()).unwrap_or_default() });
        }
    };
    if reaction.kind != ReactionKind::Finished {
        return None;
    }
    let of_source = |finished: bool| {
        attempt.events.iter().filter(|event| event.finished == finished && event.source == reaction.source).count()
    };
    let (started, answered) = (of_source(false), of_source(true));
    // One that never started may answer for another, as a webhook's target does, or be ahead of its own start: once.
    (answered >= started.max(1)).then_some(Why::Duplicate)
}

/// The answer, or, where the data that it brings are too much for the events to come, that it has failed.
fn within_limits<'a>(turn: &Turn<'_>, reaction: &'a Reaction) -> Cow<'a, Reaction> {
    let data = payload::with_answer(&turn.state, &reaction.data);
    let Some(why) = payload::too_large(&data, turn.limits.payload) else { return Cow::Borrowed(reaction) };
    let task = turn.state.task_name().unwrap_or_default();
    let scope = &turn.state.scope;
    let data = json!({
        "project": scope.project, "stage": scope.stage, "service": scope.service, "status": "errored", "result": "fail",
        "message": format!("the answer of '{}' to task '{task}' cannot be passed on: {why}", reaction.source),
    });
    Cow::Owned(Reaction { data, ..reaction.clone() })
}

fn task_event(turn: &Turn<'_>, reaction: &Reaction) -> TaskEvent {
    let text = |field: &str| data_text(&reaction.data, field).to_owned();
    let finished = reaction.kind == ReactionKind::Finished;
    TaskEvent {
        id: reaction.event_id.clone(),
        event_type: reaction.event_type.clone(),
        finished,
        source: reaction.source.clone(),
        result: text("result"),
        status: text("status"),
        time: turn.at,
        data: if finished { reaction.data.clone() } else { Value::Null },
    }
}

/// The deadline after a sign of life.
fn deadline(turn: &Turn<'_>, started: bool) -> Deadline {
    let term = turn.limits.term(started);
    if started && turn.state.attempt().is_some_and(|attempt| attempt.asks) {
        Deadline::None
    } else if turn.state.paused {
        Deadline::Left(term)
    } else {
        Deadline::At(turn.after(term))
    }
}

/// Sets the timers to what the state says.
fn arm(turn: &mut Turn<'_>) {
    let Some(attempt) = turn.state.attempt() else { return };
    match attempt.deadline {
        Deadline::At(at) => turn.effect(Effect::Arm(TimerKind::Deadline, at)),
        Deadline::Left(_) => {}
        Deadline::None => {
            turn.effect(Effect::Disarm(TimerKind::Deadline));
            turn.arm_reminder();
        }
    }
}
