//! Nothing waits without a clock, or for longer than it may.

use capstan_engine::orchestrate::{Deadline, OpenTask, Phase, Sequence, Slot, TaskState, TimerKind};
use jiff::{SignedDuration, Timestamp};

use super::checker::Terms;
use crate::memory::State;

/// All that is wrong with what a sequence waits for.
pub(super) fn check(sequence: &Sequence, state: &State, terms: &Terms<'_>) -> Vec<String> {
    let timer = |kind| state.timers.get(&(sequence.id.clone(), kind)).copied();
    let timers = TimerKind::ALL.map(|kind| (kind, timer(kind)));
    let fault = |what: &str| {
        let Sequence { id, phase, slot, paused, .. } = sequence;
        let now = terms.now;
        format!("a sequence {what}: {id} at {now}, slot {slot:?}, paused {paused}, timers {timers:?}, {phase:?}")
    };
    let mut faults = Vec::new();
    if sequence.is_over() {
        if timers.iter().any(|(_, due)| due.is_some()) {
            faults.push(fault("is over and has a timer"));
        }
        return faults;
    }
    let wakes = |kind, at: Timestamp| timer(kind).is_some_and(|due| due <= at);
    if sequence.paused {
        if timer(TimerKind::Reminder).is_none() {
            faults.push(fault("is paused and reminds of it never"));
        }
        if timer(TimerKind::Deadline).is_some() || timer(TimerKind::Timeout).is_some() {
            faults.push(fault("is paused and has a timer for a deadline"));
        }
    } else if sequence.phase == Phase::Queued && sequence.slot != Slot::Wanted {
        faults.push(fault("never had a slot and wants none"));
    }
    for (deadline, term) in clocks(sequence, terms) {
        let is_ok = match deadline {
            Deadline::At(at) => !sequence.paused && wakes(TimerKind::Deadline, at),
            Deadline::Left(_) => sequence.paused,
            Deadline::None => timer(TimerKind::Reminder).is_some(),
        };
        if !is_ok {
            faults.push(fault("has an attempt or a lease that waits without a clock"));
        }
        if is_farther(deadline, term, terms) {
            faults.push(fault("has an attempt or a lease that waits for longer than a full term"));
        }
    }
    if let Some(deadline) = sequence.deadline {
        if deadline.at().is_some_and(|at| !wakes(TimerKind::Timeout, at)) {
            faults.push(fault("has a timeout that never comes"));
        }
        if is_farther(deadline, sequence.definition.timeout.unwrap_or_default(), terms) {
            faults.push(fault("has a timeout that is farther off than a full term"));
        }
    }
    for open in sequence.open() {
        let TaskState::Ready { due } = open.state else { continue };
        if !is_ready_with_clock(sequence, due, |at| wakes(TimerKind::Delay, at)) {
            faults.push(fault("has a task that waits for its time without a clock"));
        }
        let at = due.map_or(Deadline::None, Deadline::At);
        // Whoever stands still or waits for a slot has it pulled in when that is over.
        let waits_for_it = !sequence.paused && sequence.slot != Slot::Wanted;
        if waits_for_it && is_farther(at, sequence.pause_before(open), terms) {
            faults.push(fault("has a task whose time is farther off than it may be"));
        }
    }
    faults
}

/// Deadlines of attempts and leases, each with its full term.
fn clocks<'a>(sequence: &'a Sequence, terms: &'a Terms<'_>) -> impl Iterator<Item = (Deadline, SignedDuration)> + 'a {
    sequence.attempts().flat_map(|(open, attempt)| {
        let own = (attempt.deadline, term_of(sequence, open, terms));
        attempt.leases.iter().map(|lease| (lease.deadline, lease.term)).chain([own])
    })
}

fn term_of(sequence: &Sequence, open: &OpenTask, terms: &Terms<'_>) -> SignedDuration {
    sequence.term(open, terms.limits)
}

fn is_farther(deadline: Deadline, term: SignedDuration, terms: &Terms<'_>) -> bool {
    let latest = terms.now.saturating_add(term.saturating_add(terms.slack)).unwrap_or(Timestamp::MAX);
    deadline.at().is_some_and(|at| at > latest)
}

fn is_ready_with_clock(sequence: &Sequence, due: Option<Timestamp>, wakes: impl Fn(Timestamp) -> bool) -> bool {
    sequence.paused
        || match sequence.slot {
            Slot::None => false,
            // Its time may come before the slot; what is still to come then, by the clock of then, is armed with the slot.
            Slot::Wanted => true,
            // Elapsed or not, its time is still to be worked off.
            Slot::Held => due.is_some_and(wakes),
        }
}
