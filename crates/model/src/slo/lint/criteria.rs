//! What a group of criteria allows.

use crate::slo::criterion::{Criterion, Operator, Target};
use crate::slo::types::CriteriaGroup;

/// The values that absolute criteria leave open.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Range {
    low: f64,
    low_open: bool,
    high: f64,
    high_open: bool,
}

impl Range {
    const ALL: Self = Self { low: f64::NEG_INFINITY, low_open: true, high: f64::INFINITY, high_open: true };

    /// What the absolute criteria of a group leave; relative ones restrict nothing that is known now.
    pub(super) fn of(group: &CriteriaGroup) -> Self {
        let absolute = group.criteria.iter().filter_map(|written| written.parsed.as_ref().ok());
        absolute.fold(Self::ALL, |range, criterion| match criterion.target {
            Target::Absolute(limit) => range.narrowed(criterion, limit),
            _ => range,
        })
    }

    fn narrowed(mut self, criterion: &Criterion, limit: f64) -> Self {
        let open = matches!(criterion.operator, Operator::Below | Operator::Above);
        if matches!(criterion.operator, Operator::Below | Operator::AtMost | Operator::Equal)
            && (limit < self.high || (limit == self.high && open))
        {
            (self.high, self.high_open) = (limit, open);
        }
        if matches!(criterion.operator, Operator::Above | Operator::AtLeast | Operator::Equal)
            && (limit > self.low || (limit == self.low && open))
        {
            (self.low, self.low_open) = (limit, open);
        }
        self
    }

    /// Whether no value is left.
    pub(super) fn is_empty(&self) -> bool {
        self.low > self.high || (self.low == self.high && (self.low_open || self.high_open))
    }

    /// Whether every value of `other` is also one of this.
    pub(super) fn contains(&self, other: &Self) -> bool {
        let low = self.low < other.low || (self.low == other.low && (!self.low_open || other.low_open));
        let high = self.high > other.high || (self.high == other.high && (!self.high_open || other.high_open));
        other.is_empty() || (low && high)
    }

    /// Whether only values below zero are left.
    pub(super) fn is_negative(&self) -> bool {
        self.high < 0.0 || (self.high == 0.0 && self.high_open)
    }
}
