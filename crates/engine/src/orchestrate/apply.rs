//! Facts become state.

use std::sync::Arc;

use capstan_model::shipyard::Join;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::attempt::{Attempt, Deadline, DoneTask, OpenTask, PastAttempt, TaskEnd, TaskState};
use super::fact::{Birth, Fact};
use super::merge::merge;
use super::run::LatestEvent;
use super::sequence::{Outcome, Phase, Sequence, Slot};
use super::step;

/// The state right after [`Fact::Triggered`].
pub fn born(birth: Birth, at: Timestamp) -> Sequence {
    let Birth { id, scope, definition, input, ordinal, paused, key, rerun, done } = birth;
    Sequence {
        id,
        scope,
        definition,
        input,
        triggered_at: at,
        ordinal,
        key,
        rerun,
        phase: Phase::Queued,
        slot: Slot::None,
        paused,
        deadline: None,
        closing: None,
        done,
        latest_events: Vec::new(),
    }
}

/// Folds one fact into the state. Total: a fact that does not fit changes nothing.
pub fn apply(sequence: &mut Sequence, fact: &Fact, at: Timestamp) {
    match fact {
        Fact::SlotWanted => sequence.slot = Slot::Wanted,
        Fact::SlotHeld => {
            sequence.slot = Slot::Held;
            if let (Phase::Queued, Some(timeout)) = (&sequence.phase, sequence.definition.timeout) {
                sequence.deadline = Some(Deadline::At(at.saturating_add(timeout).unwrap_or(Timestamp::MAX)));
            }
        }
        Fact::SlotFreed => sequence.slot = Slot::None,
        Fact::TaskReady { task, due } => ready(sequence, *task, *due),
        Fact::TaskOffered { task, attempt, triggered_id, deadline, image, asks, .. } => {
            if let Some(open) = open_task(sequence, *task) {
                open.number = *attempt;
                open.state = TaskState::Offered(Box::new(Attempt {
                    triggered_id: triggered_id.clone(),
                    offered_at: at,
                    last_sign: at,
                    deadline: Deadline::At(*deadline),
                    image: image.clone(),
                    asks: *asks,
                    events: Vec::new(),
                    leases: Vec::new(),
                    claims: 0,
                }));
                let offer = LatestEvent::of_offer(sequence, *task, triggered_id, at);
                saw(sequence, offer);
            }
        }
        Fact::TaskStarted { task, event, deadline, lease } => {
            if let Some(attempt) = heard(sequence, *task, *deadline, at) {
                attempt.events.push(Arc::clone(event));
                attempt.claims += u32::from(lease.is_some());
                attempt.leases.extend(lease.as_deref().cloned());
                saw(sequence, LatestEvent::of_tool(event, at));
            }
        }
        Fact::TaskAnswered { task, event, deadline } => {
            if let Some(attempt) = heard(sequence, *task, *deadline, at) {
                attempt.leases.retain(|lease| lease.tool != event.source);
                attempt.events.push(Arc::clone(event));
                saw(sequence, LatestEvent::of_tool(event, at));
            }
        }
        Fact::SignOfLife { task, deadline, renewed, .. } => {
            let Some(attempt) = heard(sequence, *task, *deadline, at) else { return };
            let Some(renewed) = renewed else { return };
            if let Some(lease) = attempt.leases.iter_mut().find(|lease| lease.id == renewed.lease) {
                lease.last_sign = at;
                lease.deadline = renewed.deadline;
                if let Some(progress) = &renewed.progress {
                    lease.progress.clone_from(progress);
                }
            }
        }
        Fact::DeadlineMoved { task: None, deadline, .. } => sequence.deadline = Some(Deadline::At(*deadline)),
        Fact::DeadlineMoved { task: Some(task), lease, deadline } => {
            let Some(attempt) = offered(sequence, *task) else { return };
            let moved = match lease {
                None => Some(&mut attempt.deadline),
                Some(id) => attempt.leases.iter_mut().find(|lease| lease.id == *id).map(|lease| &mut lease.deadline),
            };
            if let Some(moved) = moved {
                *moved = Deadline::At(*deadline);
            }
        }
        Fact::LeaseReleased { task, lease, source, deadline, .. } => {
            if let Some(attempt) = heard(sequence, *task, *deadline, at) {
                attempt.leases.retain(|held| held.id != *lease);
                let claim = attempt.events.iter().rposition(|event| !event.finished && event.source == *source);
                claim.map(|at| attempt.events.remove(at));
            }
        }
        Fact::AttemptEnded { task, attempt, triggered_id, end, message, due } => {
            if let Some(open) = open_task(sequence, *task) {
                open.past.push(PastAttempt {
                    number: *attempt,
                    triggered_id: triggered_id.clone(),
                    end: *end,
                    message: message.clone(),
                    at,
                });
                open.number = attempt.saturating_add(1);
                open.state = TaskState::Ready { due: *due };
            }
        }
        Fact::TaskDone { task, result, status } => {
            let Some(attempt) = offered(sequence, *task) else { return };
            let mut answers = attempt.events.iter().filter(|event| event.finished);
            let mut properties = nothing();
            answers.clone().for_each(|answer| merge(&mut properties, &answer.data));
            let last = answers.next_back();
            let message = last.map(|answer| answer.message()).unwrap_or_default();
            let labels = last.and_then(|answer| answer.labels());
            let (result, status) = (result.clone(), status.clone());
            let answered =
                DoneTask { result, status, message, labels: labels.unwrap_or_default(), properties, ..done() };
            over(sequence, *task, answered);
        }
        Fact::TaskEnded { task, end, message } => {
            if sequence.open_task(*task).is_none() {
                ready(sequence, *task, None);
            }
            over(sequence, *task, ended(*end, message));
        }
        Fact::Closing(closing) => {
            sequence.closing = Some(closing.clone());
            cancel_open(sequence, closing.outcome);
            sequence.paused &= closing.outcome != Outcome::Aborted;
            sequence.deadline = None;
        }
        Fact::Paused => {
            sequence.paused = true;
            deadlines(sequence).for_each(|deadline| deadline.stop(at));
        }
        Fact::Resumed => {
            sequence.paused = false;
            deadlines(sequence).for_each(|deadline| deadline.run(at));
        }
        Fact::Ended(ending) => {
            cancel_open(sequence, ending.outcome);
            sequence.phase = Phase::Ended(ending.clone());
            sequence.paused = false;
            sequence.deadline = None;
            sequence.closing = None;
            sequence.latest_events.clear();
        }
        Fact::Triggered(_)
        | Fact::Refused { .. }
        | Fact::Queued { .. }
        | Fact::Reminded { .. }
        | Fact::Controlled { .. }
        | Fact::Ignored { .. } => {}
    }
}

