//! What files of results can answer.

use std::io;
use std::path::Path;

use serde_json::Value;

use super::names::{any, time_unit, words};
use super::proposal::{Kind, Proposal, Scale, Unit};
use crate::sli::FileFormat;
use crate::sli::file::FileSource;

/// Most indicators that are made from a JSON document.
const MOST: usize = 20;

/// The samples of `JMeter` that are requests.
const REQUESTS: &str = r#"{transaction="false"}"#;

/// Longest indicator that is made from a JSON document, in characters.
const LONGEST: usize = 80;

/// Indicator, name for people, query, what it tells, unit.
type Known = (&'static str, &'static str, &'static str, Kind, Unit);

const JTL: [Known; 4] = [
    ("response_time_p95", "Response time, 95th percentile", "p95(elapsed)", Kind::Latency, Unit::Milliseconds),
    ("response_time_p50", "Response time, median", "p50(elapsed)", Kind::Median, Unit::Milliseconds),
    ("error_rate", "Failed requests", "error_rate", Kind::ErrorRate(Scale::Share), Unit::Share),
    ("throughput", "Requests", "throughput", Kind::Information, Unit::PerSecond),
];

const JUNIT: [Known; 5] = [
    ("pass_rate", "Tests that passed", "pass_rate", Kind::SuccessRate, Unit::Share),
    ("failures", "Tests that failed", "failures", Kind::Failures, Unit::None),
    ("errors", "Tests that ended with an error", "errors", Kind::Failures, Unit::None),
    ("tests", "Tests", "tests", Kind::Information, Unit::None),
    ("time", "Time of all tests", "time", Kind::Resource, Unit::Seconds),
];

const K6: [Known; 8] = [
    (
        "response_time_p95",
        "Response time, 95th percentile",
        "http_req_duration.p(95)",
        Kind::Latency,
        Unit::Milliseconds,
    ),
    ("response_time_p50", "Response time, median", "http_req_duration.med", Kind::Median, Unit::Milliseconds),
    (
        "grpc_time_p95",
        "Time of gRPC calls, 95th percentile",
        "grpc_req_duration.p(95)",
        Kind::Latency,
        Unit::Milliseconds,
    ),
    ("error_rate", "Failed requests", "http_req_failed.rate", Kind::ErrorRate(Scale::Share), Unit::Share),
    ("checks_rate", "Checks that passed", "checks.rate", Kind::SuccessRate, Unit::Share),
    ("thresholds_failed", "Thresholds that k6 saw crossed", "thresholds_failed", Kind::Failures, Unit::None),
    ("throughput", "Requests", "http_reqs.rate", Kind::Information, Unit::PerSecond),
    ("iterations", "Iterations", "iterations.rate", Kind::Information, Unit::PerSecond),
];

/// What `file`, which has the format `format`, may answer; where [`measure`](super::measure) finds no value, it does not.
///
/// Reads the file again, at `path`, only where its format says nothing of its content, which is so for JSON. Blocks.
pub fn from_file(file: &FileSource, format: FileFormat, path: &Path) -> io::Result<Vec<Proposal>> {
    let known: &[Known] = match format {
        FileFormat::Jtl => &JTL,
        FileFormat::Junit => &JUNIT,
        FileFormat::K6 => &K6,
        FileFormat::Json => {
            let bytes = std::fs::read(path)?;
            let document: Value = serde_json::from_slice(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes))?;
            return Ok(from_json(&document));
        }
    };
    // JMeter sums up transactions in samples of their own, which would count their requests twice.
    let count = |filter: &str| file.value("count", Some(&format!("count{filter}"))).unwrap_or_default();
    let both = format == FileFormat::Jtl && count(r#"{transaction="true"}"#) > 0.0 && count(REQUESTS) > 0.0;
    let filter = if both { REQUESTS } else { "" };
    let proposal = |(indicator, title, query, kind, unit): &Known| Proposal {
        indicator: (*indicator).to_owned(),
        title: (*title).to_owned(),
        query: format!("{query}{filter}"),
        kind: *kind,
        unit: *unit,
        about: String::new(),
    };
    Ok(known.iter().map(proposal).collect())
}

/// The numbers on the top level of `document`: those of an object by their keys, or those of a list of objects with
/// `metric` and `value`.
fn from_json(document: &Value) -> Vec<Proposal> {
    let names: Vec<&str> = match document {
        Value::Object(object) => {
            object.iter().filter(|(_, value)| value.is_number()).map(|(key, _)| key.as_str()).collect()
        }
        Value::Array(list) => list.iter().filter_map(|entry| entry.get("metric")?.as_str()).collect(),
        _ => Vec::new(),
    };
    let mut proposals: Vec<Proposal> = Vec::new();
    // The query is taken without white space around it, so a key that has some cannot be named.
    let usable = |name: &&str| !name.is_empty() && name.trim() == *name && !name.contains(char::is_control);
    for name in names.into_iter().filter(usable) {
        let indicator = indicator(name);
        if proposals.len() < MOST && !proposals.iter().any(|other| other.indicator == indicator) {
            let (kind, unit) = meaning(name);
            let about = String::new();
            proposals.push(Proposal { indicator, title: name.to_owned(), query: name.to_owned(), kind, unit, about });
        }
    }
    proposals
}

/// `name` as the name of an indicator.
fn indicator(name: &str) -> String {
    let plain = |char: char| char.is_alphanumeric() || matches!(char, '_' | '-' | '.');
    name.chars().take(LONGEST).map(|char| if plain(char) { char } else { '_' }).collect()
}

/// What a number called `name` tells, as far as the name does.
fn meaning(name: &str) -> (Kind, Unit) {
    let words = words(name);
    let has = |wanted: &[&str]| any(&words, wanted);
    let unit = time_unit(name);
    match () {
        () if has(&["error", "errors", "failed", "failure", "failures", "fail"]) => match () {
            () if has(&["percent", "percentage", "pct"]) => (Kind::ErrorRate(Scale::Percent), Unit::Percent),
            () => (Kind::ErrorRate(Scale::Unknown), Unit::None),
        },
        () if has(&["success", "successes", "passed", "availability", "available", "uptime"])
            || name == "pass_rate" =>
        {
            (Kind::SuccessRate, Unit::None)
        }
        () if has(&["throughput", "rps", "tps", "qps", "rate", "requests", "samples", "count", "total"]) => {
            (Kind::Information, Unit::None)
        }
        () if has(&["cpu", "memory", "heap", "rss"]) => (Kind::Resource, Unit::None),
        // How long a test took as a whole is not how long its requests took.
        () if has(&["duration"]) && words.len() == 1 => (Kind::Information, Unit::None),
        () => unit.map_or((Kind::Unknown, Unit::None), |unit| (Kind::Latency, unit)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_on_the_top_level_of_a_document_are_proposed() {
        let document = json!({
            "response_time_p95": 1.5, "error rate": 0, "error_percent": 0.1, "success": 0.9, "latencies": {"p95": 1},
            "throughput": 5, "cpu": 0.5, "x": 1, "took_ms": 3, "duration": 9, "name": "a", "off": false, "none": null,
            "error-rate": 1, "error_rate": 1, " y": 1, "": 1, "a\nb": 1,
        });
        let proposals: Vec<_> = from_json(&document)
            .into_iter()
            .map(|Proposal { indicator, query, kind, unit, .. }| (indicator, query, kind, unit))
            .collect();
        let expected = [
            ("response_time_p95", "response_time_p95", Kind::Latency, Unit::None),
            ("error_rate", "error rate", Kind::ErrorRate(Scale::Unknown), Unit::None),
            ("error_percent", "error_percent", Kind::ErrorRate(Scale::Percent), Unit::Percent),
            ("success", "success", Kind::SuccessRate, Unit::None),
            ("throughput", "throughput", Kind::Information, Unit::None),
            ("cpu", "cpu", Kind::Resource, Unit::None),
            ("x", "x", Kind::Unknown, Unit::None),
            ("took_ms", "took_ms", Kind::Latency, Unit::Milliseconds),
            ("duration", "duration", Kind::Information, Unit::None),
            ("error-rate", "error-rate", Kind::ErrorRate(Scale::Unknown), Unit::None),
        ];
        let expected =
            expected.map(|(indicator, query, kind, unit)| (indicator.to_owned(), query.to_owned(), kind, unit));
        assert_eq!(proposals, expected);
    }

    #[test]
    fn entries_of_a_list_are_proposed_by_metric() {
        let proposals =
            from_json(&json!([{"metric": "a b", "value": 1}, {"metric": "c", "value": "2"}, {"value": 3}, 4]));
        let queries: Vec<_> = proposals.iter().map(|proposal| proposal.query.as_str()).collect();
        assert_eq!(queries, ["a b", "c"]);
        assert!(from_json(&json!(1)).is_empty());
    }
}
