//! What happened in a run, fact by fact.

use std::collections::BTreeMap;

use capstan_engine::orchestrate::words::Speaker;
use capstan_engine::orchestrate::{Fact, Sequence};
use capstan_model::timeframe;
use capstan_runtime::ports::{StoreError, StoreReader, StoredFact};
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
    /// The same in words.
    sentence: String,
}

/// Sequences by id, as they are now; none where there is no such sequence any more.
#[derive(Default)]
pub(super) struct Known(BTreeMap<String, Option<Sequence>>);

impl Known {
    /// Those that were read already.
    pub(super) fn of(sequences: &[Sequence]) -> Self {
        Self(sequences.iter().map(|sequence| (sequence.id.clone(), Some(sequence.clone()))).collect())
    }

    /// The sequence of that id.
    pub(super) fn get(&self, id: &str) -> Option<&Sequence> {
        self.0.get(id)?.as_ref()
    }

    /// Reads the sequences without which a fact cannot be told.
    fn read(&mut self, reader: &dyn StoreReader, stored: &StoredFact) -> Result<(), StoreError> {
        let behind = match &stored.fact {
            Fact::Queued { behind } => behind.as_slice(),
            _ => &[],
        };
        for id in stored.sequence.iter().chain(behind) {
            if !self.0.contains_key(id) {
                self.0.insert(id.clone(), reader.sequence(id)?.map(|(_, sequence)| sequence));
            }
        }
        Ok(())
    }

    /// What a fact says.
    fn say(&self, stored: &StoredFact) -> String {
        let name = |id: &str| match self.get(id) {
            Some(Sequence { scope, definition, .. }) if scope.context == stored.context => {
                format!("{}.{}", scope.stage, definition.name)
            }
            Some(Sequence { scope, definition, .. }) => {
                format!("{}.{} of run {}", scope.stage, definition.name, scope.context)
            }
            None => format!("sequence {id}"),
        };
        let speaker = Speaker { time: &timeframe::display, name: &name };
        speaker.say(&stored.fact, stored.sequence.as_deref().and_then(|id| self.get(id)))
    }
}

/// One fact, in words too.
pub(super) fn entry(reader: &dyn StoreReader, known: &mut Known, stored: StoredFact) -> Result<Entry, StoreError> {
    known.read(reader, &stored)?;
    Ok(Entry {
        position: stored.position,
        at: timeframe::display(stored.at),
        sentence: known.say(&stored),
        sequence: stored.sequence,
        // Facts hold nothing but texts, numbers, lists and maps of texts, so they always have a form in JSON.
        fact: serde_json::to_value(&stored.fact).unwrap_or_default(),
    })
}