/// There is a newer event of a type.
fn saw(sequence: &mut Sequence, event: LatestEvent) {
    match sequence.latest_events.iter_mut().find(|latest| latest.kind == event.kind) {
        Some(latest) => *latest = Arc::new(event),
        None => sequence.latest_events.push(Arc::new(event)),
    }
}

/// A task comes under way, or its time is set anew.
fn ready(sequence: &mut Sequence, task: usize, due: Option<Timestamp>) {
    if let Some(open) = open_task(sequence, task) {
        open.state = TaskState::Ready { due };
        return;
    }
    let before = sequence.rerun.as_ref().map_or(0, |rerun| rerun.attempts_of(task));
    let open = OpenTask { task, number: before + 1, past: Vec::new(), state: TaskState::Ready { due } };
    match &mut sequence.phase {
        Phase::Running { open: tasks } => tasks.push(open),
        Phase::Queued => sequence.phase = Phase::Running { open: vec![open] },
        Phase::Ended(_) => {}
    }
}

fn open_task(sequence: &mut Sequence, task: usize) -> Option<&mut OpenTask> {
    match &mut sequence.phase {
        Phase::Running { open } => open.iter_mut().find(|open| open.task == task),
        Phase::Queued | Phase::Ended(_) => None,
    }
}

fn offered(sequence: &mut Sequence, task: usize) -> Option<&mut Attempt> {
    match &mut open_task(sequence, task)?.state {
        TaskState::Offered(attempt) => Some(attempt),
        TaskState::Ready { .. } | TaskState::Over(_) => None,
    }
}

