//! The words in which events tell how something ended.

use serde::Serialize;

/// Overall or evaluation result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ResultKind {
    /// Good.
    Pass,
    /// Good with reservations.
    Warning,
    /// Not good.
    Fail,
}

impl ResultKind {
    /// As events write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warning => "warning",
            Self::Fail => "fail",
        }
    }
}

/// Whether a task did its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It did, whatever the result.
    Succeeded,
    /// It could not.
    Errored,
}

/// How one objective fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum IndicatorStatus {
    /// Full points.
    Pass,
    /// Half the points.
    Warning,
    /// No points.
    Fail,
    /// Does not count.
    Info,
}

impl IndicatorStatus {
    /// As events write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warning => "warning",
            Self::Fail => "fail",
            Self::Info => "info",
        }
    }
}
