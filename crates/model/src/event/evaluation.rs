//! Data of `evaluation.finished` and its companions (contract: gate.md 3).

use std::collections::BTreeMap;

use serde::Serialize;

use super::explanation::Explanation;
use super::result::{IndicatorStatus, ResultKind, Status};
use super::sli::SliValue;
use crate::number;

/// Type of the event that ends an evaluation.
pub const FINISHED: &str = "sh.keptn.event.evaluation.finished";
/// Type of the event that takes an evaluation out of history.
pub const INVALIDATED: &str = "sh.keptn.event.evaluation.invalidated";
/// Type of our event that pins an evaluation as a baseline.
pub const PINNED: &str = "sh.capstan.event.evaluation.pinned";
/// Type of our event that takes a pin away.
pub const UNPINNED: &str = "sh.capstan.event.evaluation.unpinned";
/// The source that v1's evaluations name.
pub const SOURCE: &str = "lighthouse-service";

/// What an evaluation is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject {
    /// Project; may be empty.
    pub project: String,
    /// Stage; may be empty.
    pub stage: String,
    /// Service; may be empty.
    pub service: String,
    /// Labels of the build or run.
    pub labels: BTreeMap<String, String>,
}

/// Data of `sh.keptn.event.evaluation.finished`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EvaluationFinished {
    /// Project.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub project: String,
    /// Stage.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub stage: String,
    /// Service.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub service: String,
    /// Labels.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Whether the evaluation could be done.
    pub status: Status,
    /// Overall result; it decides what happens next.
    pub result: ResultKind,
    /// Reason in v1's words; empty on a plain pass.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// The evaluation itself.
    pub evaluation: Evaluation,
}

/// The block `evaluation` of [`EvaluationFinished`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Evaluation {
    /// Start of the window.
    pub time_start: String,
    /// End of the window.
    pub time_end: String,
    /// Result of the scoring alone; in v1's early exits it may differ from the overall one.
    pub result: ResultKind,
    /// 0 to 100, unrounded.
    #[serde(serialize_with = "number::serialize")]
    pub score: f64,
    /// The SLO file as it was read, in base64; empty where none was.
    pub slo_file_content: String,
    /// One entry for each objective; null where nothing was judged.
    pub indicator_results: Option<Vec<IndicatorResult>>,
    /// Ids of the earlier evaluations compared with, newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub compared_events: Vec<String>,
    /// Why the result is what it is; an addition to v1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Explanation>,
}

/// Result of one objective.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IndicatorResult {
    /// Points won.
    #[serde(serialize_with = "number::serialize")]
    pub score: f64,
    /// The value; null for an informational objective without one.
    pub value: Option<SliValue>,
    /// Name for people.
    pub display_name: String,
    /// Limits of `pass`; null where no criterion was written for a value that was retrieved.
    pub pass_targets: Option<Vec<TargetResult>>,
    /// Limits of `warning`, likewise.
    pub warning_targets: Option<Vec<TargetResult>>,
    /// Whether the objective is a key one; v1 says so only where a value was retrieved.
    pub key_sli: bool,
    /// How it fared.
    pub status: IndicatorStatus,
}

/// One criterion held against a value.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TargetResult {
    /// As written in the file.
    pub criteria: String,
    /// The limit in the unit of the indicator.
    #[serde(serialize_with = "number::serialize")]
    pub target_value: f64,
    /// Whether the value breaks it.
    pub violated: bool,
}
