//! The events that curate a history.

use capstan_engine::evaluate::PastEvaluation;
use capstan_model::event::CloudEvent;
use capstan_model::event::evaluation::{INVALIDATED, PINNED, UNPINNED};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Who curates.
const SOURCE: &str = "capstan";

/// The event that takes an evaluation out of history.
pub(crate) fn invalidated(evaluation: &PastEvaluation, reason: &str, now: Timestamp) -> CloudEvent {
    curate(INVALIDATED, evaluation, json!({ "id": evaluation.id, "reason": reason }), now)
}

/// The event that pins an evaluation, or takes its pin away.
pub(crate) fn pin_event(evaluation: &PastEvaluation, pinned: bool, now: Timestamp) -> CloudEvent {
    curate(if pinned { PINNED } else { UNPINNED }, evaluation, json!({ "id": evaluation.id }), now)
}

fn curate(kind: &str, evaluation: &PastEvaluation, details: Value, now: Timestamp) -> CloudEvent {
    let mut data = Map::new();
    let subject = &evaluation.subject;
    for (name, value) in [("project", &subject.project), ("stage", &subject.stage), ("service", &subject.service)] {
        if !value.is_empty() {
            data.insert(name.to_owned(), value.clone().into());
        }
    }
    data.insert("evaluation".to_owned(), details);
    CloudEvent {
        id: uuid::Uuid::now_v7().to_string(),
        source: SOURCE.to_owned(),
        kind: kind.to_owned(),
        time: Some(now),
        context: None,
        triggered_id: Some(evaluation.triggered_id.clone()).filter(|id| !id.is_empty()),
        commit: None,
        extensions: Map::new(),
        data: data.into(),
    }
}
