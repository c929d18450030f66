//! Shipyards of chance: every key of the grammar, also those that v1 does not have.

use std::sync::Arc;

use capstan_model::shipyard::{Concurrency, Join, Policy, Retry, Sequence, Shipyard, Stage, Task, Trigger, When};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::dice::Dice;

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

/// A shipyard.
pub(super) fn shipyard(dice: &mut Dice) -> Shipyard {
    let mut stages: Vec<Stage> = Vec::new();
    for stage in ["dev", "prod"] {
        let mut sequences = Vec::new();
        for (at, name, triggers) in SEQUENCES.iter().filter(|(at, ..)| *at == stage) {
            let is_first = *at == "dev" && *name == "delivery";
            if is_first || !dice.once_in(3) {
                sequences.push(Arc::new(sequence(dice, name, triggers)));
            }
        }
        if !sequences.is_empty() {
            stages.push(Stage { name: stage.to_owned(), sequences });
        }
    }
    Shipyard { api_version: "spec.keptn.sh/0.2.3".to_owned(), name: String::new(), stages }
}

fn sequence(dice: &mut Dice, name: &str, triggers: &[(&str, &str)]) -> Sequence {
    let minutes = |minutes: &i64| SignedDuration::from_mins(*minutes);
    let timeout = if dice.once_in(4) { dice.one(&[6, 20, 60]).map(minutes) } else { None };
    let concurrency = dice.once_in(3).then(|| concurrency(dice));
    let mut tasks = Vec::new();
    for step in 0..dice.within(1, 3) {
        tasks.extend(a_step(dice, step, false));
    }
    if dice.once_in(3) {
        for step in 0..dice.within(1, 2) {
            tasks.extend(a_step(dice, 10 + step, true));
        }
    }
    let triggered_on = triggers.iter().map(trigger).collect();
    Sequence { name: name.to_owned(), triggered_on, timeout, concurrency, tasks }
}

fn trigger((event, result): &(&str, &str)) -> Trigger {
    let selector = Some(*result).filter(|result| !result.is_empty());
    let selector = selector.map(|result| ("result".to_owned(), result.to_owned())).into_iter().collect();
    Trigger { event: (*event).to_owned(), selector }
}

fn concurrency(dice: &mut Dice) -> Concurrency {
    let key = dice.once_in(2).then(|| dice.word(&["all", "of-{service}", "{labels.x}"]).to_owned());
    let policies = [Policy::Queue, Policy::Supersede, Policy::Reject];
    let has_policy = key.is_none() || dice.once_in(2);
    let policy = if has_policy { dice.one(&policies).copied().unwrap_or_default() } else { Policy::default() };
    Concurrency { key, policy }
}

/// A task, or a group of them.
fn a_step(dice: &mut Dice, step: u64, finally: bool) -> Vec<Task> {
    let group = dice.once_in(3);
    let size = if group { dice.within(2, 3) } else { 1 };
    let mut tasks = Vec::new();
    for at in 0..size {
        let mut task = Task { finally, ..task(dice) };
        if group {
            task.parallel = Some(format!("g{step}"));
            if at == 0 {
                task.join = dice.one(&[Join::All, Join::Any]).copied().unwrap_or_default();
            }
        }
        tasks.push(task);
    }
    tasks
}

/// What a condition may be.
const CONDITIONS: [&str; 6] = [
    "result == 'pass'",
    "result != 'fail' && status != 'errored'",
    "n >= 1",
    "labels.x != null",
    "labels.x in ['1', '3'] || true == false",
    "true == false",
];

/// A task, without what says where it stands.
fn task(dice: &mut Dice) -> Task {
    let name = dice.word(&[TASKS[0], TASKS[1], TASKS[2], TASKS[0], TASKS[1], TASKS[3]]);
    let minutes = |dice: &mut Dice, of: &[i64]| {
        let minutes = if dice.once_in(5) { dice.one(of) } else { None };
        minutes.map(|minutes| SignedDuration::from_mins(*minutes))
    };
    let triggered_after = dice.once_in(5).then(|| dice.word(&["30s", "7m"]).to_owned());
    let (start_timeout, timeout) = (minutes(dice, &[3, 120]), minutes(dice, &[2, 5, 40]));
    let retries = [(2, SignedDuration::ZERO), (3, SignedDuration::from_mins(2))];
    let retry = if dice.once_in(5) { dice.one(&retries) } else { None };
    let retry = retry.map(|(attempts, backoff)| Retry { attempts: *attempts, backoff: *backoff });
    let when = dice.once_in(5).then(|| dice.word(&CONDITIONS));
    let properties = if name == "approval" {
        let (pass, warning) = (dice.word(&["manual", "automatic"]), dice.word(&["manual", "automatic"]));
        json!({ "pass": pass, "warning": warning })
    } else if dice.once_in(6) {
        json!({ "n": 2, "strategy": "blue" })
    } else {
        Value::Null
    };
    Task {
        name: name.to_owned(),
        triggered_after,
        start_timeout,
        timeout,
        retry,
        // Each of them is one.
        when: when.and_then(|text| When::parse(text).ok()),
        properties,
        ..Task::default()
    }
}
