//! Why an evaluation ended as it did, as data: `data.evaluation.explanation`.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::result::{IndicatorStatus, ResultKind};
use super::sli::MissingReason;
use crate::{number, timeframe};

/// The whole explanation. Readers of v1 ignore it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// One sentence.
    pub verdict: String,
    /// Everything below in words, a line each.
    pub text: Vec<String>,
    /// What a reader must not overlook, such as a comparison with nothing.
    pub notices: Vec<Notice>,
    /// With which earlier evaluations was compared.
    pub comparison: ComparisonExplained,
    /// Objective by objective, in the order of the file.
    pub objectives: Vec<ObjectiveExplained>,
    /// The arithmetic of the score; none where nothing was scored.
    pub total: Option<TotalExplained>,
    /// Nearest changes of a single value that would have led to another verdict, nearest first.
    pub counterfactuals: Vec<Counterfactual>,
}

/// Something that a reader must not overlook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// Stable word for programs, such as `no-history`.
    pub code: &'static str,
    /// In words.
    pub message: String,
}

/// With what was compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ComparisonExplained {
    /// At most how many evaluations the file asks for.
    pub wanted: usize,
    /// `avg`, `p50`, `p90` or `p95`.
    pub aggregate: &'static str,
    /// The evaluations compared with, newest first.
    pub evaluations: Vec<ComparedEvaluation>,
    /// Evaluations of this service that were passed over before enough were found, by reason.
    pub passed_over: Vec<PassedOver>,
}

/// One evaluation compared with.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparedEvaluation {
    /// Id of its event.
    pub id: String,
    /// When it ended.
    #[serde(serialize_with = "timestamp")]
    pub time: Timestamp,
    /// Its overall result.
    pub result: String,
    /// Its score.
    #[serde(serialize_with = "number::serialize")]
    pub score: f64,
}

/// Evaluations that were passed over for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PassedOver {
    /// Why.
    pub reason: String,
    /// How many.
    pub count: usize,
}

/// One objective.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectiveExplained {
    /// Indicator.
    pub sli: String,
    /// Name for people.
    pub display_name: String,
    /// How it fared.
    pub status: IndicatorStatus,
    /// The value; null where there is none.
    #[serde(serialize_with = "number::serialize_option")]
    pub value: Option<f64>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<MissingReason>,
    /// What the source said of it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// What earlier values aggregate to; null without history.
    #[serde(serialize_with = "number::serialize_option")]
    pub baseline: Option<f64>,
    /// The earlier values, newest first.
    pub baseline_values: Vec<BaselineValue>,
    /// Every criterion with its limit.
    pub limits: Vec<LimitExplained>,
    /// Points of its weight that it won.
    #[serde(serialize_with = "number::serialize")]
    pub won: f64,
    /// Points that it lost.
    #[serde(serialize_with = "number::serialize")]
    pub lost: f64,
    /// Whether its failure fails the whole.
    pub key_sli: bool,
    /// The objective in one sentence.
    pub sentence: String,
}

/// An earlier value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BaselineValue {
    /// Id of the evaluation.
    pub id: String,
    /// The value.
    #[serde(serialize_with = "number::serialize")]
    pub value: f64,
}

/// One criterion.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LimitExplained {
    /// `pass` or `warning`.
    pub level: &'static str,
    /// Number of its group, from 0; one group met as a whole is enough.
    pub group: usize,
    /// As written.
    pub criteria: String,
    /// The limit in the unit of the indicator; null for a relative criterion without history and for an unreadable one.
    #[serde(serialize_with = "number::serialize_option")]
    pub limit: Option<f64>,
    /// Whether the value keeps to it; null without a value.
    pub met: Option<bool>,
    /// Whether it compares with history and there is none.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub no_history: bool,
}

/// The arithmetic of the score.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TotalExplained {
    /// Points won.
    #[serde(serialize_with = "number::serialize")]
    pub won: f64,
    /// Points that could be won.
    #[serde(serialize_with = "number::serialize")]
    pub maximum: f64,
    /// `100 × won / maximum`, unrounded.
    #[serde(serialize_with = "number::serialize")]
    pub score: f64,
    /// Score to pass.
    #[serde(serialize_with = "number::serialize")]
    pub pass: f64,
    /// Score for a warning.
    #[serde(serialize_with = "number::serialize_option")]
    pub warning: Option<f64>,
    /// The key objectives that failed.
    pub key_failures: Vec<String>,
    /// The sum in words.
    pub arithmetic: String,
}

/// A change of one value that would have led to another verdict.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counterfactual {
    /// The objective's indicator.
    pub sli: String,
    /// The value as it was; null where it is missing.
    #[serde(serialize_with = "number::serialize_option")]
    pub from: Option<f64>,
    /// A value just on the other side of the limit.
    #[serde(serialize_with = "number::serialize")]
    pub to: f64,
    /// The verdict with it.
    pub result: ResultKind,
    /// The score with it.
    #[serde(serialize_with = "number::serialize")]
    pub score: f64,
    /// In words.
    pub sentence: String,
}

fn timestamp<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&timeframe::display(*at))
}
