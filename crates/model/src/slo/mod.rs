//! `slo.yaml`: objectives, how they compare with history, and the score they must reach.

pub mod criterion;
pub mod file;
mod lint;
mod read;

mod types;

pub use criterion::{Criterion, CriterionError, Operator, Target};
pub use lint::lint;
pub use read::{ReadSlo, Rejection, Rejections, read};
pub use types::{
    Aggregate, Baseline, CompareWith, Comparison, CriteriaGroup, Include, Objective, OnNoData, OnNoHistory, Pinned,
    Slo, TotalScore, WrittenCriterion,
};
