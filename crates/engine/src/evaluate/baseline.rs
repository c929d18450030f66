//! What earlier values of one indicator aggregate to (contract: gate.md 2.5).

use std::collections::HashMap;

use capstan_model::slo::Aggregate;

use super::history::PastEvaluation;

/// Earlier values of one indicator.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Baseline<'h> {
    /// Id of the evaluation and value, newest first.
    pub(super) values: Vec<(&'h str, f64)>,
    /// What they aggregate to; none without values.
    pub(super) aggregate: Option<f64>,
}

/// The baselines of all indicators that the evaluations hold.
pub(super) fn baselines<'h>(evaluations: &[&'h PastEvaluation], function: Aggregate) -> HashMap<&'h str, Baseline<'h>> {
    let mut baselines: HashMap<&str, Baseline<'_>> = HashMap::new();
    for evaluation in evaluations {
        for value in evaluation.indicators.iter().map(|indicator| &indicator.value).filter(|value| value.success) {
            baselines.entry(&value.metric).or_default().values.push((&evaluation.id, value.value));
        }
    }
    for baseline in baselines.values_mut() {
        baseline.aggregate = aggregate(function, baseline.values.iter().map(|(_, value)| *value).collect());
    }
    baselines
}

fn aggregate(function: Aggregate, values: Vec<f64>) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    Some(match function {
        // From +0.0 on, as v1 adds; `sum` would begin with -0.0.
        Aggregate::Average => values.iter().fold(0.0, |sum, value| sum + value) / values.len() as f64,
        Aggregate::P50 => percentile(values, 0.5),
        Aggregate::P90 => percentile(values, 0.9),
        Aggregate::P95 => percentile(values, 0.95),
    })
}

/// The percentile at position p·(n+1), interpolated; at the ends the smallest or largest value. `values` is not empty.
fn percentile(mut values: Vec<f64>, p: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let position = p * (values.len() + 1) as f64;
    if position < 1.0 {
        values[0]
    } else if position >= values.len() as f64 {
        values[values.len() - 1]
    } else {
        let (lower, upper) = (values[position as usize - 1], values[position as usize]);
        lower + (position - position.floor()) * (upper - lower)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_aggregate_lies_between_the_extremes(values in prop::collection::vec(-1e6..1e6f64, 1..40), at in 0..4usize) {
            let (_, function) = Aggregate::NAMES[at];
            let result = aggregate(function, values.clone()).unwrap();
            let slack = 1e-9 * values.iter().fold(1.0f64, |most, value| most.max(value.abs()));
            prop_assert!(values.iter().any(|value| *value <= result + slack));
            prop_assert!(values.iter().any(|value| *value >= result - slack));
        }
    }
}
