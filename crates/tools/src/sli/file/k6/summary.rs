//! Summaries of a run.

use std::collections::{BTreeMap, BTreeSet};

use capstan_model::event::sli::MissingReason;
use serde_json::{Map, Value};

use super::stat::{Stat, Verdict};
use crate::sli::file::error::Trouble;
use crate::sli::file::query::{Expression, Matcher, Operator};
use crate::sli::file::wording::{listed, quoted, unknown};
use crate::sli::{Failure, FileFormat};

/// A summary, as `--summary-export` or `handleSummary` write it.
#[derive(Debug)]
pub(crate) struct Summary {
    metrics: Vec<Metric>,
}

#[derive(Debug)]
struct Metric {
    /// As the file has it, tags included: `http_req_duration{status:200}`.
    name: String,
    /// The name without tags.
    base: String,
    tags: BTreeMap<String, String>,
    stats: Vec<(Stat, f64)>,
    /// Thresholds, and whether they held.
    thresholds: Vec<(String, bool)>,
}

impl Summary {
    /// Takes the metrics from `document`.
    pub(super) fn new(document: &Value) -> Result<Self, Trouble> {
        let metrics: Option<Vec<_>> = if let Some(metrics) = document.get("metrics").and_then(Value::as_object) {
            metrics.iter().map(|(name, metric)| Metric::new(name, metric)).collect()
        } else {
            // The shape of `--new-machine-readable-summary`.
            let lists = ["/results/metrics", "/results/checks/metrics"].map(|path| document.pointer(path));
            let lists: Vec<_> = lists.into_iter().filter_map(|list| list?.as_array()).collect();
            let entries = lists.iter().copied().flatten();
            let metrics = entries.map(|metric| Metric::new(metric.get("name")?.as_str()?, metric)).collect();
            if lists.is_empty() { None } else { metrics }
        };
        metrics.map(|metrics| Self { metrics }).ok_or_else(|| Trouble::Wrong {
            found: "JSON without the metrics of a k6 run".to_owned(),
            looks_like: Some(FileFormat::Json),
        })
    }

    /// `stat` of the metric that `expression` begins with.
    pub(super) fn value(&self, expression: &Expression, stat: &Stat) -> Result<f64, Failure> {
        let metric = self.metric(expression)?;
        match stat {
            Stat::Thresholds(verdict) => count(&metric.thresholds, *verdict, &quoted(&metric.name)),
            Stat::Threshold(threshold) => metric.threshold(threshold),
            stat => metric.stat(stat),
        }
    }

    /// How many thresholds of all metrics are as `verdict` says.
    pub(super) fn thresholds(&self, verdict: Verdict) -> Result<f64, Failure> {
        let all: Vec<_> = self.metrics.iter().flat_map(|metric| metric.thresholds.clone()).collect();
        count(&all, verdict, "the file")
    }

    /// Names of the statistics of the metric that `expression` begins with.
    pub(super) fn stats(&self, expression: &Expression) -> Result<Vec<String>, Failure> {
        Ok(self.metric(expression)?.names())
    }

    fn metric(&self, expression: &Expression) -> Result<&Metric, Failure> {
        let base = &expression.head.word;
        let alike: Vec<_> = self.metrics.iter().filter(|metric| metric.base == *base).collect();
        if alike.is_empty() {
            let names: BTreeSet<_> = self.metrics.iter().map(|metric| metric.base.as_str()).collect();
            let names: Vec<_> = names.into_iter().collect();
            return Err(Failure::new(MissingReason::NoData, unknown("metric", base, &names)));
        }
        let tags = tags(&expression.matchers).ok_or_else(|| {
            let message = "a summary holds no samples to filter: name the tags as k6 does, {TAG:VALUE}, or use the \
                           points that k6 writes with --out json";
            Failure::new(MissingReason::QueryError, message)
        })?;
        alike.iter().find(|metric| metric.tags == tags).copied().ok_or_else(|| {
            let there = listed(alike.iter().map(|metric| metric.name.as_str()));
            let message = format!(
                "{} is not in the summary with these tags, only {there}: k6 sums up the tags for which the script sets a threshold",
                quoted(base)
            );
            Failure::new(MissingReason::NoData, message)
        })
    }
}

