//! The metrics of a service, sorted by name.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// One series: its labels, with the name of the metric as the label `__name__`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Series(pub BTreeMap<String, String>);

impl Series {
    /// Name of the metric; empty where it has none.
    pub fn name(&self) -> &str {
        self.label("__name__")
    }

    /// The value of a label; one that is not there is empty.
    pub fn label(&self, name: &str) -> &str {
        self.0.get(name).map(String::as_str).unwrap_or_default()
    }
}

/// What kind of numbers a metric has, as its target says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricType {
    /// Counts up.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts observations by their size.
    Histogram,
    /// Has quantiles of observations.
    Summary,
}

/// Types of metrics by name; empty where the server does not tell.
pub type Types = BTreeMap<String, MetricType>;

/// The metrics of a service by name, each with the values of its labels.
#[derive(Debug)]
pub(super) struct Catalog<'s> {
    metrics: BTreeMap<&'s str, Labels<'s>>,
    types: &'s Types,
}

/// Values of labels, by the label's name.
pub(super) type Labels<'s> = BTreeMap<&'s str, BTreeSet<&'s str>>;

impl<'s> Catalog<'s> {
    /// Sorts `series`.
    pub(super) fn new(series: &'s [Series], types: &'s Types) -> Self {
        let mut metrics: BTreeMap<&str, Labels<'_>> = BTreeMap::new();
        for one in series {
            let labels = metrics.entry(one.name()).or_default();
            for (label, value) in &one.0 {
                labels.entry(label).or_default().insert(value);
            }
        }
        Self { metrics, types }
    }

    /// Names of all metrics, in their order.
    pub(super) fn names(&self) -> impl Iterator<Item = &'s str> {
        self.metrics.keys().copied()
    }

    /// Whether there is a metric called `name`.
    pub(super) fn has(&self, name: &str) -> bool {
        self.metrics.contains_key(name)
    }

    /// Whether the metric `name` has a label `label`, in one series at least.
    pub(super) fn has_label(&self, name: &str, label: &str) -> bool {
        self.values(name, label).next().is_some()
    }

    /// Values that the label `label` has in the metric `name`.
    pub(super) fn values(&self, name: &str, label: &str) -> impl Iterator<Item = &'s str> {
        self.metrics.get(name).and_then(|labels| labels.get(label)).into_iter().flatten().copied()
    }

    /// The type of the metric `name`, where it is known.
    pub(super) fn kind(&self, name: &str) -> Option<MetricType> {
        self.types.get(name).copied()
    }
}
