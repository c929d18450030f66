//! How much is open.

use std::collections::BTreeSet;

use capstan_engine::orchestrate::TimerKind;

use super::state::State;
use crate::ports::Census;

/// Over all projects that live.
pub(super) fn take(state: &State) -> Census {
    let mut census = Census::default();
    let mut runs = BTreeSet::new();
    for row in state.sequences.values().filter(|row| state.lives(row.0)) {
        let sequence = &row.1;
        if !sequence.is_over() {
            *census.sequences.entry(sequence.state().to_owned()).or_default() += 1;
            runs.insert((row.0, sequence.scope.context.clone()));
        }
    }
    census.runs = runs.len() as u64;
    for (position, id) in &state.listed {
        let lives = state.links.get(id).is_some_and(|link| state.lives(link.project));
        let Some(row) = state.events.get(position).filter(|_| lives) else { continue };
        let tasks = census.tasks.entry(row.event.kind.clone()).or_default();
        let mut takers = state.takers.range((id.clone(), String::new())..);
        if takers.next().is_some_and(|((taken, _), _)| taken == id) {
            tasks.taken += 1;
        } else {
            tasks.free += 1;
        }
    }
    for (_, queue) in state.queues.iter().filter(|((project, _), _)| state.lives(*project)) {
        let waiting = queue.waiting.len() as u64;
        census.queued += waiting;
        census.longest_queue = census.longest_queue.max(waiting);
    }
    let lives = |sequence: &str| state.sequences.get(sequence).is_some_and(|row| state.lives(row.0));
    let delays = state.timers.keys().filter(|(sequence, kind)| *kind == TimerKind::Delay && lives(sequence));
    census.delayed = delays.count() as u64;
    census
}
