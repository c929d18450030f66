//! The nearest change of a single value that would have led to another verdict.

use std::collections::BTreeMap;

use capstan_model::event::explanation::Counterfactual;
use capstan_model::event::result::ResultKind;
use capstan_model::number::human;
use capstan_model::slo::Slo;

use super::judged::Judged;
use super::objective;
use super::total::{Total, total};

/// One changed value and what would follow.
#[derive(Debug, Clone, Copy)]
struct Change {
    to: f64,
    outcome: Total,
    distance: f64,
}

/// For each other verdict the nearest change that would have led there, nearest first.
///
/// An objective's points change only where its value crosses a limit, so that the limits and the doubles beside them
/// are all the values that need a look. Distances are relative to the size of the value, or units could not be compared.
pub(super) fn nearest(slo: &Slo, judged: &[Judged<'_>], actual: &Total) -> Vec<Counterfactual> {
    let mut by_sli: BTreeMap<&str, Vec<&Judged<'_>>> = BTreeMap::new();
    for judged in judged.iter().filter(|judged| !judged.objective.is_informational()) {
        by_sli.entry(&judged.objective.sli).or_default().push(judged);
    }
    let key_failures = judged.iter().filter(|judged| judged.points.key_failure).count();
    let mut best: BTreeMap<ResultKind, (Change, &str, &[&Judged<'_>])> = BTreeMap::new();
    for (sli, group) in &by_sli {
        let world = World { slo, group, actual, key_failures };
        for candidate in world.candidates() {
            let Some(change) = world.change(candidate) else { continue };
            if change.outcome.result == actual.result {
                continue;
            }
            let nearer = best.get(&change.outcome.result).is_none_or(|(other, ..)| change.distance < other.distance);
            if nearer {
                best.insert(change.outcome.result, (change, sli, group));
            }
        }
    }
    let mut best: Vec<_> = best.into_values().collect();
    best.sort_by(|(left, ..), (right, ..)| left.distance.total_cmp(&right.distance));
    best.into_iter()
        .map(|(change, sli, group)| {
            let world = World { slo, group, actual, key_failures };
            describe(sli, group[0], &world.rounded(change), world.candidates().len() == 1)
        })
        .collect()
}

/// The evaluation as it was, but for one value.
struct World<'w> {
    slo: &'w Slo,
    /// The objectives that the value serves; never empty.
    group: &'w [&'w Judged<'w>],
    actual: &'w Total,
    key_failures: usize,
}

impl World<'_> {
    fn from(&self) -> Option<f64> {
        self.group[0].measured()
    }

    fn candidates(&self) -> Vec<f64> {
        let mut candidates = Vec::new();
        for judged in self.group {
            let groups = judged.objective.pass.iter().chain(&judged.objective.warning);
            for criterion in groups.flat_map(|group| &group.criteria).filter_map(|written| written.parsed.ok()) {
                let baseline = judged.baseline.aggregate;
                if !criterion.is_relative() || baseline.is_some() {
                    let limit = criterion.limit(baseline.unwrap_or_default());
                    candidates.extend([limit, limit.next_up(), limit.next_down()]);
                }
            }
        }
        if self.from().is_none() {
            // Where nothing limits a missing value, any value is as good as this one.
            candidates.push(self.group[0].baseline.aggregate.unwrap_or_default());
        }
        candidates
    }

    fn change(&self, to: f64) -> Option<Change> {
        let (mut won, mut maximum) = (self.actual.won, self.actual.maximum);
        let mut key_failures = self.key_failures;
        for judged in self.group {
            let baseline = judged.baseline.aggregate;
            let changed = objective::points(judged.objective, to, baseline, self.slo.comparison.on_no_history);
            // Points are whole or half numbers: these sums are exact in any order.
            won += changed.counted - judged.points.counted;
            maximum += changed.maximum - judged.points.maximum;
            key_failures = key_failures + usize::from(changed.key_failure) - usize::from(judged.points.key_failure);
        }
        let outcome = total(won, maximum, key_failures > 0, &self.slo.total_score);
        let distance = match self.from() {
            None => f64::MAX,
            Some(from) => (to - from).abs() / from.abs().max(to.abs()).max(f64::MIN_POSITIVE),
        };
        to.is_finite().then_some(Change { to, outcome, distance })
    }

    /// The same change with a value that a person would write: 599 rather than 599.9999999999999.
    fn rounded(&self, change: Change) -> Change {
        let size = [change.to.abs(), self.from().unwrap_or_default().abs()].into_iter().find(|size| *size > 1e-300);
        let magnitude = size.map_or(0, |size| size.log10().floor() as i32);
        for decimals in (2 - magnitude..).take(8) {
            let step = 10f64.powi(-decimals);
            let near = (change.to / step).round() * step;
            for to in [near, near - step, near + step] {
                let to = tidy(to, decimals);
                if let Some(rounded) = self.change(to)
                    && rounded.outcome.result == change.outcome.result
                    && rounded.outcome.score == change.outcome.score
                {
                    return rounded;
                }
            }
        }
        change
    }
}

/// Cuts the digits that a product of doubles leaves behind.
fn tidy(value: f64, decimals: i32) -> f64 {
    match usize::try_from(decimals) {
        Ok(decimals) => format!("{value:.decimals$}").parse().unwrap_or(value),
        Err(_) => value.round(),
    }
}

/// `unlimited` tells that no criterion of the objective has a limit now.
fn describe(sli: &str, judged: &Judged<'_>, change: &Change, unlimited: bool) -> Counterfactual {
    let name = judged.objective.title();
    let from = judged.measured();
    let score = human(change.outcome.score);
    let consequence = match change.outcome.result {
        ResultKind::Pass => format!("would pass with {score}"),
        ResultKind::Warning => format!("would be a warning with {score}"),
        ResultKind::Fail => format!("would fail with {score}"),
    };
    let sentence = match from {
        Some(from) => {
            // A change smaller than what is usually shown is shown in full, or both numbers would look the same.
            let (shown_from, shown_to) = (human(from), human(change.to));
            if shown_from == shown_to {
                format!("{name} at {} instead of {from} {consequence}", change.to)
            } else {
                format!("{name} at {shown_to} instead of {shown_from} {consequence}")
            }
        }
        None if unlimited => format!("any value for {name} {consequence}"),
        None => format!("a value of {} for {name} {consequence}", human(change.to)),
    };
    Counterfactual {
        sli: sli.to_owned(),
        from,
        to: change.to,
        result: change.outcome.result,
        score: change.outcome.score,
        sentence,
    }
}
