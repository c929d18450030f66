//! What goes into an evaluation, and what comes of it.

use std::collections::BTreeMap;

use capstan_model::event::evaluation::{EvaluationFinished, Subject};
use capstan_model::event::result::ResultKind;
use capstan_model::event::sli::{MissingReason, SliValue};
use capstan_model::slo::Slo;
use jiff::Timestamp;

use super::history::History;

/// Everything that an evaluation needs.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// What is evaluated.
    pub subject: &'a Subject,
    /// Start of the window, as the event shall show it; may be empty.
    pub time_start: &'a str,
    /// End of the window, likewise.
    pub time_end: &'a str,
    /// The objectives; none where the file is absent or empty.
    pub slo: Option<SloText<'a>>,
    /// What the SLI source answered.
    pub get_sli: &'a GetSli,
    /// Earlier evaluations.
    pub history: &'a History,
    /// When the evaluation ends; ages are counted from here.
    pub now: Timestamp,
}

/// Objectives with the text that they were read from.
#[derive(Debug, Clone, Copy)]
pub struct SloText<'a> {
    /// As read.
    pub slo: &'a Slo,
    /// As written.
    pub text: &'a str,
}

/// What `get-sli.finished` says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetSli {
    /// Whether values could be had at all.
    pub failure: Option<Failure>,
    /// Whether the source calls its own result `fail`; the evaluation then fails whatever it computes.
    pub failed: bool,
    /// The source's message.
    pub message: String,
    /// The values.
    pub values: Vec<SliValue>,
    /// Why values are missing, as far as the source told it apart from the message.
    pub reasons: BTreeMap<String, MissingReason>,
}

/// Why no values could be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The source was stopped.
    Aborted,
    /// The source broke down.
    Errored,
}

/// What comes of an evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// Data of `evaluation.finished`.
    pub finished: EvaluationFinished,
    /// The verdict.
    pub verdict: Verdict,
}

/// What a gate says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was judged.
    Judged(ResultKind),
    /// It could not be judged; the event is errored, and history does not keep it.
    None,
}

/// A baseline or limit that no double can hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the {what} of '{sli}' is too large for a number; it comes of the evaluations {}", .evaluations.join(", "))]
pub struct Overflow {
    /// Indicator.
    pub sli: String,
    /// `baseline`, or the criterion.
    pub what: String,
    /// Ids of the evaluations, newest first.
    pub evaluations: Vec<String>,
}
