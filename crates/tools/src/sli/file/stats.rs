//! What is computed from many values.

use capstan_model::event::sli::MissingReason;

use crate::sli::Failure;

/// A function that makes one value of many.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Aggregate {
    /// `avg`, the arithmetic mean
    Average,
    /// `min`
    Minimum,
    /// `max`
    Maximum,
    /// `sum`
    Sum,
    /// `count`, how many there are
    Count,
    /// `p95`, `p99.9`: the percentile of a rank from 0 to 100
    Percentile(f64),
}

impl Aggregate {
    /// The words for them, with two percentiles to stand for the others.
    pub(crate) const WORDS: [&'static str; 7] = ["avg", "min", "max", "sum", "count", "p95", "p99.9"];

    /// The function called `word`.
    pub(crate) fn named(word: &str) -> Option<Self> {
        match word {
            "avg" => Some(Self::Average),
            "min" => Some(Self::Minimum),
            "max" => Some(Self::Maximum),
            "sum" => Some(Self::Sum),
            "count" => Some(Self::Count),
            _ => rank(word.strip_prefix('p')?).map(Self::Percentile),
        }
    }

    /// The value made of `values`, which are finite; their order does not matter. `None` where there are none.
    pub(crate) fn of(self, values: Vec<f64>) -> Option<f64> {
        if values.is_empty() {
            return None;
        }
        let count = values.len() as f64;
        match self {
            Self::Average => Some(values.iter().sum::<f64>() / count),
            Self::Minimum => values.into_iter().reduce(f64::min),
            Self::Maximum => values.into_iter().reduce(f64::max),
            Self::Sum => Some(values.iter().sum()),
            Self::Count => Some(count),
            Self::Percentile(rank) => percentile(values, rank),
        }
    }
}

/// The rank of a percentile, from 0 to 100, written in digits with at most one dot between them.
pub(crate) fn rank(text: &str) -> Option<f64> {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let rank = if digits(whole) && digits(part) { text.parse().ok() } else { None };
    rank.filter(|rank| *rank <= 100.0)
}

/// Interpolates linearly between the two values closest to the position `rank / 100 * (n - 1)` in their order.
fn percentile(mut values: Vec<f64>, rank: f64) -> Option<f64> {
    let position = rank / 100.0 * (values.len().checked_sub(1)? as f64);
    let below = (position as usize).min(values.len() - 1);
    let (_, low, above) = values.select_nth_unstable_by(below, f64::total_cmp);
    let low = *low;
    let high = above.iter().copied().reduce(f64::min).unwrap_or(low);
    Some(low + (high - low) * (position - below as f64))
}

/// `value`, if it is a number to judge by.
pub(crate) fn finite(value: f64) -> Result<f64, Failure> {
    if value.is_finite() {
        Ok(value)
    } else {
        Err(Failure::new(MissingReason::NotFinite, format!("the value is {value}, which is no finite number")))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn percentiles_computed_by_hand() {
        let values = || vec![40.0, 15.0, 50.0, 20.0, 35.0];
        for (rank, expected) in [
            (0.0, 15.0),
            (25.0, 20.0),
            (40.0, 29.0), // position 1.6 between 20 and 35
            (50.0, 35.0),
            (90.0, 46.0), // position 3.6 between 40 and 50
            (100.0, 50.0),
        ] {
            let value = percentile(values(), rank).unwrap();
            assert!((value - expected).abs() < 1e-12, "p{rank} is {value}");
        }
        assert_eq!(percentile(vec![7.0], 99.9), Some(7.0));
        assert_eq!(percentile(vec![1.0, 2.0], 50.0), Some(1.5));
        assert_eq!(percentile(Vec::new(), 50.0), None);
    }

    #[test]
    fn the_other_functions() {
        let values = || vec![3.0, -1.0, 4.0];
        for (word, expected) in [("avg", 2.0), ("min", -1.0), ("max", 4.0), ("sum", 6.0), ("count", 3.0)] {
            assert_eq!(Aggregate::named(word).unwrap().of(values()), Some(expected), "{word}");
            assert_eq!(Aggregate::named(word).unwrap().of(Vec::new()), None, "{word}");
        }
    }

    #[test]
    fn ranks_are_plain_numbers_up_to_a_hundred() {
        for (word, rank) in [("p0", 0.0), ("p95", 95.0), ("p99.99", 99.99), ("p100", 100.0), ("p050", 50.0)] {
            assert_eq!(Aggregate::named(word), Some(Aggregate::Percentile(rank)), "{word}");
        }
        for word in ["p", "p100.1", "p-1", "p1e1", "p99.", "p.9", "pinf", "pNaN", "P95", "95", "p9_5", "median", ""] {
            assert_eq!(Aggregate::named(word), None, "{word}");
        }
    }

    proptest! {
        #[test]
        fn percentiles_lie_within_the_values_and_rise(
            values in proptest::collection::vec(-1e9..1e9, 1..50),
            low in 0.0..=100.0,
            high in 0.0..=100.0,
        ) {
            let (low, high) = if low <= high { (low, high) } else { (high, low) };
            let of = |function: Aggregate| function.of(values.clone()).unwrap();
            let (lower, higher) = (of(Aggregate::Percentile(low)), of(Aggregate::Percentile(high)));
            prop_assert!(lower <= higher + 1e-6);
            prop_assert!(of(Aggregate::Minimum) <= lower && higher <= of(Aggregate::Maximum) + 1e-6);
        }
    }
}
