//! Facts are folded one by one, and none comes when it cannot.

use std::collections::BTreeMap;

use capstan_engine::orchestrate::{Attempt, AttemptEnd, Fact, Phase, Sequence, TaskEnd, apply, born};
use jiff::Timestamp;

use super::checker::Terms;
use crate::ports::StoredFact;

/// Folds the next fact.
pub(super) fn next(folded: &mut BTreeMap<String, Sequence>, stored: &StoredFact, terms: &Terms<'_>) -> Vec<String> {
    let StoredFact { sequence, at, fact, .. } = stored;
    let Some(id) = sequence else { return Vec::new() };
    if let Fact::Triggered(birth) = fact {
        let before = folded.insert(id.clone(), born((**birth).clone(), *at));
        return before.map(|_| format!("a sequence was triggered twice: {id}")).into_iter().collect();
    }
    let Some(sequence) = folded.get_mut(id) else {
        return vec![format!("a sequence has facts from before it was triggered: {id}")];
    };
    let mut faults = Vec::new();
    if sequence.is_over() && !matches!(fact, Fact::Ignored { .. } | Fact::SlotFreed) {
        faults.push(format!("a sequence was over, and then more happened to it: {id}, {fact:?}"));
    }
    if let (Fact::Ended(_), Phase::Running { .. }) = (fact, &sequence.phase)
        && sequence.closing.is_none()
        && sequence.definition.tasks.iter().any(|task| task.finally)
    {
        faults.push(format!("a sequence ended without what it does at the end in any case: {id}"));
    }
    if is_too_early(sequence, fact, *at, terms) {
        faults.push(format!("a task or a lease was given up before its time: {id}, {fact:?}"));
    }
    apply(sequence, fact, *at);
    if let Fact::TaskAnswered { task, event, .. } = fact
        && sequence.open_attempt(*task).is_some_and(|attempt| answers_too_often(attempt, &event.source))
    {
        faults.push(format!("a tool has answered a task more often than it may: {id}, '{}'", event.source));
    }
    faults
}

/// Each start is answered once; one who never started may answer for another, once.
fn answers_too_often(attempt: &Attempt, source: &str) -> bool {
    let of = |finished: bool| {
        attempt.events.iter().filter(|event| event.source == source && event.finished == finished).count()
    };
    of(true) > of(false).max(1)
}

/// Whether something is given up of which a full term, also since the server is up, is not over.
fn is_too_early(sequence: &Sequence, fact: &Fact, at: Timestamp, terms: &Terms<'_>) -> bool {
    let (Fact::AttemptEnded { task, end: AttemptEnd::TimedOut | AttemptEnd::LeaseLost, .. }
    | Fact::TaskEnded { task, end: TaskEnd::TimedOut, .. }) = fact
    else {
        return false;
    };
    let Some((open, attempt)) = sequence.attempts().find(|(open, _)| open.task == *task) else { return false };
    let own = (attempt.deadline, sequence.term(open, terms.limits));
    let leases = attempt.leases.iter().map(|lease| (lease.deadline, lease.term));
    // A full term since the server is up, whatever is written down.
    let full = |term| terms.up_since.saturating_add(term).unwrap_or(Timestamp::MAX);
    !leases.chain([own]).any(|(deadline, term)| deadline.at().is_some_and(|end| end.max(full(term)) <= at))
}
