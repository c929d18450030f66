//! From a shipyard to its file.

use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use super::types::{Concurrency, Join, Policy, Retry, Sequence, Shipyard, Stage, Task, Trigger};
use crate::{duration, yaml};

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
    let sequences = stage.sequences.iter().map(|entry| sequence(entry));
    Value::Object(named(&stage.name, [("sequences", sequences.collect())]))
}

fn sequence(sequence: &Sequence) -> Value {
    let triggers = sequence.triggered_on.iter().map(trigger).collect();
    let tasks = sequence.tasks.iter().map(task).collect();
    let mut entry = named(&sequence.name, [("triggeredOn", triggers)]);
    put(&mut entry, "timeout", sequence.timeout.map(limit));
    put(&mut entry, "concurrency", sequence.concurrency.as_ref().map(concurrency));
    put(&mut entry, "tasks", Some(tasks).filter(|tasks: &Vec<_>| !tasks.is_empty()).map(Value::Array));
    Value::Object(entry)
}

fn concurrency(concurrency: &Concurrency) -> Value {
    let mut entry = Map::new();
    put(&mut entry, "key", concurrency.key.as_deref().map(Value::from));
    let policy = match concurrency.policy {
        Policy::Queue => None,
        Policy::Supersede => Some("supersede"),
        Policy::Reject => Some("reject"),
    };
    put(&mut entry, "policy", policy.map(Value::from));
    Value::Object(entry)
}

fn trigger(trigger: &Trigger) -> Value {
    if trigger.selector.is_empty() {
        json!({ "event": trigger.event })
    } else {
        json!({ "event": trigger.event, "selector": { "match": trigger.selector } })
    }
}

fn task(task: &Task) -> Value {
    let mut entry = named(&task.name, []);
    put(&mut entry, "triggeredAfter", task.triggered_after.as_deref().map(Value::from));
    put(&mut entry, "startTimeout", task.start_timeout.map(limit));
    put(&mut entry, "timeout", task.timeout.map(limit));
    put(&mut entry, "retry", task.retry.map(retry));
    put(&mut entry, "when", task.when.as_ref().map(|when| Value::from(when.text())));
    put(&mut entry, "parallel", task.parallel.as_deref().map(Value::from));
    let any = match task.join {
        Join::All => None,
        Join::Any => Some("any"),
    };
    put(&mut entry, "join", any.map(Value::from));
    put(&mut entry, "finally", task.finally.then_some(Value::Bool(true)));
    put(&mut entry, "properties", Some(task.properties.clone()).filter(|properties| !properties.is_null()));
    Value::Object(entry)
}

fn retry(retry: Retry) -> Value {
    let mut entry = Map::new();
    put(&mut entry, "attempts", Some(Value::from(retry.attempts)));
    put(&mut entry, "backoff", Some(retry.backoff).filter(|backoff| !backoff.is_zero()).map(limit));
    Value::Object(entry)
}

fn limit(limit: SignedDuration) -> Value {
    Value::from(duration::write(limit))
}

fn put(entry: &mut Map<String, Value>, key: &str, value: Option<Value>) {
    if let Some(value) = value {
        entry.insert(key.to_owned(), value);
    }
}

/// A map of a name, and of those lists that hold something.
fn named<const N: usize>(name: &str, lists: [(&str, Vec<Value>); N]) -> Map<String, Value> {
    let mut entry = Map::new();
    entry.insert("name".to_owned(), json!(name));
    for (key, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
        entry.insert(key.to_owned(), Value::Array(list));
    }
    entry
}
