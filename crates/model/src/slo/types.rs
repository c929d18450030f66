//! What a valid file means, with v1's defaults applied.

use std::collections::BTreeMap;

use super::criterion::{Criterion, CriterionError};

/// Service level objectives, ready to be judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Slo {
    /// Filters for the SLI source, by name.
    pub filter: BTreeMap<String, String>,
    /// With what relative criteria compare.
    pub comparison: Comparison,
    /// What is judged, in the order of the file.
    pub objectives: Vec<Objective>,
    /// The score to reach.
    pub total_score: TotalScore,
}

/// With what relative criteria compare.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// How many evaluations.
    pub compare_with: CompareWith,
    /// Number for [`CompareWith::Several`], 1 to 100.
    pub number: usize,
    /// Which results count.
    pub include: Include,
    /// How several values become one.
    pub aggregate: Aggregate,
    /// What a relative criterion is without history.
    pub on_no_history: OnNoHistory,
    /// Which evaluations are considered at all.
    pub baseline: Baseline,
}

impl Comparison {
    /// How many evaluations are compared with at most.
    pub fn limit(&self) -> usize {
        match self.compare_with {
            CompareWith::Single => 1,
            CompareWith::Several => self.number,
            CompareWith::Other => 3,
        }
    }
}

/// How many evaluations are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompareWith {
    /// The newest.
    Single,
    /// As many as the file says.
    Several,
    /// Anything else, also an absent key in a present block: three.
    Other,
}

/// Which evaluations count, by the overall result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Include {
    /// Every one.
    All,
    /// Passed ones.
    Pass,
    /// Passed ones and those with a warning.
    PassOrWarn,
}

/// How several earlier values become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    /// Arithmetic mean.
    Average,
    /// Median.
    P50,
    /// 90th percentile.
    P90,
    /// 95th percentile.
    P95,
}

impl Aggregate {
    /// Names as the file writes them.
    pub const NAMES: [(&'static str, Self); 4] =
        [("avg", Self::Average), ("p50", Self::P50), ("p90", Self::P90), ("p95", Self::P95)];

    /// The name as the file writes it.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, aggregate)| *aggregate == self).map_or("", |(name, _)| name)
    }
}

/// What a relative criterion is where there is nothing to compare with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnNoHistory {
    /// Met, as in v1.
    Pass,
    /// Violated in `pass`, met in `warning`.
    Warning,
    /// Violated in both.
    Fail,
}

impl OnNoHistory {
    /// Names as the file writes them.
    pub const NAMES: [(&'static str, Self); 3] =
        [("pass", Self::Pass), ("warning", Self::Warning), ("fail", Self::Fail)];
}

/// Which earlier evaluations are considered; all conditions must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Baseline {
    /// Labels that an evaluation must carry.
    pub labels: BTreeMap<String, String>,
    /// One evaluation.
    pub pinned: Option<Pinned>,
    /// Greatest age in nanoseconds.
    pub max_age: Option<i64>,
}

/// A pinned evaluation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pinned {
    /// The newest one that is pinned.
    Latest,
    /// The one with this id.
    Id(String),
}

/// One objective.
#[derive(Debug, Clone, PartialEq)]
pub struct Objective {
    /// Name of the indicator; may be empty.
    pub sli: String,
    /// Name for people; may be empty.
    pub display_name: String,
    /// Alternatives of which one must be met; none makes the objective informational.
    pub pass: Vec<CriteriaGroup>,
    /// Alternatives that earn half the weight.
    pub warning: Vec<CriteriaGroup>,
    /// Points; at least 1.
    pub weight: i64,
    /// Whether its failure fails the whole.
    pub key_sli: bool,
    /// What a missing value means.
    pub on_no_data: OnNoData,
}

impl Objective {
    /// Its name for people: the display name, else the indicator's.
    pub fn title(&self) -> &str {
        if self.display_name.is_empty() { &self.sli } else { &self.display_name }
    }

    /// Whether it only informs.
    pub fn is_informational(&self) -> bool {
        self.pass.is_empty()
    }
}

/// What a missing value means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnNoData {
    /// The objective fails, as in v1.
    Fail,
    /// Half the weight, and no failure of a key SLI.
    Warning,
    /// The objective does not count.
    Ignore,
}

impl OnNoData {
    /// Names as the file writes them.
    pub const NAMES: [(&'static str, Self); 3] =
        [("fail", Self::Fail), ("warning", Self::Warning), ("ignore", Self::Ignore)];
}

/// Criteria that must all be met.
#[derive(Debug, Clone, PartialEq)]
pub struct CriteriaGroup {
    /// In the order of the file.
    pub criteria: Vec<WrittenCriterion>,
}

/// A criterion as written and as read.
#[derive(Debug, Clone, PartialEq)]
pub struct WrittenCriterion {
    /// As written.
    pub text: String,
    /// As read; an error only below `warning`, where v1 swallows it.
    pub parsed: Result<Criterion, CriterionError>,
}

/// The score to reach, in per cent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TotalScore {
    /// From here on it passes.
    pub pass: f64,
    /// From here on it is a warning.
    pub warning: Option<f64>,
}
