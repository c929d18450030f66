//! What happens when time has passed (contract: core.md 3.7; house rule: nothing waits without a clock).

use capstan_model::duration;
use capstan_model::event::event_type;
use jiff::{SignedDuration, Timestamp};

use super::attempt::{Deadline, TaskState};
use super::effect::TimerKind;
use super::fact::Fact;
use super::sequence::{Outcome, Sequence};
use super::turn::Turn;
use super::{end, step, task};

/// What a sequence is to be woken for, by its state alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Timers {
    /// The earliest end of a delay or a backoff.
    pub(super) delay: Option<Timestamp>,
    /// The earliest deadline of an attempt or a lease.
    pub(super) deadline: Option<Timestamp>,
    /// Its own timeout.
    pub(super) timeout: Option<Timestamp>,
    /// Whether somebody is to be reminded of it.
    pub(super) reminds: bool,
}

impl Timers {
    pub(super) fn of(sequence: &Sequence) -> Self {
        let delays = sequence.open().iter().filter_map(|open| match open.state {
            TaskState::Ready { due } => due,
            TaskState::Offered(_) | TaskState::Over(_) => None,
        });
        let deadlines = sequence
            .attempts()
            .flat_map(|(_, attempt)| attempt.leases.iter().map(|lease| lease.deadline).chain([attempt.deadline]));
        Self {
            delay: delays.min(),
            deadline: deadlines.filter_map(Deadline::at).min(),
            timeout: sequence.deadline.and_then(Deadline::at),
            reminds: !sequence.is_over() && (sequence.paused || asks(sequence)),
        }
    }
}

/// Whether a person has been asked and has not decided.
fn asks(sequence: &Sequence) -> bool {
    sequence.attempts().any(|(_, attempt)| attempt.asks && attempt.started() > 0)
}

pub(super) fn elapsed(turn: &mut Turn<'_>, kind: TimerKind, up_since: Timestamp) {
    match kind {
        TimerKind::Delay => step::offer_ready(turn),
        TimerKind::Deadline => deadlines(turn, up_since),
        TimerKind::Timeout => timeout(turn, up_since),
        // Another timer of the same moment may have ended what it reminds of.
        TimerKind::Reminder if !Timers::of(&turn.state).reminds => {}
        TimerKind::Reminder => remind(turn),
    }
}

/// The clock was set back: nothing is farther off than a full term from now, reminders neither.
pub(super) fn set_back(turn: &mut Turn<'_>) {
    pull_in(turn);
    if Timers::of(&turn.state).reminds {
        turn.arm_reminder();
    }
}

/// Nothing is farther off than a full term from now. Also for one that goes on after a pause: what it had left then may have been
/// counted by a clock that was set back just before.
pub(super) fn pull_in(turn: &mut Turn<'_>) {
    delays_set_back(turn);
    let later = |deadline, term| later(turn, deadline, term);
    let mut moved = Vec::new();
    for (open, attempt) in turn.state.attempts() {
        let task = Some(open.task);
        let deadline = later(attempt.deadline, turn.state.term(open, turn.limits));
        moved.extend(deadline.map(|deadline| Fact::DeadlineMoved { task, lease: None, deadline }));
        moved.extend(attempt.leases.iter().filter_map(|lease| {
            let deadline = later(lease.deadline, lease.term)?;
            Some(Fact::DeadlineMoved { task, lease: Some(lease.id.clone()), deadline })
        }));
    }
    let timeout = turn.state.deadline.and_then(|deadline| later(deadline, turn.state.definition.timeout?));
    moved.extend(timeout.map(|deadline| Fact::DeadlineMoved { task: None, lease: None, deadline }));
    for fact in moved {
        turn.record(fact);
    }
}

/// No task is to be offered farther off than a full delay from now. Also for one that gets its slot: its time may have come
/// before, so that no timer was left when the clock was set back.
pub(super) fn delays_set_back(turn: &mut Turn<'_>) {
    let ready = turn.state.open().iter().filter_map(|open| match open.state {
        TaskState::Ready { due: Some(due) } => {
            let due = later(turn, Deadline::At(due), turn.state.pause_before(open))?;
            Some(Fact::TaskReady { task: open.task, due: Some(due) })
        }
        _ => None,
    });
    for fact in ready.collect::<Vec<_>>() {
        turn.record(fact);
    }
}

