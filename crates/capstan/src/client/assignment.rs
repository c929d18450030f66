//! Data on a command line: `key.path=text`, `key.path:=json` and `@file.json`.

use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::failure::{Failure, read_text};

/// A piece of data.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Assignment {
    /// One value at a path.
    Value {
        /// The keys on the way to it.
        path: Vec<String>,
        /// What stands there.
        value: Value,
    },
    /// A file with a JSON object.
    File(PathBuf),
}

/// Reads a piece of data; a text stays a text unless it is written behind `:=`.
pub(crate) fn assignment(text: &str) -> Result<Assignment, String> {
    let wrong =
        || "data is KEY=TEXT, KEY:=JSON or @FILE, such as canary.weight:=20; a dot goes one level down".to_owned();
    if let Some(path) = text.strip_prefix('@').filter(|path| !path.is_empty()) {
        return Ok(Assignment::File(path.into()));
    }
    let (key, value) = text.split_once('=').ok_or_else(wrong)?;
    let (key, value) = match key.strip_suffix(':') {
        Some(key) => {
            let value = serde_json::from_str(value).map_err(|error| format!("behind ':=' stands JSON: {error}"))?;
            (key, value)
        }
        None => (key, Value::from(value)),
    };
    let path: Vec<String> = key.split('.').map(str::to_owned).collect();
    if path.iter().any(String::is_empty) {
        return Err(wrong());
    }
    Ok(Assignment::Value { path, value })
}

/// Lays pieces of data over an object, in their order: objects key by key, everything else replaced.
pub(crate) fn assign(data: &mut Map<String, Value>, assignments: &[Assignment]) -> Result<(), Failure> {
    for assignment in assignments {
        match assignment {
            Assignment::Value { path, value } => {
                let value = path
                    .iter()
                    .rev()
                    .fold(value.clone(), |inner, key| Value::Object(Map::from_iter([(key.clone(), inner)])));
                lay_over(data, value);
            }
            Assignment::File(path) => {
                let text = read_text(path)?;
                let wrong = |why: String| {
                    Failure::with_help(
                        format!("'{}' cannot be data: {why}", path.display()),
                        "wanted is a JSON object such as {\"canary\": {\"weight\": 20}}",
                    )
                };
                match serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))? {
                    value @ Value::Object(_) => lay_over(data, value),
                    _ => return Err(wrong("it is JSON, but no object".to_owned())),
                }
            }
        }
    }
    Ok(())
}

fn lay_over(data: &mut Map<String, Value>, value: Value) {
    let Value::Object(entries) = value else { return };
    for (key, value) in entries {
        match (data.get_mut(&key), value) {
            (Some(Value::Object(below)), value @ Value::Object(_)) => lay_over(below, value),
            (_, value) => drop(data.insert(key, value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_stay_texts_and_json_is_said_to_be_json() {
        let mut data = Map::new();
        let texts = ["version=1.10", "a.b=x=y", "a.c:=[1, null]", "a.b=z", "on:=true", "empty="];
        let assignments: Vec<_> = texts.iter().map(|text| assignment(text).unwrap()).collect();
        assign(&mut data, &assignments).unwrap();
        let expected = json!({"version": "1.10", "a": {"b": "z", "c": [1, null]}, "on": true, "empty": ""});
        assert_eq!(Value::Object(data), expected);
    }

    #[test]
    fn what_is_no_data_is_refused() {
        for text in ["", "a", "=1", "a..b=1", ".a=1", "@"] {
            assert!(assignment(text).unwrap_err().starts_with("data is KEY=TEXT"), "{text}");
        }
        assert!(assignment("a:=x").unwrap_err().starts_with("behind ':=' stands JSON"));
    }
}
