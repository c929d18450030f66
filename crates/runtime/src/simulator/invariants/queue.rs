//! Queues hold whom they should, and where.

use capstan_engine::orchestrate::{Phase, Place, Queue, Sequence, Slot};

use crate::memory::State;
use crate::ports::ProjectId;

/// A sequence stands in the queue as it believes to; none: the queue is empty.
pub(super) fn place_of(sequence: &Sequence, queue: Option<&Queue>) -> Option<String> {
    let empty = Queue::default();
    let queue = queue.unwrap_or(&empty);
    let in_list = |list: &[Place]| list.iter().filter(|at| at.sequence == sequence.id).count();
    let stands = (in_list(&queue.held), in_list(&queue.waiting), in_list(&queue.aside));
    let is_right = match sequence.slot {
        _ if sequence.is_over() => stands == (0, 0, 0),
        // One that was paused before it was its turn may never have entered.
        Slot::None if sequence.phase == Phase::Queued => sequence.paused && matches!(stands, (0, 0, 0 | 1)),
        Slot::None => stands == (0, 0, 1),
        Slot::Wanted => stands == (0, 1, 0),
        Slot::Held => stands == (1, 0, 0),
    };
    (!is_right).then(|| {
        let (id, slot) = (&sequence.id, sequence.slot);
        format!("a sequence stands otherwise in the queue than it believes: {id}, slot {slot:?}, {queue:?}")
    })
}

/// Only open sequences queue, nobody waits for a free slot, who waits does so in the order of the triggers, and those
/// that hold it are of one run.
pub(super) fn check(state: &State, key: &(ProjectId, String)) -> Vec<String> {
    let Some(queue) = state.queues.get(key).filter(|_| state.lives(key.0)) else { return Vec::new() };
    let mut faults = Vec::new();
    let is_open = |id: &str| state.sequences.get(id).is_some_and(|row| !row.1.is_over() && row.1.queue() == key.1);
    let all = queue.held.iter().chain(&queue.waiting).chain(&queue.aside);
    for place in all.filter(|place| !is_open(&place.sequence)) {
        faults.push(format!("a queue holds a sequence that is not open: {}", place.sequence));
    }
    if queue.held.is_empty() && !queue.waiting.is_empty() {
        faults.push(format!("sequences wait for a slot that nobody holds: {queue:?}"));
    }
    if !queue.waiting.is_sorted_by_key(|place| place.ordinal) {
        faults.push(format!("sequences wait out of order: {queue:?}"));
    }
    if queue.held.windows(2).any(|pair| pair[0].context != pair[1].context) {
        faults.push(format!("several runs hold one slot: {queue:?}"));
    }
    faults
}
