//! A scenario in which something does not hold is made smaller, for as long as the same does not hold.

use capstan_model::yaml::{self, Decoder, FromYaml};
use serde_json::Value;

use super::trial::failure;
use crate::simulator::{Scenario, read, write};

/// How many smaller ones are tried at most.
const TRIES: u32 = 6_000;

/// The key below which shipyards stand by project: text in a file, values while it is made smaller.
const SHIPYARDS: &str = "projects";

/// Makes a scenario smaller: what is left fails as it does. Gives it back as it is where it holds.
pub fn shrink(scenario: &Scenario) -> Scenario {
    let Some(wanted) = failure(scenario).as_deref().map(kind) else { return scenario.clone() };
    let Some(mut file) = opened(&write(scenario)) else { return scenario.clone() };
    let fails = |file: &Value| {
        let Ok(scenario) = read(&closed(file)) else { return false };
        let shipyards =
            scenario.projects.iter().all(|(_, shipyard)| capstan_model::shipyard::read(&shipyard.text).is_ok());
        shipyards && failure(&scenario).is_some_and(|failure| kind(&failure) == wanted)
    };
    let mut tries = 0;
    loop {
        let mut smaller = false;
        let mut at = 0;
        // From the outside in: what goes first takes the most with it.
        while let Some(path) = paths(&file).into_iter().nth(at) {
            let mut without = file.clone();
            remove(&mut without, &path);
            tries += 1;
            if fails(&without) {
                file = without;
                smaller = true;
            } else {
                at += 1;
            }
            if tries >= TRIES {
                smaller = false;
                break;
            }
        }
        if !smaller {
            break;
        }
    }
    read(&closed(&file)).unwrap_or_else(|_| scenario.clone())
}

/// What a failure is about, without ids, numbers and all that differs from one to the next.
fn kind(failure: &str) -> String {
    let words = failure.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| word.len() > 1);
    words.take(7).collect::<Vec<_>>().join(" ")
}

/// A step from a value to one that stands in it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    At(usize),
}

/// Where anything stands that could be left out, the outermost and the last first.
fn paths(file: &Value) -> Vec<Vec<Step>> {
    let mut level = vec![Vec::new()];
    let mut all = Vec::new();
    while !level.is_empty() {
        let mut next = Vec::new();
        for path in &level {
            let children: Vec<Step> = match find(file, path) {
                Some(Value::Array(items)) => (0..items.len()).rev().map(Step::At).collect(),
                Some(Value::Object(entries)) => entries.keys().rev().cloned().map(Step::Key).collect(),
                _ => Vec::new(),
            };
            next.extend(children.into_iter().map(|step| [path.as_slice(), &[step]].concat()));
        }
        all.extend(next.iter().cloned());
        level = next;
    }
    all
}

fn find<'a>(value: &'a Value, path: &[Step]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get(key),
        Step::At(at) => value.get(at),
    })
}

fn remove(value: &mut Value, path: &[Step]) {
    let Some((step, rest)) = path.split_first() else { return };
    match (value, step, rest.is_empty()) {
        (Value::Object(entries), Step::Key(key), true) => {
            entries.shift_remove(key);
        }
        (Value::Array(items), Step::At(at), true) if *at < items.len() => {
            items.remove(*at);
        }
        (Value::Object(entries), Step::Key(key), false) => {
            entries.get_mut(key).into_iter().for_each(|entry| remove(entry, rest));
        }
        (Value::Array(items), Step::At(at), false) => {
            items.get_mut(*at).into_iter().for_each(|item| remove(item, rest));
        }
        _ => {}
    }
}

/// The file as a value, its shipyards opened.
fn opened(text: &str) -> Option<Value> {
    let mut file = value_of(text)?;
    if let Some(Value::Object(projects)) = file.get_mut(SHIPYARDS) {
        for shipyard in projects.values_mut() {
            let opened = shipyard.as_str().and_then(value_of);
            *shipyard = opened?;
        }
    }
    Some(file)
}

/// The file as text.
fn closed(file: &Value) -> String {
    let mut file = file.clone();
    if let Some(Value::Object(projects)) = file.get_mut(SHIPYARDS) {
        for shipyard in projects.values_mut() {
            *shipyard = yaml::emit(shipyard).into();
        }
    }
    yaml::emit(&file)
}

fn value_of(text: &str) -> Option<Value> {
    let document = yaml::compose(text).ok()?;
    let mut decoder = Decoder::new(&document);
    Value::from_yaml(&mut decoder, document.root?)
}
