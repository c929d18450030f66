//! What the sample service counts about itself, and the text in which Prometheus reads it.

use std::fmt::Write as _;

/// Upper bounds of the histogram's buckets in milliseconds. Steps of about a tenth where the demo's percentiles lie:
/// Prometheus interpolates within a bucket, so wide ones would blur the difference between two builds.
pub(crate) const BOUNDS: [u32; 32] = [
    5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120, 135, 150, 165, 180, 195, 210, 230, 250, 275, 300, 325, 350,
    375, 400, 450, 500, 750, 1000, 2000,
];

/// Every status code the service answers with: each has its series from the start, so that a query for errors finds
/// a 0 where there was none yet.
pub(crate) const CODES: [u16; 2] = [200, 500];

/// The series of one build.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BuildSeries {
    build: String,
    /// Requests by code, in the order of [`CODES`].
    requests: [u64; CODES.len()],
    /// Answers that fell into each bucket, not yet summed up; those above the last bound come last.
    buckets: [u64; BOUNDS.len() + 1],
    /// Sum of the response times in milliseconds.
    sum: f64,
}

/// The series of all builds that were ever deployed. An old build's series stay as they are.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Registry {
    series: Vec<BuildSeries>,
}

impl Registry {
    /// The series of `build`, begun at 0 where the build is new.
    pub(crate) fn series(&mut self, build: &str) -> &mut BuildSeries {
        let at = self.series.iter().position(|series| series.build == build).unwrap_or_else(|| {
            self.series.push(BuildSeries {
                build: build.to_owned(),
                requests: [0; CODES.len()],
                buckets: [0; BOUNDS.len() + 1],
                sum: 0.0,
            });
            self.series.len() - 1
        });
        &mut self.series[at]
    }

    /// All series in version 0.0.4 of the Prometheus text format.
    pub(crate) fn exposition(&self) -> String {
        let mut text = String::with_capacity(4096);
        text.push_str("# HELP http_requests_total Requests answered, by build and status code.\n");
        text.push_str("# TYPE http_requests_total counter\n");
        for series in &self.series {
            let build = escape(&series.build);
            for (code, count) in CODES.iter().zip(series.requests) {
                // Writing to a string cannot fail.
                let _ = writeln!(text, "http_requests_total{{build=\"{build}\",code=\"{code}\"}} {count}");
            }
        }
        text.push_str("# HELP http_response_time_milliseconds Time from request to answer, by build.\n");
        text.push_str("# TYPE http_response_time_milliseconds histogram\n");
        for series in &self.series {
            series.expose_histogram(&mut text);
        }
        text
    }
}

impl BuildSeries {
    /// Counts one answer with status `code` after `millis` milliseconds.
    pub(crate) fn observe(&mut self, code: u16, millis: f64) {
        if let Some(at) = CODES.iter().position(|&known| known == code) {
            self.requests[at] += 1;
        }
        let bucket = BOUNDS.iter().position(|&bound| millis <= f64::from(bound)).unwrap_or(BOUNDS.len());
        self.buckets[bucket] += 1;
        self.sum += millis;
    }

    fn expose_histogram(&self, text: &mut String) {
        let name = "http_response_time_milliseconds";
        let build = escape(&self.build);
        let mut count = 0;
        for (bound, here) in BOUNDS.iter().map(ToString::to_string).chain(["+Inf".to_owned()]).zip(self.buckets) {
            count += here;
            let _ = writeln!(text, "{name}_bucket{{build=\"{build}\",le=\"{bound}\"}} {count}");
        }
        let _ = writeln!(text, "{name}_sum{{build=\"{build}\"}} {}", self.sum);
        let _ = writeln!(text, "{name}_count{{build=\"{build}\"}} {count}");
    }
}

/// A label's value as it stands between quotes.
fn escape(value: &str) -> String {
    value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::testing::{Sample, parse};

    fn registry() -> Registry {
        let mut registry = Registry::default();
        for millis in [0.5, 5.0, 5.5, 190.0, 196.5, 5000.0] {
            registry.series("1.0").observe(200, millis);
        }
        registry.series("1.0").observe(500, 23.0);
        registry.series("1.1");
        registry
    }

    fn value(samples: &[Sample], name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let fits = |sample: &&Sample| {
            sample.name == name
                && sample.labels.len() == labels.len()
                && labels.iter().all(|&(label, wanted)| sample.label(label) == Some(wanted))
        };
        samples.iter().find(fits).map(|sample| sample.value)
    }

    #[test]
    fn what_is_exposed_reads_back() {
        let samples = parse(&registry().exposition());
        let requests = |build, code| value(&samples, "http_requests_total", &[("build", build), ("code", code)]);
        assert_eq!([requests("1.0", "200"), requests("1.0", "500")], [Some(6.0), Some(1.0)]);
        assert_eq!([requests("1.1", "200"), requests("1.1", "500")], [Some(0.0), Some(0.0)]);
        assert_eq!(value(&samples, "http_response_time_milliseconds_sum", &[("build", "1.0")]), Some(5420.5));
        assert_eq!(value(&samples, "http_response_time_milliseconds_count", &[("build", "1.0")]), Some(7.0));
        let bucket = |le| value(&samples, "http_response_time_milliseconds_bucket", &[("build", "1.0"), ("le", le)]);
        assert_eq!([bucket("5"), bucket("10"), bucket("30"), bucket("180")], [2.0, 3.0, 4.0, 4.0].map(Some));
        assert_eq!([bucket("195"), bucket("210"), bucket("2000"), bucket("+Inf")], [5.0, 6.0, 6.0, 7.0].map(Some));
    }

    #[test]
    fn every_build_has_all_its_buckets_in_rising_order() {
        let samples = parse(&registry().exposition());
        for build in ["1.0", "1.1"] {
            let of = |sample: &&Sample| sample.name.ends_with("_bucket") && sample.label("build") == Some(build);
            let buckets: Vec<&Sample> = samples.iter().filter(of).collect();
            assert_eq!(buckets.len(), BOUNDS.len() + 1);
            assert!(buckets.windows(2).all(|pair| pair[0].value <= pair[1].value));
        }
        assert!(BOUNDS.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn labels_are_escaped() {
        let mut registry = Registry::default();
        registry.series("a\"b\\c\nd");
        let samples = parse(&registry.exposition());
        assert_eq!(samples[0].label("build"), Some("a\"b\\c\nd"));
    }
}
