//! Values from a JSON document of any shape.

use std::io::Read;

use capstan_model::event::sli::MissingReason;
use serde_json::{Map, Value};

use super::error::Trouble;
use super::query::{Path, Step};
use super::stats::finite;
use super::wording::{listed, meant, quoted};
use crate::sli::Failure;

const HELP: &str = r#"write a path like 'a.b[0]."x y"', or a JSON pointer like '/a/b/0/x y'"#;

/// Longest document that is read, in bytes: it is kept in memory as a whole.
const LONGEST: u64 = 256 << 20;

/// A JSON document.
#[derive(Debug)]
pub(crate) struct Document(Value);

impl Document {
    /// Reads a document that is all there is in `reader`.
    pub(crate) fn read(reader: impl Read) -> Result<Self, Trouble> {
        parse(reader).map(Self)
    }

    /// The number that `query` leads to.
    pub(crate) fn value(&self, query: &str) -> Result<f64, Failure> {
        if let Some(value) = self.0.get(query) {
            return number(value, query);
        }
        if let Some(metrics) = metrics(&self.0)
            && !query.starts_with(['[', '/'])
        {
            return from_list(&metrics, query);
        }
        let path: Path = query.parse().map_err(|error: super::query::Unparsable| error.failure(query, HELP))?;
        number(walk(&self.0, &path)?, query)
    }
}

/// The JSON value in `reader`, which must hold nothing else.
pub(crate) fn parse(reader: impl Read) -> Result<Value, Trouble> {
    let mut bytes = Vec::new();
    reader.take(LONGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST {
        let problem = format!("longer than {} MiB, too long for a document", LONGEST >> 20);
        return Err(Trouble::Malformed { line: None, problem });
    }
    serde_json::from_slice(&bytes).map_err(|error| {
        let text = error.to_string();
        let text = text.split(" at line ").next().unwrap_or_default();
        let help = match text {
            "trailing characters" => ": only one document is read (points of k6 with k6:)",
            "recursion limit exceeded" => ": nested too deep",
            _ if error.is_eof() => ": the tool was stopped, or still writes",
            _ => "",
        };
        Trouble::at(error.line() as u64, format!("no JSON, column {}: {text}{help}", error.column()))
    })
}

/// The entries of a list like `[{"metric": "error_rate", "value": 0.1}]`. `None` for anything else.
fn metrics(document: &Value) -> Option<Vec<(&str, &Map<String, Value>)>> {
    let entry = |entry: &'_ Value| entry.as_object()?.get("metric")?.as_str().map(|_| ());
    let list = document.as_array().filter(|list| !list.is_empty() && list.iter().all(|item| entry(item).is_some()))?;
    Some(list.iter().filter_map(|item| Some((item.get("metric")?.as_str()?, item.as_object()?))).collect())
}

fn from_list(metrics: &[(&str, &Map<String, Value>)], query: &str) -> Result<f64, Failure> {
    let mut found = metrics.iter().filter(|(name, _)| *name == query);
    let (Some((_, entry)), more) = (found.next(), found.count()) else {
        let names = || metrics.iter().map(|(name, _)| *name);
        let message =
            format!("no metric {}{}; the list holds {}", quoted(query), meant(query, names()), listed(names()));
        return Err(Failure::new(MissingReason::NoData, message));
    };
    if more > 0 {
        let message =
            format!("the list holds {} {} times: point at one, for instance [0].value", quoted(query), more + 1);
        return Err(Failure::new(MissingReason::SeveralSeries, message));
    }
    // The value of an indicator that could not be measured is 0 by the event specification: it is none.
    if entry.get("success") == Some(&Value::Bool(false)) {
        let cause = entry.get("message").and_then(Value::as_str).filter(|message| !message.is_empty());
        let message = format!(
            "{} was not measured{}",
            quoted(query),
            cause.map(|m| format!(": {}", quoted(m))).unwrap_or_default()
        );
        return Err(Failure::new(MissingReason::NoData, message));
    }
    match entry.get("value") {
        Some(value) => number(value, query),
        None => Err(Failure::new(MissingReason::NoData, format!("{} has no 'value' in the list", quoted(query)))),
    }
}

fn walk<'a>(document: &'a Value, path: &Path) -> Result<&'a Value, Failure> {
    let mut value = document;
    for (at, step) in path.0.iter().enumerate() {
        let next = match (step, value) {
            (Step::Key(key) | Step::Token(key), Value::Object(object)) => object.get(key),
            (Step::Index(index), Value::Array(list)) => list.get(*index),
            (Step::Token(token), Value::Array(list)) => index(token).and_then(|index| list.get(index)),
            _ => None,
        };
        value = next.ok_or_else(|| {
            let place = match at {
                0 => "the document".to_owned(),
                _ => quoted(&Path(path.0[..at].to_vec()).to_string()),
            };
            Failure::new(MissingReason::NoData, lost(&place, step, value))
        })?;
    }
    Ok(value)
}

/// The index that a token of a JSON pointer stands for; it has no zeros in front.
fn index(token: &str) -> Option<usize> {
    let plain = token.bytes().all(|byte| byte.is_ascii_digit()) && (token == "0" || !token.starts_with('0'));
    if plain { token.parse().ok() } else { None }
}

/// Why `step` leads nowhere from `value`, which is called `place`.
fn lost(place: &str, step: &Step, value: &Value) -> String {
    let wanted = match step {
        Step::Key(key) | Step::Token(key) => quoted(key),
        Step::Index(index) => format!("[{index}]"),
    };
    match (value, step) {
        (Value::Object(object), Step::Key(key) | Step::Token(key)) => {
            let keys = || object.keys().map(String::as_str);
            format!("{place} has no {wanted}{}; its keys are {}", meant(key, keys()), listed(keys()))
        }
        (Value::Array(list), _) if list.is_empty() => format!("{place} is an empty list"),
        (Value::Array(list), Step::Key(_)) => {
            format!("{place} is a list of {}, and {wanted} is a key: write [0] to [{}]", list.len(), list.len() - 1)
        }
        (Value::Array(list), _) => format!("{place} is a list of {}, counted from 0, and has no {wanted}", list.len()),
        (other, _) => format!("{place} is {}, and has no {wanted}", kind(other)),
    }
}

fn number(value: &Value, query: &str) -> Result<f64, Failure> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::Bool(truth) => Some(f64::from(u8::from(*truth))),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null => return Err(Failure::new(MissingReason::NoData, format!("{} is null", quoted(query)))),
        Value::Array(_) | Value::Object(_) => None,
    };
    match number {
        Some(number) => finite(number),
        None => {
            Err(Failure::new(MissingReason::QueryError, format!("{} is {}, not a number", quoted(query), kind(value))))
        }
    }
}

fn kind(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => format!("the text {}", quoted(text)),
        Value::Array(list) => format!("a list of {}", list.len()),
        Value::Object(object) => format!("an object with the keys {}", listed(object.keys().map(String::as_str))),
    }
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
