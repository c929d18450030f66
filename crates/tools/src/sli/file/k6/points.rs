//! Points: one line of JSON for each measurement.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::BufRead;

use capstan_model::event::sli::MissingReason;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::series::{Kind, Series, TagSets};
use super::stat::Stat;
use crate::sli::Failure;
use crate::sli::file::error::Trouble;
use crate::sli::file::filter::Filter;
use crate::sli::file::lines::{append_line, without_end};
use crate::sli::file::query::Expression;
use crate::sli::file::wording::{quoted, unknown};

/// Tags that tell how a request turned out, not which one it is.
const OUTCOMES: [&str; 4] = ["status", "error", "error_code", "expected_response"];

/// The points of a run.
#[derive(Debug, Default)]
pub(crate) struct Points {
    metrics: BTreeMap<String, Series>,
    tags: TagSets,
    /// Times of the earliest and the latest point of any metric.
    span: Option<(Timestamp, Timestamp)>,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(rename = "type", borrow)]
    of: Cow<'a, str>,
    #[serde(borrow)]
    metric: Cow<'a, str>,
    #[serde(borrow)]
    data: Data<'a>,
}

/// What lines that describe a metric and lines with a point of it have.
#[derive(Deserialize)]
struct Data<'a> {
    /// Kind of the metric.
    #[serde(rename = "type", borrow, default)]
    kind: Option<Cow<'a, str>>,
    /// Time of the point.
    #[serde(borrow, default)]
    time: Option<Cow<'a, str>>,
    #[serde(default)]
    value: Option<f64>,
    #[serde(borrow, default)]
    tags: Option<&'a RawValue>,
}

impl Points {
    /// Whether `line` is one of points.
    pub(super) fn begin_with(line: &[u8]) -> bool {
        serde_json::from_slice::<Line<'_>>(line.trim_ascii()).is_ok()
    }

    /// Reads points to their end.
    pub(super) fn read(mut reader: impl BufRead) -> Result<Self, Trouble> {
        let mut points = Self::default();
        let mut numbers = HashMap::new();
        let mut buffer = Vec::new();
        let mut number = 0;
        loop {
            number += 1;
            buffer.clear();
            if !append_line(&mut reader, number, &mut buffer)? {
                return Ok(points);
            }
            let line = without_end(&buffer);
            if !line.trim_ascii().is_empty() {
                points.add(line, &mut numbers).map_err(|problem| Trouble::at(number, problem))?;
            }
        }
    }

    /// `numbers` are those of the sets of tags, by their JSON.
    fn add(&mut self, line: &[u8], numbers: &mut HashMap<Box<str>, u32>) -> Result<(), String> {
        let Line { of, metric, data } = serde_json::from_slice(line).map_err(|error| {
            let help = if error.is_eof() { ": k6 was stopped, or still writes" } else { "" };
            format!("no line of k6: {error}{help}").replace(" at line 1 column", ", column")
        })?;
        match of.as_ref() {
            "Metric" => {
                let kind = Kind::named(data.kind.as_deref().unwrap_or_default());
                self.series(&metric).kind = kind;
                Ok(())
            }
            "Point" => {
                let value = data.value.ok_or("a point without 'value'")?;
                let time: Timestamp = match data.time.as_deref().map(str::parse) {
                    Some(Ok(time)) => time,
                    Some(Err(error)) => return Err(format!("the time of a point does not parse: {error}")),
                    None => return Err("a point without 'time'".to_owned()),
                };
                let (first, last) = self.span.unwrap_or((time, time));
                self.span = Some((first.min(time), last.max(time)));
                let tags = self.tag_set(data.tags.map_or("{}", RawValue::get), numbers)?;
                let series = self.series(&metric);
                series.values.push(value);
                series.tags.push(tags);
                Ok(())
            }
            other => Err(format!("a line of the unknown type {}", quoted(other))),
        }
    }

    fn series(&mut self, metric: &str) -> &mut Series {
        self.metrics.entry(metric.to_owned()).or_default()
    }

    /// Number of the tags in `json`.
    fn tag_set(&mut self, json: &str, numbers: &mut HashMap<Box<str>, u32>) -> Result<u32, String> {
        if let Some(number) = numbers.get(json) {
            return Ok(*number);
        }
        let number = u32::try_from(self.tags.0.len()).map_err(|_| "too many different sets of tags".to_owned())?;
        let tags =
            serde_json::from_str(json).map_err(|error| format!("tags of a point are no texts by name: {error}"))?;
        self.tags.0.push(tags);
        numbers.insert(json.into(), number);
        Ok(number)
    }

    /// `stat` of the points that pass the filter of `expression`.
    pub(super) fn value(&self, expression: &Expression, stat: &Stat) -> Result<f64, Failure> {
        let series = self.metric(expression)?;
        let filter = Filter::new(&expression.matchers)?;
        filter.check_truths(&["expected_response"])?;
        if matches!(stat, Stat::Threshold(_) | Stat::Thresholds(_)) {
            let message = "points do not tell what became of thresholds: use what k6 writes with --summary-export";
            return Err(Failure::new(MissingReason::QueryError, message));
        }
        let sets: BTreeSet<_> = series.tags.iter().copied().collect();
        let passing = |number: &u32| filter.passes(|tag| self.tags.value(*number, tag));
        let passing: BTreeSet<_> = sets.iter().copied().filter(passing).collect();
        let points = series.values.iter().zip(&series.tags).filter(|(_, set)| passing.contains(set));
        let values: Vec<_> = points.map(|(value, _)| *value).collect();
        if values.is_empty() {
            let others = |number: &u32| filter.passes_without(&OUTCOMES, |tag| self.tags.value(*number, tag));
            if *stat == Stat::Named("count".to_owned()) && series.kind.counts() && sets.iter().any(others) {
                return Ok(0.0);
            }
            let thing = format!("point of {}", quoted(&expression.head.word));
            return Err(filter.nothing_passes(&thing, |tag| self.tags.values(tag, &sets)));
        }
        let seconds = self.span.map_or(0.0, |(first, last)| last.duration_since(first).as_secs_f64());
        series.kind.compute(stat, values, seconds).ok_or_else(|| {
            let kind = match series.kind {
                Kind::Unknown => ", whose kind the file does not tell,",
                _ => "",
            };
            let unknown = unknown("statistic", &stat.to_string(), series.kind.stats());
            let message = format!("{}{kind} has {unknown}", quoted(&expression.head.word));
            Failure::new(MissingReason::QueryError, message)
        })
    }

    /// Names of the statistics of the metric that `expression` begins with.
    pub(super) fn stats(&self, expression: &Expression) -> Result<Vec<String>, Failure> {
        Ok(self.metric(expression)?.kind.stats().iter().map(|stat| (*stat).to_owned()).collect())
    }

    fn metric(&self, expression: &Expression) -> Result<&Series, Failure> {
        let name = &expression.head.word;
        self.metrics.get(name).ok_or_else(|| {
            let names: Vec<_> = self.metrics.keys().map(String::as_str).collect();
            Failure::new(MissingReason::NoData, unknown("metric", name, &names))
        })
    }
}

#[cfg(test)]
#[path = "points_tests.rs"]
mod tests;