/// Something was heard of an attempt.
fn heard(sequence: &mut Sequence, task: usize, deadline: Deadline, at: Timestamp) -> Option<&mut Attempt> {
    let attempt = offered(sequence, task)?;
    attempt.last_sign = at;
    attempt.deadline = deadline;
    Some(attempt)
}

/// A task is over. With the last of its group what they did becomes that of the sequence.
fn over(sequence: &mut Sequence, task: usize, mut done: DoneTask) {
    let name = sequence.name_of(task).to_owned();
    let Some(open) = open_task(sequence, task) else { return };
    done.task = task;
    done.name = name;
    done.triggered_id = open.attempt().map(|attempt| attempt.triggered_id.clone()).unwrap_or_default();
    done.attempts = open.number.saturating_sub(u32::from(open.attempt().is_none()));
    done.past = std::mem::take(&mut open.past);
    open.state = TaskState::Over(Arc::new(done));
    let Phase::Running { open } = &mut sequence.phase else { return };
    if open.iter().all(OpenTask::is_over) {
        let group = std::mem::take(open).into_iter().filter_map(|open| match open.state {
            TaskState::Over(done) => Some(done),
            TaskState::Ready { .. } | TaskState::Offered(_) => None,
        });
        let mut group: Vec<Arc<DoneTask>> = group.collect();
        let joins_any = sequence.join(&step::group(&sequence.definition, task)) == Join::Any;
        if joins_any && group.iter().any(|done| done.went_well()) {
            // Those that failed were not needed, and what they have said is not either.
            let failed = group.iter_mut().filter(|done| !done.went_well());
            failed.for_each(|done| Arc::make_mut(done).properties = nothing());
        }
        sequence.done.extend(group);
        sequence.done.sort_by_key(|done| done.task);
    }
}

/// What is under way when a sequence comes to its end is over with it.
fn cancel_open(sequence: &mut Sequence, outcome: Outcome) {
    let open: Vec<usize> = sequence.open().iter().filter(|open| !open.is_over()).map(|open| open.task).collect();
    for task in open {
        let why = match outcome {
            Outcome::Finished => "the sequence came to an end",
            Outcome::TimedOut => "the sequence took too long",
            Outcome::Aborted => "the sequence was aborted",
        };
        over(sequence, task, ended(TaskEnd::Cancelled, why));
    }
}

/// A task that ended without an answer.
fn ended(end: TaskEnd, message: &str) -> DoneTask {
    let (result, status) = match end {
        TaskEnd::Answered | TaskEnd::TimedOut | TaskEnd::Impossible => ("fail", "errored"),
        TaskEnd::Skipped | TaskEnd::Cancelled => ("", ""),
    };
    DoneTask { end, result: result.to_owned(), status: status.to_owned(), message: message.to_owned(), ..done() }
}

fn done() -> DoneTask {
    DoneTask {
        task: 0,
        name: String::new(),
        end: TaskEnd::Answered,
        triggered_id: String::new(),
        attempts: 0,
        result: String::new(),
        status: String::new(),
        message: String::new(),
        labels: Value::Null,
        properties: nothing(),
        past: Vec::new(),
    }
}

fn nothing() -> Value {
    Value::Object(Map::new())
}

/// All deadlines of a sequence.
fn deadlines(sequence: &mut Sequence) -> impl Iterator<Item = &mut Deadline> {
    let open = match &mut sequence.phase {
        Phase::Running { open } => open.as_mut_slice(),
        Phase::Queued | Phase::Ended(_) => &mut [],
    };
    let attempts = open.iter_mut().filter_map(|open| match &mut open.state {
        TaskState::Offered(attempt) => Some(attempt),
        TaskState::Ready { .. } | TaskState::Over(_) => None,
    });
    let of_attempts = attempts.flat_map(|attempt| {
        std::iter::once(&mut attempt.deadline).chain(attempt.leases.iter_mut().map(|lease| &mut lease.deadline))
    });
    sequence.deadline.iter_mut().chain(of_attempts)
}
