//! What a group of criteria allows.

use crate::slo::criterion::{Criterion, Operator, Target};
use crate::slo::types::{CriteriaGroup, Objective};

/// What limits are measured in: limits of different kinds cannot be compared before there is a baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Absolute,
    Offset,
    Percent,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Absolute, Self::Offset, Self::Percent];

    fn of(criterion: &Criterion) -> Self {
        match criterion.target {
            Target::Absolute(_) => Self::Absolute,
            Target::Offset(_) => Self::Offset,
            Target::Percent(_) => Self::Percent,
        }
    }
}

/// The kind that all criteria of a group are of, if they are of one.
pub(super) fn only_kind(group: &CriteriaGroup) -> Option<Kind> {
    let mut kinds = group.criteria.iter().map(|written| written.parsed.as_ref().ok().map(Kind::of));
    let first = kinds.next()??;
    kinds.all(|kind| kind == Some(first)).then_some(first)
}

/// Whether an objective compares with earlier evaluations.
pub(super) fn is_relative(objective: &Objective) -> bool {
    let groups = objective.pass.iter().chain(&objective.warning);
    groups
        .flat_map(|group| &group.criteria)
        .any(|written| written.parsed.is_ok_and(|criterion| criterion.is_relative()))
}

/// The values that the criteria of one kind leave open.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Range {
    low: f64,
    low_open: bool,
    high: f64,
    high_open: bool,
}

impl Range {
    const ALL: Self = Self { low: f64::NEG_INFINITY, low_open: true, high: f64::INFINITY, high_open: true };

    /// What the criteria of one kind leave of a group. Per cent are those of a baseline above zero.
    pub(super) fn of(group: &CriteriaGroup, kind: Kind) -> Self {
        let criteria = group.criteria.iter().filter_map(|written| written.parsed.as_ref().ok());
        criteria.fold(Self::ALL, |range, criterion| match (criterion.target, kind) {
            (Target::Absolute(limit), Kind::Absolute)
            | (Target::Offset(limit), Kind::Offset)
            | (Target::Percent(limit), Kind::Percent) => range.narrowed(criterion, limit),
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
