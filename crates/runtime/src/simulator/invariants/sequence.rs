//! What holds of the state of one sequence by itself.

use std::collections::BTreeSet;

use capstan_engine::orchestrate::{Attempt, Limits, OpenTask, Phase, Sequence, Slot, TaskState};
use capstan_model::shipyard::Join;

/// All that is wrong with it.
pub(super) fn shape(sequence: &Sequence, limits: &Limits) -> Vec<String> {
    let mut faults = tasks_of(sequence);
    faults.extend(end_of(sequence));
    faults.extend(group_of(sequence));
    for open in sequence.open().iter().filter(|open| !open.is_over()) {
        faults.extend(tries_of(sequence, open, limits));
        faults.extend(open.attempt().map(leases_of).unwrap_or_default());
    }
    let id = &sequence.id;
    faults.into_iter().map(|fault| format!("{fault}, of {id}")).collect()
}

/// A task is over once, or under way; what is under way is of one group.
fn tasks_of(sequence: &Sequence) -> Vec<String> {
    let mut faults = Vec::new();
    if !sequence.done.iter().map(|done| done.task).is_sorted_by(|one, other| one < other) {
        faults.push(format!("tasks are over twice or out of order: {:?}", sequence.done));
    }
    let group = |task: usize| sequence.definition.tasks.get(task).and_then(|task| task.parallel.as_deref());
    let open: Vec<usize> = sequence.open().iter().map(|open| open.task).collect();
    let together = |pair: &[usize]| pair[0] < pair[1] && group(pair[0]).is_some() && group(pair[0]) == group(pair[1]);
    if !open.windows(2).all(together) {
        faults.push(format!("tasks that are no group are under way together: {open:?}"));
    }
    if open.iter().any(|task| sequence.done.iter().any(|done| done.task == *task)) {
        faults.push(format!("a task is over and under way: {open:?}"));
    }
    if matches!(&sequence.phase, Phase::Running { open } if open.is_empty() || open.iter().all(OpenTask::is_over)) {
        faults.push("it runs, and nothing is under way".to_owned());
    }
    let is_offered = |open: &OpenTask| open.attempt().is_some_and(|attempt| !attempt.asks);
    if sequence.slot == Slot::None && !sequence.paused && sequence.open().iter().any(is_offered) {
        faults.push("a tool is at work without a slot".to_owned());
    }
    faults
}

/// Where one of a group is enough, nothing of it is under way once one went well.
fn group_of(sequence: &Sequence) -> Option<String> {
    let tasks = &sequence.definition.tasks;
    let at = sequence.open().first()?.task;
    let group = tasks.get(at)?.parallel.as_ref()?;
    let first = tasks.get(..=at)?.iter().rev().take_while(|task| task.parallel.as_ref() == Some(group)).last()?;
    let went_well = sequence.open().iter().any(|open| matches!(&open.state, TaskState::Over(done) if done.went_well()));
    (first.join == Join::Any && went_well).then(|| "the others of a group go on although one was enough".to_owned())
}

/// What is `finally` comes last and alone, and only while a sequence comes to its end.
fn end_of(sequence: &Sequence) -> Vec<String> {
    let mut faults = Vec::new();
    let is_finally = |task: usize| sequence.definition.tasks.get(task).is_some_and(|task| task.finally);
    let closing = sequence.closing.is_some();
    if let Some(open) = sequence.open().iter().find(|open| is_finally(open.task) != closing) {
        faults.push(format!(
            "what is finally is under way, or what is not, and it comes to its end: {closing}, task {}",
            open.task
        ));
    }
    if closing && sequence.deadline.is_some() {
        faults.push("its timeout runs on while it comes to its end".to_owned());
    }
    if !closing && !sequence.is_over() && sequence.done.iter().any(|done| is_finally(done.task)) {
        faults.push("what is finally is over before the rest".to_owned());
    }
    if closing && !matches!(sequence.phase, Phase::Running { .. }) {
        faults.push("it comes to its end without running".to_owned());
    }
    let began = matches!(sequence.phase, Phase::Running { .. }) && !closing;
    if sequence.deadline.is_some() != (began && sequence.definition.timeout.is_some()) {
        faults.push(format!(
            "a timeout and its deadline do not fit: {:?}, {:?}",
            sequence.definition.timeout, sequence.deadline
        ));
    }
    faults
}

/// No task is tried more often than it may be.
fn tries_of(sequence: &Sequence, open: &OpenTask, limits: &Limits) -> Vec<String> {
    let mut faults = Vec::new();
    let most = sequence.definition.tasks.get(open.task).and_then(|task| task.retry).map_or(1, |retry| retry.attempts);
    if open.failures() >= most {
        faults.push(format!(
            "a task goes on after its last attempt: {} of {most}, task {}",
            open.failures(),
            open.task
        ));
    }
    if open.leases_lost() >= limits.leases {
        faults.push(format!("a task goes on after too many lost leases: {}, task {}", open.leases_lost(), open.task));
    }
    let before = sequence.rerun.as_ref().map_or(0, |rerun| rerun.attempts_of(open.task));
    let numbers = open.past.iter().map(|past| past.number).chain([open.number]);
    if !numbers.eq(before + 1..=before + open.past.len() as u32 + 1) {
        faults.push(format!("attempts of a task are not counted one by one: {open:?}"));
    }
    faults
}

/// Each tool has one live claim at most, by which it is at work.
fn leases_of(attempt: &Attempt) -> Vec<String> {
    let mut faults = Vec::new();
    let fault = |what: &str| format!("{what}: {}, {:?}", attempt.triggered_id, attempt.leases);
    let tools: BTreeSet<&str> = attempt.leases.iter().map(|lease| &*lease.tool).collect();
    if tools.len() < attempt.leases.len() {
        faults.push(fault("one tool has several leases of one task"));
    }
    let starts = |tool: &str, finished: bool| {
        attempt.events.iter().filter(|event| event.source == tool && event.finished == finished).count()
    };
    if tools.iter().any(|tool| (starts(tool, false), starts(tool, true)) != (1, 0)) {
        faults.push(fault("a lease is of a tool that is not at work on its task"));
    }
    let of_claim = |id: &str| id.strip_prefix(&*attempt.triggered_id)?.strip_prefix('.')?.parse::<u32>().ok();
    if attempt.leases.iter().any(|lease| of_claim(&lease.id).is_none_or(|claim| claim > attempt.claims)) {
        faults.push(fault("a lease does not count among the claims of its task"));
    }
    faults
}
