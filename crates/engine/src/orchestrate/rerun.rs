//! A sequence that failed is done again, from where it failed or from its beginning.

use std::sync::Arc;

use capstan_model::event::{CloudEvent, event_type};
use jiff::Timestamp;
use serde_json::Value;

use super::attempt::{DoneTask, TaskEnd};
use super::fact::Birth;
use super::made::control_plane_event;
use super::sequence::{Rerun, Scope, Sequence};
use super::verdict::Verdict;
use super::{ids, step};

/// From where a failed sequence goes on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Origin {
    /// From the task that failed; what was done before stays done.
    #[default]
    Task,
    /// From the first task of the sequence.
    Stage,
}

impl Origin {
    /// Reads the word of the API.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "task" => Some(Self::Task),
            "stage" => Some(Self::Stage),
            _ => None,
        }
    }
}

/// Who wants something done again, and why; either may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// The `.triggered` event that begins a sequence anew, with the data of the first time. `count` tells it from others of
/// the same sequence.
pub fn trigger_again(earlier: &Sequence, count: u32, at: Timestamp) -> CloudEvent {
    let id = ids::derive(at, &[&earlier.id, "rerun", &count.to_string()]);
    let kind = event_type::of_sequence(&earlier.scope.stage, &earlier.definition.name, "triggered");
    let mut event = control_plane_event(id, kind, &earlier.scope.context, at, Value::Object((*earlier.input).clone()));
    event.commit.clone_from(&earlier.scope.commit);
    event
}

/// The sequence that `event`, of [`trigger_again`], begins at a commit position.
pub fn begin_again(
    earlier: &Sequence,
    event: &CloudEvent,
    position: u64,
    paused: bool,
    origin: Origin,
    wish: Wish,
    at: Timestamp,
) -> Birth {
    let done = match origin {
        Origin::Task => still_good(earlier),
        Origin::Stage => Vec::new(),
    };
    let again = (0..earlier.definition.tasks.len()).filter(|task| done.iter().all(|kept| kept.task != *task));
    let attempts = again.map(|task| (task, attempts(earlier, task))).filter(|(_, attempts)| *attempts > 0).collect();
    let earlier_scope = (*earlier.scope).clone();
    let scope = Scope { triggered_id: event.id.clone(), event_type: event.kind.clone(), ..earlier_scope };
    Birth {
        id: ids::derive(at, &[&event.source, &event.id, "sequence"]),
        scope: Arc::new(scope),
        definition: Arc::clone(&earlier.definition),
        input: Arc::clone(&earlier.input),
        ordinal: position,
        paused,
        key: earlier.key.clone(),
        rerun: Some(Box::new(Rerun { of: earlier.id.clone(), by: wish.by, reason: wish.reason, attempts })),
        done,
    }
}

/// What needs not be done again: every step before the first that came to nothing, and of that what went well.
fn still_good(earlier: &Sequence) -> Vec<Arc<DoneTask>> {
    let mut kept = Vec::new();
    let mut task = 0;
    while let Some(definition) = earlier.task(task).filter(|task| !task.finally) {
        let group = step::group(&earlier.definition, task);
        let members: Vec<&Arc<DoneTask>> = earlier.done.iter().filter(|done| group.contains(&done.task)).collect();
        let is_enough = !definition.join.is_all() && members.iter().any(|done| done.went_well());
        // What was cancelled is still to be done, unless one beside it was enough.
        let is_cut = !is_enough && members.iter().any(|done| done.end == TaskEnd::Cancelled);
        let is_whole = members.len() == group.len() && !is_cut;
        if is_whole && Verdict::of_group(earlier, group.clone()).is_none_or(|verdict| !verdict.ends()) {
            kept.extend(members.into_iter().cloned());
        } else {
            // Those beside it that went well have done their part, unless any one of them would have been enough.
            let good = members.into_iter().filter(|done| done.went_well());
            kept.extend(good.filter(|_| definition.join.is_all()).cloned());
            return kept;
        }
        task = group.end;
    }
    kept
}

/// How many attempts a task has had, those of earlier sequences included.
fn attempts(earlier: &Sequence, task: usize) -> u32 {
    let before = earlier.rerun.as_ref().map_or(0, |rerun| rerun.attempts_of(task));
    let done = earlier.done.iter().find(|done| done.task == task);
    // What was not written down was offered once, if at all.
    let own = done.map_or(0, |done| done.attempts.max(u32::from(!done.triggered_id.is_empty())));
    own.max(before)
}
