//! What is offered is open, and the other way round; who has it is known.

use std::collections::{BTreeMap, BTreeSet};

use capstan_engine::orchestrate::{Fact, Sequence};

use crate::memory::State;
use crate::ports::StoredFact;

/// The open attempts of a sequence are listed, each with the tools that have it.
pub(super) fn check(sequence: &Sequence, state: &State) -> Vec<String> {
    let mut faults = Vec::new();
    for (_, attempt) in sequence.attempts() {
        let id = &attempt.triggered_id;
        if state.links.get(id).is_none_or(|link| link.listed.is_none()) {
            faults.push(format!("an open task is not offered: {id}"));
        }
        let have: BTreeSet<&str> = attempt.events.iter().map(|event| &*event.source).collect();
        let kept = state.takers.range((id.clone(), String::new())..).take_while(|((of, _), _)| of == id);
        let kept: BTreeSet<&str> = kept.map(|((_, tool), _)| &**tool).collect();
        if have != kept {
            faults.push(format!("other tools are kept as takers than have the task: {kept:?}, not {have:?}, of {id}"));
        }
    }
    faults
}

/// What is listed belongs to an open attempt, and so does what tools are kept to have.
pub(super) fn loose(state: &State) -> Vec<String> {
    let is_open = |id: &String| {
        let sequence = state.links.get(id).and_then(|link| state.sequences.get(&link.sequence));
        sequence.is_some_and(|row| row.1.attempt_of(id).is_some())
    };
    let listed = state.listed.iter().filter(|(_, id)| !is_open(id));
    let mut faults: Vec<String> = listed.map(|(_, id)| format!("an offer belongs to no open task: {id}")).collect();
    let taken = state.takers.keys().filter(|(id, _)| !is_open(id));
    faults.extend(taken.map(|(id, tool)| format!("a tool is kept as a taker of what is not open: '{tool}', of {id}")));
    faults
}

/// A task is offered with data of which its condition holds.
pub(super) fn condition(folded: &BTreeMap<String, Sequence>, state: &State, stored: &StoredFact) -> Option<String> {
    let Fact::TaskOffered { task, triggered_id, .. } = &stored.fact else { return None };
    let when = folded.get(stored.sequence.as_ref()?)?.definition.tasks.get(*task)?.when.as_ref()?;
    let event = &state.events.get(&state.links.get(triggered_id)?.listed?)?.event;
    let holds = when.holds(event.data.as_object()?);
    (!matches!(holds, Ok(true)))
        .then(|| format!("a task is offered although its condition does not hold: {triggered_id}, {holds:?}"))
}
