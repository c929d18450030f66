//! What must hold after each step, whatever came in.

use std::collections::{BTreeMap, BTreeSet};

use capstan_engine::orchestrate::{
    CONTROL_PLANE, Deadline, Fact, Limits, Outcome, Phase, Queue, Run, RunResult, Sequence, Slot, TaskState, TimerKind,
    apply, born,
};
use jiff::Timestamp;

use super::{queue, sequence};
use crate::memory::MemoryStore;
use crate::ports::{
    EventFilter, OfferFilter, ProjectId, SequenceFilter, Slice, Store, StoreError, StoreReader, StoredFact,
};
use crate::simulator::look::timers;

type Timers = BTreeMap<(String, TimerKind), Timestamp>;
type Sequences = BTreeMap<String, Sequence>;
/// Project and name of the queue.
type Places = BTreeMap<(ProjectId, String), Queue>;

/// Checks the whole store. `contexts` are project and context of all that came from outside.
pub(in crate::simulator) fn check(
    store: &mut MemoryStore,
    contexts: &BTreeSet<(String, String)>,
    limits: &Limits,
    now: Timestamp,
) -> Result<Vec<String>, StoreError> {
    let timers: Timers = timers(store)?.into_iter().map(|timer| ((timer.sequence, timer.kind), timer.due)).collect();
    let reader = store.reader();
    let mut faults = Vec::new();
    let mut open_attempts = BTreeSet::new();
    let mut has_taken = BTreeSet::new();
    let mut open = BTreeSet::new();
    let mut places = Places::new();
    let names: BTreeSet<&String> = contexts.iter().map(|(project, _)| project).collect();
    for name in names {
        let Some(project) = reader.project(name)? else { continue };
        let mut stored = BTreeMap::<String, Sequences>::new();
        let filter = SequenceFilter { project: name.clone(), ..SequenceFilter::default() };
        for sequence in reader.sequences(&filter, Slice::ALL)?.items {
            for (_, attempt) in sequence.attempts() {
                open_attempts.insert(attempt.triggered_id.clone());
                let tools = attempt.events.iter().map(|event| event.source.clone());
                has_taken.extend(tools.map(|tool| (attempt.triggered_id.clone(), tool)));
            }
            faults.extend(sequence::shape(&sequence, limits));
            let key = (project.id, sequence.queue());
            if !places.contains_key(&key) {
                places.insert(key.clone(), reader.queue(project.id, &key.1)?);
            }
            faults.extend(queue::place_of(&sequence, &places[&key]));
            if sequence.is_over() {
                let left = timers.keys().filter(|(of, _)| *of == sequence.id);
                faults
                    .extend(left.map(|(id, kind)| format!("sequence {id} is over and has a timer '{}'", kind.word())));
            } else {
                open.insert(sequence.id.clone());
                faults.extend(clock_of(&sequence, &timers, now));
            }
            stored.entry(sequence.scope.context.clone()).or_default().insert(sequence.id.clone(), sequence);
        }
        for (_, context) in contexts.iter().filter(|(of, _)| of == name) {
            let sequences = stored.remove(context).unwrap_or_default();
            faults.extend(folding(&reader.facts(project.id, context)?, &sequences));
            let runs = reader.runs_of(context)?;
            let run = runs.iter().find(|run| run.project == *name);
            faults.extend(run_of(context, run, &sequences));
        }
        faults.extend(stored.into_keys().map(|context| format!("nobody has triggered the run {context}")));
    }
    for queue in places.values() {
        faults.extend(queue::queued(queue, &open));
    }
    let offered = reader.offers(&OfferFilter::default(), Slice::ALL)?.items;
    let offered: BTreeSet<String> = offered.into_iter().map(|event| event.id).collect();
    faults.extend(offered.difference(&open_attempts).map(|id| format!("the offer {id} belongs to no open task")));
    faults.extend(open_attempts.difference(&offered).map(|id| format!("the open task {id} is not offered")));
    let takers: BTreeSet<(String, String)> = store.disk().takers().into_iter().collect();
    faults.extend(takers.difference(&has_taken).map(|(id, tool)| format!("'{tool}' is kept as a taker of {id}")));
    faults.extend(has_taken.difference(&takers).map(|(id, tool)| format!("'{tool}' is not kept as a taker of {id}")));
    faults.extend(
        timers
            .keys()
            .filter(|(id, _)| !open.contains(id))
            .map(|(id, kind)| format!("the timer '{}' is of the sequence {id}, which is not open", kind.word())),
    );
    faults.extend(repeated_ids(&*reader)?);
    Ok(faults)
}

