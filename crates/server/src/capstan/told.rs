//! A fact as those are told of it who follow what happens.

use capstan_model::event::event_type::EventType;
use capstan_runtime::ports::{PlacedFact, StoreError, StoreReader};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::history::{self, Entry, Known};

/// Something that happened, and where.
#[derive(Serialize, ToSchema)]
pub(super) struct Told {
    #[serde(flatten)]
    entry: Entry,
    /// Its project; absent where it belongs to none.
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<String>,
    /// Its run.
    context: String,
    /// Its service.
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<String>,
    /// The stage of its sequence.
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<String>,
    /// The name of its sequence.
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence_name: Option<String>,
    /// The name of the task that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<String>,
}

/// Facts with the names of their tasks, which the sequences know.
pub(super) fn of(reader: &dyn StoreReader, facts: Vec<PlacedFact>) -> Result<Vec<(u64, Told)>, StoreError> {
    let mut known = Known::default();
    facts
        .into_iter()
        .map(|placed| {
            let (position, context) = (placed.stored.position, placed.stored.context.clone());
            let id = placed.stored.sequence.clone();
            let entry = history::entry(reader, &mut known, placed.stored)?;
            let named = |index| known.get(id.as_deref()?).map(|sequence| sequence.name_of(index).to_owned());
            let task = match task(&entry.fact) {
                Some(Task::Named(name)) => Some(name),
                Some(Task::At(index)) => named(index).filter(|name| !name.is_empty()),
                None => None,
            };
            let PlacedFact { project, service, stage, sequence_name, .. } = placed;
            Ok((position, Told { entry, project, context, service, stage, sequence_name, task }))
        })
        .collect()
}

/// How a fact says which task it is about.
enum Task {
    /// By its index in the sequence.
    At(usize),
    /// By the type of an event.
    Named(String),
}

fn task(fact: &Value) -> Option<Task> {
    if let Some(index) = fact.get("task").and_then(Value::as_u64) {
        return usize::try_from(index).ok().map(Task::At);
    }
    match EventType::parse(fact.get("event")?.get("event_type")?.as_str()?) {
        EventType::Task { task, .. } | EventType::StatusChanged { task } => Some(Task::Named(task.to_owned())),
        EventType::Sequence { .. } | EventType::Other => None,
    }
}