impl Metric {
    /// `None` where `metric` is not of the form of one.
    fn new(name: &str, metric: &Value) -> Option<Self> {
        let object = metric.as_object()?;
        let (base, tags) = parts(name);
        let values = object.get("values").map_or(Some(object), Value::as_object)?;
        let thresholds = object.get("thresholds").and_then(Value::as_object);
        let thresholds = thresholds.into_iter().flatten().filter_map(|(text, verdict)| {
            let held = match verdict {
                Value::Bool(crossed) => !crossed, // `--summary-export` tells whether the threshold was crossed
                verdict => verdict.get("ok")?.as_bool()?,
            };
            Some((text.clone(), held))
        });
        let thresholds = thresholds.collect();
        Some(Self { name: name.to_owned(), base, tags, stats: stats(values), thresholds })
    }

    /// 1 if the threshold held, 0 if not.
    fn threshold(&self, threshold: &str) -> Result<f64, Failure> {
        let found = self.thresholds.iter().find(|(text, _)| text == threshold);
        found.map(|(_, held)| f64::from(u8::from(*held))).ok_or_else(|| {
            let there: Vec<_> = self.thresholds.iter().map(|(text, _)| text.as_str()).collect();
            let message = format!("{} has {}", quoted(&self.name), unknown("threshold", threshold, &there));
            Failure::new(MissingReason::NoData, message)
        })
    }

    fn stat(&self, stat: &Stat) -> Result<f64, Failure> {
        let found = self.stats.iter().find(|(known, _)| known == stat);
        found.map(|(_, value)| *value).ok_or_else(|| {
            let names = self.names();
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            let help = match stat {
                Stat::Percentile(_) => ": have k6 compute it with --summary-trend-stats",
                _ => "",
            };
            let unknown = unknown("statistic", &stat.to_string(), &names);
            let message = format!("{} has {unknown}{help}", quoted(&self.name));
            Failure::new(MissingReason::QueryError, message)
        })
    }

    fn names(&self) -> Vec<String> {
        self.stats.iter().map(|(stat, _)| stat.to_string()).collect()
    }
}

/// The numbers among `values`, by the names that they have in most forms of the summary.
fn stats(values: &Map<String, Value>) -> Vec<(Stat, f64)> {
    let get = |name: &str| values.get(name).and_then(Value::as_f64);
    let mut stats: Vec<_> =
        values.iter().filter_map(|(name, value)| Some((Stat::named(name), value.as_f64()?))).collect();
    // A rate is called `value` by `--summary-export`; gauges are called so too, but have no passes.
    let rate = get("value").filter(|_| get("passes").is_some() && get("rate").is_none());
    let (passes, total) = (get("matches"), get("total"));
    let fails = passes.zip(total).map(|(passes, total)| total - passes);
    let others = [("rate", rate), ("passes", passes), ("fails", fails)];
    stats.extend(others.into_iter().filter_map(|(name, value)| Some((Stat::named(name), value?))));
    stats
}

/// Name and tags of a metric, from `http_req_duration{status:200}`.
fn parts(name: &str) -> (String, BTreeMap<String, String>) {
    if let Ok(Expression { head, matchers, stat: None }) = name.parse::<Expression>()
        && head.argument.is_none()
        && let Some(tags) = tags(&matchers)
    {
        return (head.word, tags);
    }
    (name.to_owned(), BTreeMap::new())
}

/// What the tags must be. `None` where that is not said with `=` or `:`.
fn tags(matchers: &[Matcher]) -> Option<BTreeMap<String, String>> {
    let tag = |matcher: &Matcher| {
        (matcher.operator == Operator::Equal).then(|| (matcher.label.clone(), matcher.value.clone()))
    };
    matchers.iter().map(tag).collect()
}

fn count(thresholds: &[(String, bool)], verdict: Verdict, place: &str) -> Result<f64, Failure> {
    if thresholds.is_empty() {
        let message = format!("{place} holds no thresholds with their results");
        return Err(Failure::new(MissingReason::NoData, message));
    }
    Ok(thresholds.iter().filter(|(_, held)| *held == (verdict == Verdict::Passed)).count() as f64)
}
