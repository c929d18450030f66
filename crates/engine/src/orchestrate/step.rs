//! What comes next: the task, or the group of tasks, and who may be told of it.

use std::ops::Range;

use capstan_model::shipyard::{self, Join};
use jiff::Timestamp;

use super::attempt::{DoneTask, TaskEnd, TaskState};
use super::fact::Fact;
use super::sequence::{Sequence, Slot};
use super::turn::Turn;
use super::verdict::Verdict;
use super::{end, payload, task};

/// The tasks that run side by side with this one, itself included.
pub(super) fn group(definition: &shipyard::Sequence, task: usize) -> Range<usize> {
    let name = |at: usize| definition.tasks.get(at).and_then(|task| task.parallel.as_deref());
    let Some(group) = name(task) else { return task..task + 1 };
    let beside = |at: &usize| name(*at) == Some(group);
    let first = task - (0..task).rev().take_while(beside).count();
    first..task + (task..definition.tasks.len()).take_while(beside).count()
}

/// Begins the next task or group, or ends the sequence when there is none.
pub(super) fn go_on(turn: &mut Turn<'_>) {
    while let Some(next) = next(&turn.state) {
        if turn.state.closing.is_none() && turn.state.is_finally(next) {
            let closing = end::natural(&turn.state);
            return end::close(turn, closing);
        }
        let group = group(&turn.state.definition, next);
        for task in group.clone() {
            begin(turn, task);
        }
        if turn.state.open().is_empty() {
            if let Some(closing) = ending(&turn.state, group) {
                return end::close(turn, closing);
            }
            continue;
        }
        return offer_ready(turn);
    }
    let closing = end::natural(&turn.state);
    end::end(turn, closing);
}

/// The first task that is still to come.
fn next(sequence: &Sequence) -> Option<usize> {
    let is_done = |task: usize| sequence.done.iter().any(|done| done.task == task);
    let mut left = (0..sequence.definition.tasks.len()).filter(|task| !is_done(*task));
    if sequence.closing.is_some() { left.find(|task| sequence.is_finally(*task)) } else { left.next() }
}

/// A task comes under way, unless it is done already or its condition says otherwise.
fn begin(turn: &mut Turn<'_>, task: usize) {
    let Some(definition) = turn.state.task(task) else { return };
    if turn.state.done.iter().any(|done| done.task == task) {
        return;
    }
    if let Some(when) = &definition.when {
        let (name, text) = (&definition.name, when.text());
        let ended = match when.holds(&payload::of_task(&turn.state, task)) {
            Ok(true) => None,
            Ok(false) => Some((TaskEnd::Skipped, format!("its condition does not hold: {text}"))),
            Err(why) => {
                Some((TaskEnd::Impossible, format!("the condition of task '{name}' cannot be judged ({text}): {why}")))
            }
        };
        if let Some((end, message)) = ended {
            return turn.record(Fact::TaskEnded { task, end, message });
        }
    }
    let delay = definition.delay();
    // A delay beyond the end of time is one for ever.
    let due = (!delay.is_zero()).then(|| turn.after(delay));
    turn.record(Fact::TaskReady { task, due });
}

/// Offers what may be offered now.
pub(super) fn offer_ready(turn: &mut Turn<'_>) {
    settle_slot(turn);
    if turn.state.paused || turn.state.slot != Slot::Held {
        return;
    }
    let due = turn.state.open().iter().filter(|open| is_due(&open.state, turn.at));
    let due: Vec<usize> = due.map(|open| open.task).collect();
    for task in due {
        // One before it may have ended the group.
        if turn.state.open_task(task).is_some_and(|open| is_due(&open.state, turn.at)) {
            task::offer(turn, task);
        }
    }
    settle_slot(turn);
}

fn is_due(state: &TaskState, at: Timestamp) -> bool {
    matches!(state, TaskState::Ready { due } if due.is_none_or(|due| due <= at))
}

/// A task has ended: the others of its group may be needed no more, and the group may be over.
pub(super) fn task_over(turn: &mut Turn<'_>, task: usize) {
    let group = group(&turn.state.definition, task);
    if turn.state.join(&group) == Join::Any
        && turn.state.over().find(|done| done.task == task).is_some_and(DoneTask::went_well)
    {
        let message = format!("'{}' was enough", turn.state.name_of(task));
        let others = turn.state.open().iter().filter(|open| !open.is_over());
        let others: Vec<usize> = others.map(|open| open.task).collect();
        for task in others {
            turn.record(Fact::TaskEnded { task, end: TaskEnd::Cancelled, message: message.clone() });
        }
    }
    if !turn.state.open().is_empty() {
        return settle_slot(turn);
    }
    match ending(&turn.state, group) {
        Some(closing) => end::close(turn, closing),
        None => go_on(turn),
    }
}

/// How a group that is over ends its sequence, if it does.
fn ending(sequence: &Sequence, group: Range<usize>) -> Option<super::sequence::Closing> {
    let verdict = Verdict::of_group(sequence, group)?;
    (sequence.closing.is_none() && verdict.ends()).then(|| end::natural(sequence))
}

/// Takes a turn where a task waits for one or is under way; goes without while a person decides.
pub(super) fn settle_slot(turn: &mut Turn<'_>) {
    if turn.state.paused || turn.state.open().is_empty() {
        return;
    }
    let needs = turn.state.open().iter().any(|open| match &open.state {
        TaskState::Ready { .. } => true,
        TaskState::Offered(attempt) => !attempt.asks,
        TaskState::Over(_) => false,
    });
    if needs {
        turn.want_slot();
    } else {
        turn.step_aside();
    }
}
