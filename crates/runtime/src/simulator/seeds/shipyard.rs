//! Shipyards of chance: every key of the grammar, also those that v1 does not have.

use serde_json::{Map, Value, json};

use super::dice::Dice;
use crate::simulator::ShipyardText;

/// The tasks that there can be.
pub(super) const TASKS: [&str; 4] = ["deployment", "test", "release", "approval"];

type Triggers = &'static [(&'static str, &'static str)];

/// The sequences, each with its stage and what it follows: an event, and the result that it has to have.
const SEQUENCES: [(&str, &str, Triggers); 7] = [
    ("dev", "delivery", &[]),
    ("dev", "rollback", &[("dev.delivery.finished", "fail")]),
    ("dev", "loop", &[("dev.loop.finished", "")]),
    ("prod", "delivery", &[("dev.delivery.finished", "")]),
    ("prod", "check", &[("dev.delivery.finished", "pass"), ("dev.delivery.finished", "warning")]),
    ("prod", "free", &[]),
    ("prod", "mend", &[("prod.delivery.finished", "fail"), ("prod.check.finished", "fail")]),
];

/// A shipyard, in a file.
pub(super) fn text(dice: &mut Dice) -> ShipyardText {
    // JSON is YAML, and quickly written; a file that is shown is written more readably.
    ShipyardText::of(format!("{}\n", shipyard(dice)))
}

fn shipyard(dice: &mut Dice) -> Value {
    let mut stages: Vec<Value> = Vec::new();
    for stage in ["dev", "prod"] {
        let mut sequences: Vec<Value> = Vec::new();
        for (at, name, triggers) in SEQUENCES.iter().filter(|(at, ..)| *at == stage) {
            let is_first = *at == "dev" && *name == "delivery";
            if is_first || !dice.once_in(3) {
                sequences.push(sequence(dice, name, triggers));
            }
        }
        if !sequences.is_empty() {
            stages.push(json!({ "name": stage, "sequences": sequences }));
        }
    }
    json!({ "apiVersion": "spec.keptn.sh/0.2.3", "spec": { "stages": stages } })
}

fn sequence(dice: &mut Dice, name: &str, triggers: &[(&str, &str)]) -> Value {
    let mut sequence = Map::new();
    sequence.insert("name".to_owned(), name.into());
    if !triggers.is_empty() {
        let triggers = triggers.iter().map(|(event, result)| match *result {
            "" => json!({ "event": event }),
            result => json!({ "event": event, "selector": { "match": { "result": result } } }),
        });
        sequence.insert("triggeredOn".to_owned(), triggers.collect());
    }
    if dice.once_in(4) {
        sequence.insert("timeout".to_owned(), dice.word(&["6m", "20m", "1h"]).into());
    }
    if dice.once_in(3) {
        sequence.insert("concurrency".to_owned(), concurrency(dice));
    }
    let mut tasks = Vec::new();
    for step in 0..dice.within(1, 3) {
        tasks.extend(a_step(dice, step, false));
    }
    if dice.once_in(3) {
        for step in 0..dice.within(1, 2) {
            tasks.extend(a_step(dice, 10 + step, true));
        }
    }
    sequence.insert("tasks".to_owned(), tasks.into());
    Value::Object(sequence)
}

fn concurrency(dice: &mut Dice) -> Value {
    let mut concurrency = Map::new();
    if dice.once_in(2) {
        concurrency.insert("key".to_owned(), dice.word(&["all", "of-{service}", "{labels.x}"]).into());
    }
    if concurrency.is_empty() || dice.once_in(2) {
        concurrency.insert("policy".to_owned(), dice.word(&["queue", "supersede", "reject"]).into());
    }
    Value::Object(concurrency)
}

/// A task, or a group of them.
fn a_step(dice: &mut Dice, step: u64, finally: bool) -> Vec<Value> {
    let group = dice.once_in(3);
    let size = if group { dice.within(2, 3) } else { 1 };
    let mut tasks = Vec::new();
    for at in 0..size {
        let mut task = task(dice);
        if group {
            task.insert("parallel".to_owned(), format!("g{step}").into());
            if at == 0 {
                task.insert("join".to_owned(), dice.word(&["all", "any"]).into());
            }
        }
        if finally {
            task.insert("finally".to_owned(), true.into());
        }
        tasks.push(Value::Object(task));
    }
    tasks
}

/// A task, without what says where it stands.
fn task(dice: &mut Dice) -> Map<String, Value> {
    let mut task = Map::new();
    let name = dice.word(&[TASKS[0], TASKS[1], TASKS[2], TASKS[0], TASKS[1], TASKS[3]]);
    task.insert("name".to_owned(), name.into());
    let mut maybe = |key: &str, values: &[Value]| {
        if dice.once_in(5)
            && let Some(value) = dice.one(values)
        {
            task.insert(key.to_owned(), value.clone());
        }
    };
    maybe("triggeredAfter", &["30s".into(), "7m".into()]);
    maybe("startTimeout", &["3m".into(), "2h".into()]);
    maybe("timeout", &["2m".into(), "5m".into(), "40m".into()]);
    maybe("retry", &[json!({"attempts": 2}), json!({"attempts": 3, "backoff": "2m"})]);
    maybe(
        "when",
        &[
            "result == 'pass'".into(),
            "result != 'fail' && status != 'errored'".into(),
            "n >= 1".into(),
            "labels.x != null".into(),
            "labels.x in ['1', '3'] || true == false".into(),
            "true == false".into(),
        ],
    );
    if name == "approval" {
        let (pass, warning) = (dice.word(&["manual", "automatic"]), dice.word(&["manual", "automatic"]));
        task.insert("properties".to_owned(), json!({ "pass": pass, "warning": warning }));
    } else {
        let mut maybe = |key: &str, value: Value| {
            if dice.once_in(6) {
                task.insert(key.to_owned(), value);
            }
        };
        maybe("properties", json!({ "n": 2, "strategy": "blue" }));
    }
    task
}
