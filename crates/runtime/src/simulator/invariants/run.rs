//! A run knows what is open in it and what has failed.

use std::collections::{BTreeMap, BTreeSet};

use capstan_engine::orchestrate::{Outcome, Phase, RunResult, Sequence};

use crate::memory::State;
use crate::ports::ProjectId;

/// All that is wrong with the run of a context in a project.
pub(super) fn check(state: &State, key: &(ProjectId, String)) -> Vec<String> {
    let (project, context) = key;
    let Some(run) = state.runs.get(key).filter(|_| state.lives(*project)) else { return Vec::new() };
    let of_project = state.sequences_by_project.range((*project, String::new())..);
    let of_project = of_project.take_while(|(owner, _)| owner == project);
    let rows = of_project.filter_map(|(_, id)| state.sequences.get(id));
    let sequences: BTreeMap<&String, &Sequence> =
        rows.map(|row| &row.1).filter(|of| of.scope.context == *context).map(|of| (&of.id, of)).collect();
    let mut faults = Vec::new();
    let open = sequences.iter().filter(|(_, sequence)| !sequence.is_over()).map(|(id, _)| *id);
    if run.open.keys().ne(open) {
        faults.push(format!("a run knows other open sequences than there are: {:?}, of {context}", run.open));
    }
    for (id, sequence) in sequences.iter().filter(|(_, sequence)| !sequence.is_over()) {
        // One that was aborted tidies up, whatever of its run stands still.
        let tidies_up = sequence.closing.as_ref().is_some_and(|closing| closing.outcome == Outcome::Aborted);
        if sequence.paused != run.is_paused(&sequence.scope.stage) && (sequence.paused || !tidies_up) {
            faults.push(format!("a sequence is paused or not, unlike its run: {id}"));
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
        .filter(|(id, _)| !again.contains(**id))
        .filter_map(|(id, sequence)| Some((*id, ended(sequence)?)))
        .collect();
    let known = run.not_passed.iter().filter(|(_, end)| end.began).map(|(id, end)| (id, end.result));
    if known.ne(not_passed) {
        faults.push(format!("a run takes other sequences for failed than have: {:?}, of {context}", run.not_passed));
    }
    if run.reruns as usize != again.len() {
        let (counted, are) = (run.reruns, again.len());
        faults
            .push(format!("a run counts other sequences as done again than were: {counted}, not {are}, of {context}"));
    }
    faults
}
