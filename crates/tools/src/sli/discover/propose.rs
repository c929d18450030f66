//! From series to indicators.

use super::catalog::{Catalog, MetricType, Series, Types};
use super::names::{REQUESTS, about_requests, time_unit};
use super::proposal::{Kind, Proposal, Scale, Unit};
use super::resources::resources;
use super::selector::Selector;
use super::status::Status;

/// Quantiles of a summary that can stand for its slow requests, the best first.
const SLOW: [f64; 6] = [0.95, 0.9, 0.99, 0.98, 0.999, 0.75];

/// How many names [`further`] lists.
const FURTHER: usize = 8;

/// The indicators that `series` can answer, in the order in which they are worth looking at; perhaps none.
///
/// `series` are those that `selector` selects; of a classic histogram the bucket `+Inf` is enough. At most one metric
/// each is chosen for latency, for errors and for the rate of requests, the one whose name speaks most clearly.
pub fn propose(series: &[Series], types: &Types, selector: &Selector) -> Vec<Proposal> {
    let catalog = Catalog::new(series, types);
    let mut proposals = Vec::new();
    let families = families(&catalog);
    if let Some(family) = families.iter().find(|family| family.score >= REQUESTS) {
        proposals.extend(family.latencies(&catalog, selector));
    }
    if let Some(counter) = counters(&catalog, &families).first() {
        proposals.extend(counter.error_rate(selector));
        proposals.push(counter.throughput(selector));
    }
    proposals.extend(resources(&catalog, selector));
    proposals
}

/// Names of metrics that measure times and that `proposals` do not use; at most eight.
pub fn further(series: &[Series], types: &Types, proposals: &[Proposal]) -> Vec<String> {
    let catalog = Catalog::new(series, types);
    let unused = |family: &Family<'_>| !proposals.iter().any(|proposal| proposal.query.contains(family.base));
    families(&catalog)
        .iter()
        .filter(|family| unused(family))
        .take(FURTHER)
        .map(|family| family.base.to_owned())
        .collect()
}

/// The metrics that one histogram or summary of times consists of.
#[derive(Debug)]
struct Family<'s> {
    /// Their names without `_bucket`, `_sum` and `_count`.
    base: &'s str,
    form: Form,
    unit: Unit,
    /// How much speaks for times of requests to the service.
    score: i32,
}

/// What a family can tell, the most first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    /// Any quantile, from counts by size.
    Classic,
    /// Any quantile, from one series of histograms.
    Native,
    /// The quantiles that the service reckons itself.
    Summary,
    /// The mean alone: sum and count.
    Mean,
}

/// The families of `catalog`, the best first.
fn families<'s>(catalog: &Catalog<'s>) -> Vec<Family<'s>> {
    let mut families: Vec<_> = catalog.names().filter_map(|name| family(name, catalog)).collect();
    // A mean hides what a quantile shows, so a name that speaks a little less clearly may have the better numbers.
    let key = |family: &Family<'s>| {
        let suits = family.score >= REQUESTS;
        (!suits, family.form == Form::Mean, -family.score, family.form, family.base.len(), family.base)
    };
    families.sort_by_key(key);
    families
}

/// The family that the metric `name` stands for: one of its metrics does.
fn family<'s>(name: &'s str, catalog: &Catalog<'s>) -> Option<Family<'s>> {
    let has = |base: &str, suffix: &str| catalog.has(&format!("{base}{suffix}"));
    let (base, form) = if let Some(base) = name.strip_suffix("_bucket") {
        (base, catalog.has_label(name, "le").then_some(Form::Classic)?)
    } else if catalog.kind(name) == Some(MetricType::Histogram) && !has(name, "_bucket") {
        (name, Form::Native)
    } else if catalog.values(name, "quantile").any(|quantile| slow(quantile).is_some()) {
        (name, Form::Summary)
    } else {
        let base = name.strip_suffix("_count").filter(|base| has(base, "_sum") && !has(base, "_bucket"))?;
        let quantiles = catalog.values(base, "quantile").any(|quantile| slow(quantile).is_some());
        (base, (!quantiles).then_some(Form::Mean)?)
    };
    Some(Family { base, form, unit: time_unit(base)?, score: about_requests(base) })
}

/// The place of a quantile among [`SLOW`].
fn slow(quantile: &str) -> Option<usize> {
    let quantile: f64 = quantile.parse().ok()?;
    SLOW.iter().position(|slow| *slow == quantile)
}

