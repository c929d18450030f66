//! Who decides an approval (contract: core.md 7.1).

use capstan_model::event::rest::data_text;
use serde_json::{Map, Value};

use super::sequence::APPROVAL;

/// What is to be approved, and by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Approval<'a> {
    /// The result so far; may be empty.
    pub result: &'a str,
    /// Who decides on such a result: `automatic`, or anything else for a person.
    pub strategy: &'a str,
}

impl<'a> Approval<'a> {
    /// Reads it from the data of `approval.triggered`. Without a result that of the evaluation counts.
    pub fn of(data: &'a Map<String, Value>) -> Self {
        let result = match data.get("result").and_then(Value::as_str).unwrap_or_default() {
            "" => data.get("evaluation").map_or("", |evaluation| data_text(evaluation, "result")),
            result => result,
        };
        let strategies = data.get(APPROVAL).unwrap_or(&Value::Null);
        let strategy = if ["pass", "warning"].contains(&result) { data_text(strategies, result) } else { "" };
        Self { result, strategy }
    }

    /// The decision, where nobody needs to be asked: a warning is upgraded, a failure stays one.
    pub fn decision(self) -> Option<&'static str> {
        match (self.result, self.strategy) {
            ("pass" | "warning", "automatic") => Some("pass"),
            ("fail", _) => Some("fail"),
            _ => None,
        }
    }
}
