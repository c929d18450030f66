//! A condition as users write it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::eval::Evaluation;
use super::expression::{Expression, Path};
use super::parse;

/// A condition over the data of a run, such as `result == 'pass' && labels.team in ['shop', 'cart']`. Stored as its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct When {
    text: String,
    expression: Expression,
}

/// Why a text is no condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}; {help}")]
pub struct WhenError {
    /// Where it goes wrong, in bytes from the start of the text.
    pub offset: usize,
    /// How many bytes there are wrong; 0 at the end of the text.
    pub length: usize,
    /// What is wrong, as a sentence fragment without a full stop.
    pub message: String,
    /// How to mend it.
    pub help: String,
}

impl When {
    /// The longest text, in bytes.
    pub const LONGEST: usize = 2_000;

    /// How deeply parentheses and '!' may be nested.
    pub const DEEPEST: usize = 50;

    /// Reads a condition. Whether its operators take what they will be given shows when it is asked.
    pub fn parse(text: &str) -> Result<Self, WhenError> {
        parse::condition(text).map(|expression| Self { text: text.to_owned(), expression })
    }

    /// As written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it holds for the data that the task would be offered with. A path that leads nowhere is null. An operator
    /// that does not take what it is given is an error: a sentence that names the path.
    pub fn holds(&self, data: &Map<String, Value>) -> Result<bool, String> {
        let find = |path: &Path| path.find(data);
        Evaluation { text: &self.text, find: &find, shows_values: true }.condition(&self.expression)
    }

    /// What it asks.
    pub(in crate::shipyard) fn expression(&self) -> &Expression {
        &self.expression
    }

    /// Whether it is more than a single word or path, so that hardly anything else is meant by the text.
    pub(in crate::shipyard) fn compares(&self) -> bool {
        self.expression.compares()
    }

    /// The path that a text is and nothing else, such as `labels.team`.
    pub(in crate::shipyard) fn path(text: &str) -> Option<Path> {
        parse::condition(text).ok()?.path_of(text)
    }
}

impl TryFrom<String> for When {
    type Error = WhenError;

    fn try_from(text: String) -> Result<Self, WhenError> {
        Self::parse(&text)
    }
}

impl From<When> for String {
    fn from(when: When) -> Self {
        when.text
    }
}
