//! The points of one metric.

use std::collections::{BTreeMap, BTreeSet};

use super::stat::Stat;
use crate::sli::file::stats::Aggregate;

/// What k6 makes of the points of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Rate,
    Trend,
    /// The file does not tell.
    #[default]
    Unknown,
}

impl Kind {
    pub(super) fn named(word: &str) -> Self {
        match word {
            "counter" => Self::Counter,
            "gauge" => Self::Gauge,
            "rate" => Self::Rate,
            "trend" => Self::Trend,
            _ => Self::Unknown,
        }
    }

    /// Names of the statistics that there are.
    pub(super) fn stats(self) -> &'static [&'static str] {
        match self {
            Self::Counter => &["count", "rate"],
            Self::Gauge => &["value", "avg", "min", "med", "max", "p(95)"],
            Self::Rate => &["rate", "passes", "fails"],
            Self::Trend => &["avg", "min", "med", "max", "p(95)", "count"],
            Self::Unknown => &["avg", "min", "med", "max", "p(95)"],
        }
    }

    /// Whether `count` is one of them.
    pub(super) fn counts(self) -> bool {
        matches!(self, Self::Counter | Self::Trend)
    }

    /// `stat` of `values`, which are not empty, of a run of so many seconds. `None` where there is no such statistic.
    pub(super) fn compute(self, stat: &Stat, values: Vec<f64>, seconds: f64) -> Option<f64> {
        let count = values.len() as f64;
        let passes = || values.iter().filter(|value| **value != 0.0).count() as f64;
        let name = match stat {
            Stat::Named(name) => name.as_str(),
            Stat::Percentile(_) => "p(95)", // all of them stand and fall together
            Stat::Threshold(_) | Stat::Thresholds(_) => return None,
        };
        if !self.stats().contains(&name) {
            return None;
        }
        match (self, name) {
            (Self::Counter, "count") => Some(values.iter().sum()),
            (Self::Counter, "rate") => Some(values.iter().sum::<f64>() / seconds),
            (Self::Rate, "rate") => Some(passes() / count),
            (Self::Rate, "passes") => Some(passes()),
            (Self::Rate, "fails") => Some(count - passes()),
            (_, "value") => values.last().copied(),
            (_, "med") => Aggregate::Percentile(50.0).of(values),
            _ => match stat {
                Stat::Percentile(rank) => Aggregate::Percentile(*rank).of(values),
                _ => Aggregate::named(name)?.of(values),
            },
        }
    }
}

/// The points of one metric, in the order of the file.
#[derive(Debug, Default)]
pub(super) struct Series {
    pub(super) kind: Kind,
    pub(super) values: Vec<f64>,
    /// Number of the tags of each.
    pub(super) tags: Vec<u32>,
}

/// All sets of tags, by number. Many points share one.
#[derive(Debug, Default)]
pub(super) struct TagSets(pub(super) Vec<BTreeMap<String, String>>);

impl TagSets {
    /// The value of a tag in the set with this number; empty where it has none.
    pub(super) fn value(&self, number: u32, tag: &str) -> &str {
        self.0.get(number as usize).and_then(|set| set.get(tag)).map_or("", String::as_str)
    }

    /// The values that a tag has in the sets with these numbers.
    pub(super) fn values<'a>(&'a self, tag: &str, numbers: &BTreeSet<u32>) -> BTreeSet<&'a str> {
        let sets = numbers.iter().filter_map(|number| self.0.get(*number as usize));
        sets.filter_map(|set| set.get(tag)).map(String::as_str).collect()
    }
}
