//! What a service uses to do its work.

use super::catalog::Catalog;
use super::proposal::{Kind, Proposal, Unit};
use super::selector::Selector;

/// Something that is used, and the metrics that tell of it, the best first.
struct Resource {
    indicator: &'static str,
    title: &'static str,
    metrics: &'static [(&'static str, Shape)],
}

/// How a value comes of a metric.
#[derive(Debug, Clone, Copy)]
enum Shape {
    /// A counter of seconds, over all instances.
    Cores,
    /// A gauge of a share of the machine, the mean of all instances.
    Share,
    /// A gauge of bytes, the mean of all instances.
    Bytes,
    /// A gauge of bytes with a series for each pool; the label and its value that those of the heap have.
    Heap(&'static str, &'static str),
}

const RESOURCES: [Resource; 3] = [
    Resource {
        indicator: "cpu",
        title: "Processor time",
        metrics: &[
            ("process_cpu_seconds_total", Shape::Cores),
            ("container_cpu_usage_seconds_total", Shape::Cores),
            ("process_cpu_time_seconds_total", Shape::Cores),
            ("process_cpu_usage", Shape::Share),
        ],
    },
    Resource {
        indicator: "memory",
        title: "Memory of an instance",
        metrics: &[
            ("process_resident_memory_bytes", Shape::Bytes),
            ("container_memory_working_set_bytes", Shape::Bytes),
            ("process_memory_usage_bytes", Shape::Bytes),
        ],
    },
    Resource {
        indicator: "heap",
        title: "Heap of an instance",
        metrics: &[
            ("jvm_memory_used_bytes", Shape::Heap("area", "heap")),
            ("jvm_memory_used_bytes", Shape::Heap("jvm_memory_type", "heap")),
            ("jvm_memory_bytes_used", Shape::Heap("area", "heap")),
            ("go_memstats_heap_inuse_bytes", Shape::Bytes),
            ("nodejs_heap_size_used_bytes", Shape::Bytes),
        ],
    },
];

/// The indicators of what the service uses.
pub(super) fn resources(catalog: &Catalog<'_>, selector: &Selector) -> Vec<Proposal> {
    let mut proposals: Vec<_> = RESOURCES.iter().filter_map(|resource| resource.proposal(catalog, selector)).collect();
    // The heap is part of the memory: judged twice, one leak would count twice.
    if proposals.iter().any(|proposal| proposal.indicator == "memory") {
        for heap in proposals.iter_mut().filter(|proposal| proposal.indicator == "heap") {
            heap.kind = Kind::Information;
        }
    }
    proposals
}

impl Resource {
    fn proposal(&self, catalog: &Catalog<'_>, selector: &Selector) -> Option<Proposal> {
        let there = |(name, shape): &&(&str, Shape)| match shape {
            Shape::Heap(label, value) => catalog.values(name, label).any(|found| found == *value),
            _ => catalog.has(name),
        };
        let (name, shape) = self.metrics.iter().find(there)?;
        let mean = |selector: &Selector| format!("avg_over_time({})", selector.over_window(name));
        let (query, unit, about) = match shape {
            Shape::Cores => (
                format!("sum(rate({}))", selector.over_window(name)),
                Unit::Cores,
                "processors kept busy by all instances",
            ),
            Shape::Share => (format!("avg({})", mean(selector)), Unit::Share, "the mean of all instances"),
            Shape::Bytes => (format!("avg({})", mean(selector)), Unit::Bytes, "the mean of all instances"),
            Shape::Heap(label, value) => (
                format!("avg(sum by (instance) ({}))", mean(&selector.and_equal(label, value))),
                Unit::Bytes,
                "all pools of an instance, the mean of all instances",
            ),
        };
        Some(Proposal {
            indicator: self.indicator.to_owned(),
            title: self.title.to_owned(),
            query,
            kind: Kind::Resource,
            unit,
            about: format!("From {name}: {about}."),
        })
    }
}
