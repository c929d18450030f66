//! What is asked of the sources, and what they answered.

use std::collections::BTreeMap;
use std::time::Duration;

use capstan_model::event::sli::MissingReason;
use jiff::Timestamp;

/// What one evaluation is about: the thing that is judged and the window that is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Name of the project.
    pub project: String,
    /// Name of the stage.
    pub stage: String,
    /// Name of the service.
    pub service: String,
    /// Which deployment of the service is meant, for instance `canary`. A label `deployment` goes before it.
    pub deployment: Option<String>,
    /// Labels of the evaluation; queries refer to them as `$LABEL.<name>`.
    pub labels: BTreeMap<String, String>,
    /// Filters of the objectives file: narrow the built-in queries, and are placeholders in the others.
    pub filters: BTreeMap<String, String>,
    /// Begin of the window.
    pub start: Timestamp,
    /// End of the window, and the instant at which queries are evaluated.
    pub end: Timestamp,
}

/// One value that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indicator {
    /// Its name, by which objectives refer to it.
    pub name: String,
    /// How to get it, in the language of the source and with placeholders; without one the source goes by the name.
    pub query: Option<String>,
    /// Name of the source to ask.
    pub source: String,
}

/// Why there is no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The reason, for programs.
    pub reason: MissingReason,
    /// The reason, for people. Holds no credentials and no control characters.
    pub message: String,
}

impl Failure {
    /// A failure for `reason`, explained by `message`.
    pub fn new(reason: MissingReason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into() }
    }
}

/// What became of one [`Indicator`].
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Name of the indicator.
    pub indicator: String,
    /// Name of the source.
    pub source: String,
    /// The query as it was sent, placeholders replaced. Absent where none was made.
    pub query: Option<String>,
    /// The value, which is finite, or why there is none.
    pub outcome: Result<f64, Failure>,
    /// How often the source was asked; 0 where it never was.
    pub attempts: u32,
    /// From the first attempt to the answer, waits between attempts included.
    pub elapsed: Duration,
}
