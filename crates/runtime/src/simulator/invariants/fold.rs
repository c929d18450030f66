//! Facts are folded one by one, and none comes when it cannot.

use std::collections::BTreeMap;

use capstan_engine::orchestrate::{Fact, Phase, Sequence, apply, born};

use crate::ports::StoredFact;

/// Folds the next fact.
pub(super) fn next(folded: &mut BTreeMap<String, Sequence>, stored: &StoredFact) -> Vec<String> {
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
    apply(sequence, fact, *at);
    faults
}
