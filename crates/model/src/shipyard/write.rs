//! From a shipyard to its file.

use serde_json::{Map, Value, json};

use super::types::{Sequence, Shipyard, Stage, Task, Trigger};
use crate::yaml;

/// Writes a file that reads as the same shipyard. Comments and unknown keys are not part of one, so they are not in it.
pub fn write(shipyard: &Shipyard) -> String {
    let stages: Vec<_> = shipyard.stages.iter().map(stage).collect();
    let mut file = Map::new();
    file.insert("apiVersion".to_owned(), json!(shipyard.api_version));
    file.insert("kind".to_owned(), json!("Shipyard"));
    if !shipyard.name.is_empty() {
        file.insert("metadata".to_owned(), json!({ "name": shipyard.name }));
    }
    file.insert("spec".to_owned(), json!({ "stages": stages }));
    yaml::emit(&Value::Object(file))
}

fn stage(stage: &Stage) -> Value {
    let sequences = stage.sequences.iter().map(sequence);
    named(&stage.name, [("sequences", sequences.collect())])
}

fn sequence(sequence: &Sequence) -> Value {
    let triggers = sequence.triggered_on.iter().map(trigger).collect();
    let tasks = sequence.tasks.iter().map(task).collect();
    named(&sequence.name, [("triggeredOn", triggers), ("tasks", tasks)])
}

fn trigger(trigger: &Trigger) -> Value {
    if trigger.selector.is_empty() {
        json!({ "event": trigger.event })
    } else {
        json!({ "event": trigger.event, "selector": { "match": trigger.selector } })
    }
}

fn task(task: &Task) -> Value {
    let mut entry = Map::new();
    entry.insert("name".to_owned(), json!(task.name));
    if let Some(delay) = &task.triggered_after {
        entry.insert("triggeredAfter".to_owned(), json!(delay));
    }
    if !task.properties.is_null() {
        entry.insert("properties".to_owned(), task.properties.clone());
    }
    Value::Object(entry)
}

/// A map of a name, and of those lists that hold something.
fn named<const N: usize>(name: &str, lists: [(&str, Vec<Value>); N]) -> Value {
    let mut entry = Map::new();
    entry.insert("name".to_owned(), json!(name));
    for (key, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
        entry.insert(key.to_owned(), Value::Array(list));
    }
    Value::Object(entry)
}
