//! One objective with everything that was found out about it.

use capstan_model::event::sli::SliValue;
use capstan_model::slo::Objective;

use super::baseline::Baseline;
use super::objective::Points;

/// What decides about one objective.
pub(super) struct Judged<'a> {
    pub(super) objective: &'a Objective,
    pub(super) value: Option<&'a SliValue>,
    pub(super) baseline: Baseline<'a>,
    pub(super) points: Points,
}

impl Judged<'_> {
    /// The value, if one was retrieved.
    pub(super) fn measured(&self) -> Option<f64> {
        self.value.filter(|value| value.success).map(|value| value.value)
    }
}