/// Facts fold to the stored state, and each sequence ends once at most.
fn folding(facts: &[StoredFact], stored: &Sequences) -> Vec<String> {
    let mut faults = Vec::new();
    let mut folded = Sequences::new();
    for StoredFact { sequence, at, fact, .. } in facts {
        let Some(id) = sequence else { continue };
        if let Fact::Triggered(birth) = fact {
            if folded.insert(id.clone(), born((**birth).clone(), *at)).is_some() {
                faults.push(format!("sequence {id} was triggered twice"));
            }
            continue;
        }
        let Some(sequence) = folded.get_mut(id) else {
            faults.push(format!("sequence {id} has facts from before it was triggered"));
            continue;
        };
        if sequence.is_over() && !matches!(fact, Fact::Ignored { .. } | Fact::SlotFreed) {
            faults.push(format!("sequence {id} was over, and then: {fact:?}"));
        }
        apply(sequence, fact, *at);
    }
    if folded.keys().ne(stored.keys()) {
        faults.push(format!("facts tell of {:?}, stored are {:?}", folded.keys(), stored.keys()));
    }
    for (id, sequence) in &folded {
        if let Some(stored) = stored.get(id).filter(|stored| *stored != sequence) {
            faults.push(format!("facts of sequence {id} lead to {sequence:?}, stored is {stored:?}"));
        }
    }
    faults
}

/// A run knows what is open in it.
fn run_of(context: &str, run: Option<&Run>, sequences: &Sequences) -> Vec<String> {
    let mut faults = Vec::new();
    let Some(run) = run else {
        return sequences.keys().map(|id| format!("sequence {id} belongs to no run")).collect();
    };
    let open = sequences.iter().filter(|(_, sequence)| !sequence.is_over()).map(|(id, _)| id);
    if run.open.keys().ne(open) {
        faults.push(format!("run {context} knows other open sequences than there are: {:?}", run.open));
    }
    for (id, sequence) in sequences.iter().filter(|(_, sequence)| !sequence.is_over()) {
        // One that was aborted tidies up, whatever of its run stands still.
        let tidies_up = sequence.closing.as_ref().is_some_and(|closing| closing.outcome == Outcome::Aborted);
        if sequence.paused != run.is_paused(&sequence.scope.stage) && (sequence.paused || !tidies_up) {
            faults.push(format!("sequence {id} is paused or not, unlike its run"));
        }
    }
    let again: BTreeSet<&String> =
        sequences.values().filter_map(|sequence| Some(&sequence.rerun.as_ref()?.of)).collect();
    let ended = |sequence: &Sequence| match &sequence.phase {
        Phase::Ended(ending) => Some(RunResult::of(ending)).filter(|result| *result != RunResult::Pass),
        _ => None,
    };
    let not_passed: BTreeMap<&String, RunResult> = sequences
        .iter()
        .filter(|(id, _)| !again.contains(id))
        .filter_map(|(id, sequence)| Some((id, ended(sequence)?)))
        .collect();
    let known = run.not_passed.iter().filter(|(_, end)| end.began).map(|(id, end)| (id, end.result));
    if known.ne(not_passed) {
        faults.push(format!("run {context} takes other sequences for failed than have: {:?}", run.not_passed));
    }
    if run.reruns as usize != again.len() {
        faults.push(format!("run {context} counts {} of its sequences as done again, not {}", run.reruns, again.len()));
    }
    faults
}

/// Nothing waits without a clock.
fn clock_of(sequence: &Sequence, timers: &Timers, now: Timestamp) -> Vec<String> {
    let timer = |kind| timers.get(&(sequence.id.clone(), kind)).copied();
    let fault = |what: &str| format!("sequence {} {what}: {:?}, timers {timers:?}", sequence.id, sequence.phase);
    let wakes = |kind, at: Timestamp| timer(kind).is_some_and(|due| due <= at);
    let mut faults = Vec::new();
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
    let clocks = sequence
        .attempts()
        .flat_map(|(_, attempt)| attempt.leases.iter().map(|lease| lease.deadline).chain([attempt.deadline]));
    for deadline in clocks {
        let is_ok = match deadline {
            Deadline::At(at) => !sequence.paused && wakes(TimerKind::Deadline, at),
            Deadline::Left(_) => sequence.paused,
            Deadline::None => timer(TimerKind::Reminder).is_some(),
        };
        if !is_ok {
            faults.push(fault("(an attempt or a lease) waits without a clock"));
        }
    }
    if let Some(Deadline::At(at)) = sequence.deadline
        && !wakes(TimerKind::Timeout, at)
    {
        faults.push(fault("has a timeout that never comes"));
    }
    for open in sequence.open() {
        let TaskState::Ready { due } = open.state else { continue };
        let is_ok = sequence.paused
            || match sequence.slot {
                Slot::None => false,
                // The time may come before the slot, and is over then.
                Slot::Wanted => due.is_none_or(|due| due <= now || wakes(TimerKind::Delay, due)),
                // Elapsed or not, its time is still to be worked off.
                Slot::Held => due.is_some_and(|due| wakes(TimerKind::Delay, due)),
            };
        if !is_ok {
            faults.push(fault(&format!("(slot {:?}, now {now}) waits without a clock", sequence.slot)));
        }
    }
    faults
}

/// What the control plane makes has an id of its own.
fn repeated_ids(reader: &dyn StoreReader) -> Result<Vec<String>, StoreError> {
    let filter = EventFilter { source: Some(CONTROL_PLANE.to_owned()), ..EventFilter::default() };
    let events = reader.events(&filter, Slice::ALL)?.items;
    let mut seen = BTreeSet::new();
    let repeated = events.into_iter().filter(|event| !seen.insert(event.event.id.clone()));
    Ok(repeated.map(|event| format!("two events have the id {}", event.event.id)).collect())
}
