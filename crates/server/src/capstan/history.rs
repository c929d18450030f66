//! What happened in a run, fact by fact.

use capstan_engine::orchestrate::Fact;
use capstan_model::timeframe;
use capstan_runtime::ports::StoredFact;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Something that happened.
#[derive(Serialize, ToSchema)]
pub(super) struct Entry {
    /// Grows from one to the next, not always by one.
    position: u64,
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// Id of the sequence; absent where it is about the run as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<String>,
    /// What: `fact` names it, the other keys depend on that.
    #[schema(value_type = Object, example = json!({ "fact": "slot_held" }))]
    pub(super) fact: Value,
    /// The same in words, where an event changed nothing or could start nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    sentence: Option<String>,
}

/// All facts, in their order.
pub(super) fn of(facts: Vec<StoredFact>) -> Vec<Entry> {
    facts.into_iter().map(entry).collect()
}

/// One of them.
pub(super) fn entry(stored: StoredFact) -> Entry {
    let sentence = match &stored.fact {
        Fact::Ignored { event_type, source, why, .. } => {
            Some(format!("'{event_type}' from '{source}' changed nothing: {}", why.sentence()))
        }
        Fact::Refused { event_type, message, .. } => Some(format!("'{event_type}' started nothing: {message}")),
        _ => None,
    };
    Entry {
        position: stored.position,
        at: timeframe::display(stored.at),
        sequence: stored.sequence,
        // Facts hold nothing but texts, numbers, lists and maps of texts, so they always have a form in JSON.
        fact: serde_json::to_value(&stored.fact).unwrap_or_default(),
        sentence,
    }
}
