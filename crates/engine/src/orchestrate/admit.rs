//! Whether a sequence may enter where others of another run are (`concurrency` of the shipyard).

use capstan_model::event::CloudEvent;
use capstan_model::shipyard::Policy;
use jiff::Timestamp;

use super::begin::{Refusal, refuse};
use super::fact::Birth;
use super::queue::{Place, Queue};

/// What becomes of a sequence that finds others in the queue of its key.
#[derive(Debug, Clone, PartialEq)]
pub enum Admission {
    /// It enters; those are to be superseded by it.
    Enters(Vec<Place>),
    /// It does not begin; the sender is told by an event.
    Refused(Box<Refusal>),
}

/// Decides whether a sequence enters. `event` is its trigger, `queue` that of its key.
pub fn admit(birth: &Birth, event: &CloudEvent, queue: &Queue, at: Timestamp) -> Admission {
    let others: Vec<&Place> = queue.others(&birth.scope.context).collect();
    let policy = birth.definition.concurrency.as_ref().map(|concurrency| concurrency.policy).unwrap_or_default();
    match (policy, others.first()) {
        (Policy::Supersede, _) => Admission::Enters(others.into_iter().cloned().collect()),
        (Policy::Reject, Some(other)) => {
            let name = &birth.definition.name;
            let key = match &birth.key {
                Some(key) => format!("'{key}'"),
                None => format!("service '{}' in stage '{}'", birth.scope.service, birth.scope.stage),
            };
            let message = format!(
                "Unable to start sequence {name}: rejected, since run '{}' has {key} and the sequence's policy is 'reject'",
                other.context
            );
            Admission::Refused(Box::new(refuse(event, &birth.scope, name, message, at)))
        }
        (Policy::Queue | Policy::Reject, _) => Admission::Enters(Vec::new()),
    }
}