/// The end of a full term from now, where a deadline is farther off than that.
fn later(turn: &Turn<'_>, deadline: Deadline, term: SignedDuration) -> Option<Timestamp> {
    let latest = turn.after(term);
    deadline.at().filter(|at| *at > latest).map(|_| latest)
}

/// Leases and attempts of which nothing was heard in time, each by itself.
fn deadlines(turn: &mut Turn<'_>, up_since: Timestamp) {
    let tasks: Vec<usize> = turn.state.attempts().map(|(open, _)| open.task).collect();
    for task in tasks {
        // One before it may have ended the group, or the sequence.
        let Some((open, attempt)) = turn.state.attempts().find(|(open, _)| open.task == task) else { continue };
        let leases = attempt.leases.iter().map(|lease| (Some(lease.id.clone()), lease.deadline, lease.term));
        let own = (None, attempt.deadline, turn.state.term(open, turn.limits));
        let clocks: Vec<_> = leases.chain([own]).collect();
        for (lease, stated, term) in clocks {
            let (Deadline::At(stated), Deadline::At(deadline)) = (stated, stated.since_up(term, up_since)) else {
                continue;
            };
            if deadline <= turn.at {
                match &lease {
                    Some(lease) => task::lose_lease(turn, task, silent_lease(turn, lease)),
                    None => task::time_out(turn, task, silence(turn, task)),
                }
                break;
            }
            if stated != deadline {
                turn.record(Fact::DeadlineMoved { task: Some(task), lease, deadline });
            }
        }
    }
}

/// The sequence has taken longer than it may.
fn timeout(turn: &mut Turn<'_>, up_since: Timestamp) {
    let Some((term, stated)) = turn.state.definition.timeout.zip(turn.state.deadline) else { return };
    let (Deadline::At(stated), Deadline::At(deadline)) = (stated, stated.since_up(term, up_since)) else { return };
    if deadline <= turn.at {
        let message = format!("the sequence took longer than {}, its timeout", display(term));
        let closing = end::by_force(&turn.state, Outcome::TimedOut, message);
        end::close(turn, closing);
    } else if stated != deadline {
        turn.record(Fact::DeadlineMoved { task: None, lease: None, deadline });
    }
}

fn silent_lease(turn: &Turn<'_>, id: &str) -> String {
    let Some((task, _, lease)) = turn.state.lease(id) else { return String::new() };
    let (name, term) = (turn.state.name_of(task), display(lease.term));
    format!("'{}', which had claimed task '{name}', gave no sign of life for {term}", lease.tool)
}

/// Why the open attempt of a task is given up.
fn silence(turn: &Turn<'_>, task: usize) -> String {
    let Some(open) = turn.state.open_task(task) else { return String::new() };
    let Some(attempt) = open.attempt() else { return String::new() };
    let kind = event_type::of_task(turn.state.name_of(task), "triggered");
    let term = display(turn.state.term(open, turn.limits));
    let has_timeout = turn.state.task(task).is_some_and(|task| task.timeout.is_some());
    if attempt.started() > 0 {
        let holders = attempt.holders().iter().map(|holder| format!("'{holder}'")).collect::<Vec<_>>().join(", ");
        if has_timeout {
            format!("{holders} started on '{kind}' and had not answered after {term}, its timeout")
        } else {
            format!("{holders} started on '{kind}' and gave no sign of life for {term}")
        }
    } else if attempt.finished() > 0 {
        format!("'{kind}' was answered, but nobody started on it within {term}")
    } else {
        format!("nobody started on '{kind}' within {term}")
    }
}

fn remind(turn: &mut Turn<'_>) {
    let asked = turn.state.attempts().find(|(_, attempt)| attempt.asks).map(|(_, attempt)| attempt.last_sign);
    let since = asked.or(turn.state.attempts().map(|(_, attempt)| attempt.last_sign).max());
    let since = since.unwrap_or(turn.state.triggered_at);
    turn.record(Fact::Reminded { since });
    turn.arm_reminder();
}

fn display(term: SignedDuration) -> String {
    duration::display_seconds(term.as_secs())
}
