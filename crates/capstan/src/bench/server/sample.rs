//! What one repetition has come to.

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::latency::Latencies;

/// Figures by their name, in the order in which they are shown, and how long things took.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Sample {
    pub(super) figures: Figures,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) histogram_us: Option<Latencies>,
}

/// Values by name; the name ends in the unit where there is one.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Figures(pub(super) Vec<(&'static str, f64)>);

impl Serialize for Figures {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// How many a second.
pub(super) const RATE: &str = "per_second";
/// The middle time, and those that one in a hundred and one in a thousand exceed.
pub(super) const P50: &str = "p50_ms";
pub(super) const P99: &str = "p99_ms";
pub(super) const P999: &str = "p99.9_ms";

impl Sample {
    /// Of so many things in so many seconds.
    pub(super) fn of_rate(count: u64, seconds: f64, latencies: Latencies) -> Self {
        Self::of_times(latencies).and(RATE, Some(count as f64 / seconds).filter(|rate| rate.is_finite()))
    }

    /// Of how long things took.
    pub(super) fn of_times(latencies: Latencies) -> Self {
        let sample = Self::default()
            .and(P50, latencies.quantile_ms(0.5))
            .and(P99, latencies.quantile_ms(0.99))
            .and(P999, latencies.quantile_ms(0.999));
        Self { histogram_us: Some(latencies), ..sample }
    }

    /// With one figure more, where there is one.
    pub(super) fn and(mut self, name: &'static str, value: Option<f64>) -> Self {
        self.figures.0.extend(value.map(|value| (name, value)));
        self
    }

    /// A figure by its name.
    pub(super) fn get(&self, name: &str) -> Option<f64> {
        self.figures.0.iter().find_map(|(known, value)| (*known == name).then_some(*value))
    }
}
