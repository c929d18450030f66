//! What follows a sequence (contract: core.md 3.5).

use capstan_model::event::{CloudEvent, event_type};
use capstan_model::shipyard::{Shipyard, Trigger};
use jiff::Timestamp;
use serde_json::Value;

use super::made::control_plane_event;
use super::sequence::{Phase, Sequence};
use super::verdict::Verdict;
use super::{ids, payload};

/// The `.triggered` events of all sequences that the end of this one starts, in the order of the shipyard. Data: what the
/// ended sequence carried, with the stage of the follower.
pub fn followers(ended: &Sequence, shipyard: &Shipyard, at: Timestamp) -> Vec<CloudEvent> {
    let Phase::Ended(ending) = &ended.phase else { return Vec::new() };
    let end = format!("{}.{}.finished", ended.scope.stage, ended.definition.name);
    let last = Verdict::of_sequence(ended).last.map(|task| task.name.as_str()).unwrap_or_default();
    let mut events: Vec<CloudEvent> = Vec::new();
    for stage in &shipyard.stages {
        for sequence in &stage.sequences {
            let matching = sequence.triggered_on.iter().filter(|trigger| fires(trigger, &end, &ending.result, last));
            for _ in matching {
                let ordinal = events.len().to_string();
                let id = ids::derive(at, &[&ended.id, "follow", &ordinal]);
                let kind = event_type::of_sequence(&stage.name, &sequence.name, "triggered");
                let data = Value::Object(payload::carried(ended, &stage.name));
                events.push(control_plane_event(id, kind, &ended.scope.context, at, data));
            }
        }
    }
    events
}

/// Without a selector `pass` and `warning` fire; with one any key that says `result` or `<last task>.result` does
/// (corner 29: v1's meaning, of which lint warns).
fn fires(trigger: &Trigger, end: &str, result: &str, last_task: &str) -> bool {
    if trigger.event != end {
        return false;
    }
    if trigger.selector.is_empty() {
        return result == "pass" || result == "warning";
    }
    let says = |key: &str| trigger.selector.get(key).is_some_and(|value| value == result);
    says("result") || says(&format!("{last_task}.result"))
}
