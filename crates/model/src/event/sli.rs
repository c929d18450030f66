//! Values of service level indicators, as `get-sli.finished` carries them (Keptn v1 event specification 0.2.4).

use serde::{Deserialize, Serialize};

use crate::number;

/// One indicator's value as a source delivered it.
///
/// `success` tells whether a value could be had at all; where it is false, `value` is 0 and `message` holds the reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SliValue {
    /// Name of the indicator; objectives refer to it by their key `sli`, case-sensitively.
    pub metric: String,
    /// The measured value, in the unit of the query. Always finite.
    #[serde(default, serialize_with = "number::serialize")]
    pub value: f64,
    /// What earlier evaluations aggregate to; 0 until the engine sets it.
    #[serde(default, rename = "comparedValue", serialize_with = "number::serialize")]
    pub compared_value: f64,
    /// Whether the value could be retrieved.
    #[serde(default)]
    pub success: bool,
    /// Why it could not, in the words of the source; empty on success.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}

impl SliValue {
    /// A value that was retrieved.
    pub fn measured(metric: impl Into<String>, value: f64) -> Self {
        Self { metric: metric.into(), value, compared_value: 0.0, success: true, message: String::new() }
    }

    /// A value that could not be retrieved, with the reason.
    pub fn missing(metric: impl Into<String>, message: impl Into<String>) -> Self {
        Self { metric: metric.into(), value: 0.0, compared_value: 0.0, success: false, message: message.into() }
    }
}

/// Why an indicator has no value. Sources tell it; where only a message came, it is [`Unstated`](Self::Unstated).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingReason {
    /// The source answered without this indicator.
    NotReceived,
    /// The query matched nothing in the window.
    NoData,
    /// The query matched several series where one is needed.
    SeveralSeries,
    /// The value is NaN or infinite.
    NotFinite,
    /// The source refused the query.
    QueryError,
    /// No query is known for this indicator.
    Unsupported,
    /// The source could not be reached, or broke off.
    Transport,
    /// The source refused the credentials.
    Login,
    /// No answer before the deadline.
    Timeout,
    /// The source gave only a message.
    Unstated,
}

impl MissingReason {
    /// The reason in words that fit behind a colon.
    pub fn words(self) -> &'static str {
        match self {
            Self::NotReceived => "the source sent no value",
            Self::NoData => "no data",
            Self::SeveralSeries => "several series where one is needed",
            Self::NotFinite => "not a finite number",
            Self::QueryError => "query error",
            Self::Unsupported => "no query",
            Self::Transport => "source not reachable",
            Self::Login => "login refused",
            Self::Timeout => "timeout",
            Self::Unstated => "no value",
        }
    }
}