impl Family<'_> {
    fn latencies(&self, catalog: &Catalog<'_>, selector: &Selector) -> Vec<Proposal> {
        let base = self.base;
        let rate = |suffix: &str| format!("rate({})", selector.over_window(&format!("{base}{suffix}")));
        match self.form {
            Form::Classic | Form::Native => [0.95, 0.5]
                .map(|quantile| {
                    let counts = match self.form {
                        Form::Classic => format!("sum by (le) ({})", rate("_bucket")),
                        _ => format!("sum({})", rate("")),
                    };
                    let query = format!("histogram_quantile({quantile}, {counts})");
                    self.quantile(quantile, query, format!("Estimated from the histogram {base}."))
                })
                .into(),
            Form::Summary => {
                let all = || catalog.values(base, "quantile");
                let slow = all().filter_map(|text| Some((slow(text)?, text))).min().map(|(_, text)| text);
                let median = all().find(|text| text.parse() == Ok(0.5));
                let proposal = |text: &str| {
                    let quantile = text.parse().ok()?;
                    // The quantiles of several series cannot be made into one of all requests.
                    let query =
                        format!("max(max_over_time({}))", selector.and_equal("quantile", text).over_window(base));
                    let about = format!("Reckoned by the service itself, in {base}; the worst of all its series.");
                    Some(self.quantile(quantile, query, about))
                };
                slow.into_iter().chain(median).filter_map(proposal).collect()
            }
            Form::Mean => vec![Proposal {
                indicator: "response_time_avg".to_owned(),
                title: "Response time, mean".to_owned(),
                query: format!("sum({}) / sum({})", rate("_sum"), rate("_count")),
                kind: Kind::Latency,
                unit: self.unit,
                about: format!("{base} has no buckets, so there are no percentiles. A mean hides the slow requests."),
            }],
        }
    }

    /// A quantile, from 0 to 1.
    fn quantile(&self, quantile: f64, query: String, about: String) -> Proposal {
        // 0.999 as a float times 100 is a little off.
        let rank = (quantile * 100_000.0).round() / 1000.0;
        let title = if rank == 50.0 {
            "Response time, median".to_owned()
        } else {
            format!("Response time, {rank}th percentile")
        };
        let kind = if rank == 50.0 { Kind::Median } else { Kind::Latency };
        let indicator = format!("response_time_p{rank}").replace('.', "_");
        Proposal { indicator, title, query, kind, unit: self.unit, about }
    }
}

/// A metric that counts requests.
#[derive(Debug)]
struct Counter<'s> {
    name: String,
    /// Whether each sample is a histogram, which knows the number of its observations.
    native: bool,
    status: Option<Status>,
    score: i32,
    base: &'s str,
}

/// The metrics that count requests to the service, the best first.
fn counters<'s>(catalog: &Catalog<'s>, families: &[Family<'s>]) -> Vec<Counter<'s>> {
    let counts = |name: &&str| {
        let kind = catalog.kind(name);
        let counter = kind == Some(MetricType::Counter) || (kind.is_none() && name.ends_with("_total"));
        counter && time_unit(name).is_none() && !name.contains("_bytes")
    };
    let mut counters: Vec<_> = catalog
        .names()
        .filter(counts)
        .map(|name| (name, name.to_owned(), false))
        .chain(families.iter().filter_map(|family| {
            let native = family.form == Form::Native;
            let name = if native { family.base.to_owned() } else { format!("{}_count", family.base) };
            catalog.has(&name).then_some((family.base, name, native))
        }))
        .map(|(base, name, native)| Counter {
            status: Status::of(&name, catalog),
            score: about_requests(base),
            name,
            native,
            base,
        })
        .filter(|counter| counter.score >= REQUESTS)
        .collect();
    counters.sort_by_key(|counter| {
        (counter.status.is_none(), -counter.score, counter.native, counter.base.len(), counter.base)
    });
    counters
}

impl Counter<'_> {
    /// Requests per second.
    fn rate(&self, selector: &Selector) -> String {
        let rate = format!("sum(rate({}))", selector.over_window(&self.name));
        if self.native { format!("histogram_count({rate})") } else { rate }
    }

    fn error_rate(&self, selector: &Selector) -> Option<Proposal> {
        let status = self.status.as_ref()?;
        // Without failed requests there is no series of them: that is 0 and not "no data".
        let failed = format!("({} or vector(0))", self.rate(&status.failed(selector)));
        Some(Proposal {
            indicator: "error_rate".to_owned(),
            title: "Failed requests".to_owned(),
            query: format!("100 * {failed} / {}", self.rate(selector)),
            kind: Kind::ErrorRate(Scale::Percent),
            unit: Unit::Percent,
            about: format!("Of all requests in {}, the {}.", self.name, status.words),
        })
    }

    fn throughput(&self, selector: &Selector) -> Proposal {
        Proposal {
            indicator: "throughput".to_owned(),
            title: "Requests".to_owned(),
            query: self.rate(selector),
            kind: Kind::Information,
            unit: Unit::PerSecond,
            about: format!("Counted by {}.", self.name),
        }
    }
}

#[cfg(test)]
#[path = "propose_tests.rs"]
mod tests;
