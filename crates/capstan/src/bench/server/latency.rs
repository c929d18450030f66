//! How long each of many requests took.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Serialize, Serializer};

/// Two digits from a microsecond to an hour.
const DIGITS: u8 = 2;
const LONGEST: u64 = 3_600_000_000;

/// A histogram of times.
#[derive(Debug, Clone)]
pub(super) struct Latencies(Option<Histogram<u64>>);

impl Latencies {
    pub(super) fn new() -> Self {
        // The bounds are right, so there always is one.
        Self(Histogram::new_with_bounds(1, LONGEST, DIGITS).ok())
    }

    pub(super) fn record(&mut self, took: Duration) {
        if let Some(histogram) = &mut self.0 {
            histogram.saturating_record(u64::try_from(took.as_micros()).unwrap_or(LONGEST).max(1));
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.0.as_ref().map_or(0, Histogram::len)
    }

    /// The time that `share` of all (from 0 to 1) took at most, in milliseconds; none of no times.
    pub(super) fn quantile_ms(&self, share: f64) -> Option<f64> {
        let histogram = self.0.as_ref().filter(|histogram| !histogram.is_empty())?;
        Some(histogram.value_at_quantile(share) as f64 / 1_000.0)
    }
}

/// `[[microseconds, count], ...]`: how many took at most so long and longer than the entry before.
impl Serialize for Latencies {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let buckets = self.0.iter().flat_map(Histogram::iter_recorded);
        serializer.collect_seq(buckets.map(|bucket| (bucket.value_iterated_to(), bucket.count_since_last_iteration())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_a_hundredth() {
        let mut latencies = Latencies::new();
        assert_eq!((latencies.count(), latencies.quantile_ms(0.5)), (0, None));
        for millis in 1..=1_000 {
            latencies.record(Duration::from_millis(millis));
        }
        assert_eq!(latencies.count(), 1_000);
        for (share, expected) in [(0.5, 500.0), (0.99, 990.0), (0.999, 999.0), (1.0, 1_000.0)] {
            let seen = latencies.quantile_ms(share).unwrap();
            assert!((seen / expected - 1.0).abs() < 0.01, "{share}: {seen}");
        }
    }

    #[test]
    fn a_histogram_tells_what_is_in_it() {
        let mut latencies = Latencies::new();
        for micros in [0, 7, 7, 90] {
            latencies.record(Duration::from_micros(micros));
        }
        latencies.record(Duration::from_secs(1_000_000));
        let buckets: Vec<(u64, u64)> = serde_json::from_value(serde_json::to_value(&latencies).unwrap()).unwrap();
        assert_eq!(buckets[..3], [(1, 1), (7, 2), (90, 1)]);
        assert_eq!((buckets.len(), buckets[3].1), (4, 1));
    }
}
