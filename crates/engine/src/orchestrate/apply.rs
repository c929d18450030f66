//! Facts become state.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::fact::{Birth, Fact};
use super::merge::merge;
use super::sequence::{Attempt, Deadline, DoneTask, Phase, Sequence, Slot};

/// The state right after [`Fact::Triggered`].
pub fn born(birth: Birth, at: Timestamp) -> Sequence {
    let Birth { id, scope, definition, input, ordinal, paused } = birth;
    Sequence {
        id,
        scope,
        definition,
        input,
        triggered_at: at,
        ordinal,
        phase: Phase::Queued,
        slot: Slot::None,
        paused,
        done: Vec::new(),
    }
}

/// Folds one fact into the state. Total: a fact that does not fit changes nothing.
pub fn apply(sequence: &mut Sequence, fact: &Fact, at: Timestamp) {
    match fact {
        Fact::SlotWanted => sequence.slot = Slot::Wanted,
        Fact::SlotHeld => sequence.slot = Slot::Held,
        Fact::SlotFreed => sequence.slot = Slot::None,
        Fact::TaskReady { task, due } => sequence.phase = Phase::Ready { task: *task, due: *due },
        Fact::TaskOffered { task, attempt, triggered_id, deadline, image, asks, .. } => {
            sequence.phase = Phase::Task(Box::new(Attempt {
                task: *task,
                number: *attempt,
                triggered_id: triggered_id.clone(),
                offered_at: at,
                last_sign: at,
                deadline: Deadline::At(*deadline),
                image: image.clone(),
                asks: *asks,
                events: Vec::new(),
            }));
        }
        Fact::TaskStarted { event, deadline } | Fact::TaskAnswered { event, deadline } => {
            if let Phase::Task(attempt) = &mut sequence.phase {
                attempt.events.push(event.clone());
                attempt.last_sign = at;
                attempt.deadline = *deadline;
            }
        }
        Fact::SignOfLife { deadline, .. } => {
            if let Phase::Task(attempt) = &mut sequence.phase {
                attempt.last_sign = at;
                attempt.deadline = *deadline;
            }
        }
        Fact::DeadlineMoved { deadline } => {
            if let Phase::Task(attempt) = &mut sequence.phase {
                attempt.deadline = Deadline::At(*deadline);
            }
        }
        Fact::TaskDone { task, result, status } => {
            if let Phase::Task(attempt) = &sequence.phase {
                let mut properties = Value::Object(Map::new());
                for answer in attempt.events.iter().filter(|event| event.finished) {
                    merge(&mut properties, &answer.data);
                }
                sequence.done.push(DoneTask {
                    name: sequence.name_of(*task).to_owned(),
                    triggered_id: attempt.triggered_id.clone(),
                    result: result.clone(),
                    status: status.clone(),
                    properties,
                });
                sequence.phase = Phase::Ready { task: task + 1, due: None };
            }
        }
        Fact::Paused { left } => {
            sequence.paused = true;
            if let (Phase::Task(attempt), Some(left)) = (&mut sequence.phase, left) {
                attempt.deadline = Deadline::Left(*left);
            }
        }
        Fact::Resumed { deadline } => {
            sequence.paused = false;
            if let (Phase::Task(attempt), Some(deadline)) = (&mut sequence.phase, deadline) {
                attempt.deadline = Deadline::At(*deadline);
            }
        }
        Fact::Ended(ending) => {
            sequence.phase = Phase::Ended(ending.clone());
            sequence.paused = false;
        }
        Fact::Triggered(_)
        | Fact::Refused { .. }
        | Fact::Queued { .. }
        | Fact::Reminded { .. }
        | Fact::Controlled { .. }
        | Fact::Ignored { .. } => {}
    }
}
