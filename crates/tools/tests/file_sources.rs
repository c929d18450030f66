//! File sources against files that the test tools themselves wrote.
//!
//! `fixtures/README.md` tells how each file was made. The expected values were computed from the raw files with other
//! means (Python's csv and json modules, `ElementTree` and `numpy.percentile`), not with the code under test.

// The helpers of tests are no tests themselves, and may be as short.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]
#![allow(clippy::unreadable_literal, reason = "values stand as the other means printed them")]

#[path = "file_sources/damage.rs"]
mod damage;
#[path = "file_sources/documentation.rs"]
mod documentation;
#[path = "file_sources/failed_queries.rs"]
mod failed_queries;
#[path = "file_sources/refused_files.rs"]
mod refused_files;

use std::path::{Path, PathBuf};

use capstan_model::event::sli::MissingReason::{self, NoData, QueryError};
use capstan_tools::sli::FileFormat::{self, Json, Jtl, Junit, K6};
use capstan_tools::sli::file::FileSource;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn open(format: FileFormat, name: &str) -> FileSource {
    FileSource::open(format, &fixture(name)).unwrap_or_else(|error| panic!("{error}"))
}

/// Compares with a tolerance relative to the expected values.
#[track_caller]
fn values_within(tolerance: f64, format: FileFormat, name: &str, expected: &[(&str, f64)]) {
    let source = open(format, name);
    for (query, expected) in expected {
        let value = source.value("indicator", Some(query)).unwrap_or_else(|failure| panic!("{query}: {failure:?}"));
        assert!((value - expected).abs() <= expected.abs() * tolerance, "{query} is {value}, expected {expected}");
    }
}

#[track_caller]
fn values(format: FileFormat, name: &str, expected: &[(&str, f64)]) {
    values_within(1e-12, format, name, expected);
}

#[track_caller]
fn failures(format: FileFormat, name: &str, expected: &[(&str, MissingReason, &str)]) {
    let source = open(format, name);
    for (query, reason, message) in expected {
        let failure = source.value("indicator", Some(query)).expect_err(query);
        assert_eq!((failure.reason, failure.message.as_str()), (*reason, *message), "{query}");
    }
}

#[test]
fn jtl_csv() {
    values(
        Jtl,
        "jtl/result.jtl",
        &[
            ("count", 144.0),
            ("avg", 65.3125),
            ("min(elapsed)", 46.0),
            ("max", 106.0),
            ("sum", 9405.0),
            ("p50(elapsed)", 60.0),
            ("p90(elapsed)", 93.0),
            ("p95(elapsed)", 98.85),
            ("p99(elapsed)", 103.57),
            ("p99.9(elapsed)", 105.714),
            ("avg(latency)", 50.486111111111114),
            ("max(connect)", 59.0),
            ("sum(bytes)", 34083.0),
            ("p95(sent_bytes)", 239.0),
            ("errors", 5.0),
            ("error_rate", 0.034722222222222224),
            ("duration_seconds", 3.281),
            ("throughput", 43.88905821395916),
            ("p95(elapsed){label=\"GET /\"}", 99.25),
            ("avg{label=\"GET /cart, \\\"full\\\"\"}", 83.63888888888889),
            ("avg{label='GET /cart, \"full\"'}", 83.63888888888889),
            ("error_rate{label=~\"POST.*\"}", 0.1388888888888889),
            ("count{code=\"503\"}", 5.0),
            ("count{success=\"true\", label!=\"GET /\"}", 103.0),
            ("max{label!~\"GET /.*\"}", 73.0),
            ("count{thread=\"Buyers 1-2\"}", 48.0),
            ("throughput{label=\"POST /pay\"}", 11.846001974333662),
            // The same labels, but none of these outcomes: a count of none.
            ("count{code=\"404\"}", 0.0),
            ("errors{label=\"GET /\", code=~\"5..\"}", 0.0),
            ("errors{label=\"GET /\"}", 0.0),
        ],
    );
}

#[test]
fn jtl_csv_with_semicolons_and_dates() {
    values(
        Jtl,
        "jtl/semicolon.csv",
        &[
            ("count", 48.0),
            ("p90(elapsed)", 94.3),
            ("p99(elapsed)", 120.01),
            ("error_rate", 0.041666666666666664),
            ("duration_seconds", 1.243),
            ("throughput{label=\"POST /pay\"}", 11.916583912611719),
        ],
    );
}

#[test]
fn jtl_csv_with_tabs_and_without_connect() {
    values(
        Jtl,
        "jtl/tab.csv",
        &[("count", 36.0), ("avg", 65.91666666666667), ("p95(elapsed)", 96.0), ("throughput", 43.269230769230774)],
    );
    let message = "the query needs 'Connect' (in XML 'ct'), which JMeter did not save: \
                   run it with -Jjmeter.save.saveservice.connect_time=true";
    failures(Jtl, "jtl/tab.csv", &[("avg(connect)", QueryError, message)]);
}

#[test]
fn jtl_xml() {
    values(
        Jtl,
        "jtl/result.xml",
        &[
            ("count", 72.0),
            ("avg", 66.23611111111111),
            ("p50(elapsed)", 64.5),
            ("p95(elapsed)", 92.7),
            ("p99.9(elapsed)", 108.929),
            ("avg(latency)", 50.93055555555556),
            ("max(connect)", 34.0),
            ("sum(bytes)", 17082.0),
            ("p95(sent_bytes)", 239.0),
            ("errors", 2.0),
            ("error_rate", 0.027777777777777776),
            ("duration_seconds", 1.695),
            ("throughput", 42.477876106194685),
            ("avg{label=\"GET /cart, \\\"full\\\"\"}", 84.88888888888889),
            ("count{success=\"true\", label!=\"GET /\"}", 52.0),
            ("throughput{label=\"POST /pay\"}", 12.129380053908356),
        ],
    );
}

#[test]
fn jtl_transactions_can_be_told_apart() {
    values(
        Jtl,
        "jtl/transactions.csv",
        &[
            ("count", 30.0),
            ("count{transaction=\"false\"}", 24.0),
            ("count{transaction=\"true\"}", 6.0),
            ("p50{label=\"Buy\"}", 263.5),
        ],
    );
}

#[test]
fn junit_pytest() {
    values(
        Junit,
        "junit/pytest.xml",
        &[
            ("tests", 11.0),
            ("failures", 2.0),
            ("errors", 2.0),
            ("skipped", 2.0),
            ("passed", 5.0),
            ("pass_rate", 0.5555555555555556),
            ("time", 0.1),
            ("max(time)", 0.032),
            ("avg(time)", 0.009090909090909092),
            ("p95(time)", 0.0315),
            ("count{class=\"test_pay\"}", 2.0),
            ("pass_rate{class=~\"test_cart.*\"}", 3.0 / 7.0),
            ("tests{name=\"test_adds[3]\"}", 1.0),
            ("errors{class=\"test_pay\"}", 0.0),
        ],
    );
}

#[test]
fn junit_gotestsum() {
    values(
        Junit,
        "junit/gotestsum.xml",
        &[
            ("tests", 7.0),
            ("failures", 2.0),
            ("errors", 0.0),
            ("skipped", 1.0),
            ("passed", 4.0),
            ("pass_rate", 4.0 / 6.0),
            ("time", 0.09),
            ("tests{suite=\"example.com/shop/mail\"}", 1.0),
            ("tests{name!~\".*/.*\"}", 4.0),
        ],
    );
}

/// The attributes of this suite tell of 3 tests: Surefire leaves those out that it ran again.
#[test]
fn junit_surefire() {
    values(
        Junit,
        "junit/surefire.xml",
        &[
            ("tests", 6.0),
            ("failures", 1.0),
            ("errors", 1.0),
            ("skipped", 1.0),
            ("passed", 3.0),
            ("pass_rate", 0.6),
            ("time", 0.109),
            ("max(time)", 0.087),
            ("p95(time)", 0.06725),
            ("passed{name=\"flaky\"}", 1.0),
        ],
    );
}

/// What k6 computed itself, from the points of `points.ndjson`; both summaries and the points tell the same.
const SAME_IN_ALL: [(&str, f64); 19] = [
    ("http_req_duration.avg", 61.49734485714286),
    ("http_req_duration.min", 20.879107),
    ("http_req_duration.med", 52.553726499999996),
    ("http_req_duration.max", 103.566684),
    ("http_req_duration.p(95)", 95.63629529999999),
    ("http_req_duration.p95", 95.63629529999999),
    ("http_req_duration.p(99.9)", 103.40807622600002),
    ("http_req_duration.count", 14.0),
    ("http_req_duration{expected_response:true}.avg", 62.270654),
    ("http_req_duration{expected_response=\"true\"}.avg", 62.270654),
    ("http_req_duration{name:pay}.p(95)", 54.9997165),
    ("http_reqs.count", 14.0),
    ("http_req_failed.rate", 0.07142857142857142),
    ("http_req_failed.fails", 13.0),
    ("checks.passes", 6.0),
    ("checks.rate", 0.8571428571428571),
    ("cart_size.value", 3.0),
    ("items_bought.count", 18.0),
    ("cart_time.p(90)", 96.2463252),
];

/// What became of the thresholds of the script, one of which failed on each of two metrics.
const THRESHOLDS: [(&str, f64); 7] = [
    ("thresholds_failed", 2.0),
    ("thresholds_passed", 3.0),
    ("http_req_duration.thresholds_failed", 1.0),
    ("http_req_duration.threshold(\"p(95)<500\")", 1.0),
    ("http_req_duration.threshold(\"avg<20\")", 0.0),
    ("http_req_duration{name:pay}.thresholds_passed", 1.0),
    ("checks.threshold('rate>0.99')", 0.0),
];

#[test]
fn k6_summary_export() {
    values(K6, "k6/summary-export.json", &SAME_IN_ALL);
    values(K6, "k6/summary-export.json", &THRESHOLDS);
    values(
        K6,
        "k6/summary-export.json",
        &[("http_reqs.rate", 27.61302058139842), ("http_req_failed.value", 1.0 / 14.0)],
    );
}

#[test]
fn k6_handle_summary() {
    values(K6, "k6/handle-summary.json", &SAME_IN_ALL);
    values(K6, "k6/handle-summary.json", &THRESHOLDS);
    values(K6, "k6/handle-summary.json", &[("http_reqs.rate", 27.61302058139842)]);
}

#[test]
fn k6_points() {
    values(K6, "k6/points.ndjson", &SAME_IN_ALL);
    values(
        K6,
        "k6/points.ndjson",
        &[
            // k6 divides by the length of the whole run, points tell only the time between the first and the last.
            ("http_reqs.rate", 29.02272694080339),
            ("http_req_duration{name=~\"c.*\", method!=\"POST\"}.max", 103.566684),
            ("http_reqs{status:503}.count", 1.0),
            ("http_reqs{status:404}.count", 0.0),
            ("items_bought{card=\"visa\"}.count", 18.0),
        ],
    );
}

#[test]
fn k6_machine_readable_summary() {
    values(
        K6,
        "k6/machine-summary.json",
        &[
            ("http_req_duration.p(95)", 98.33237629999999),
            ("http_req_duration{name:pay}.avg", 53.55158914285714),
            ("http_req_failed.rate", 0.07142857142857142),
            ("http_req_failed.passes", 1.0),
            ("http_req_failed.fails", 13.0),
            ("checks_failed.rate", 0.14285714285714285),
            ("cart_size.value", 3.0),
            ("http_reqs.count", 14.0),
        ],
    );
    let message = "the file holds no thresholds with their results";
    failures(K6, "k6/machine-summary.json", &[("thresholds_failed", NoData, message)]);
}

#[test]
fn json_of_vegeta() {
    values(
        Json,
        "json/vegeta.json",
        &[
            ("success", 0.9333333333333333),
            ("latencies.95th", 92_218_899.0),
            ("status_codes.\"503\"", 4.0),
            ("/status_codes/200", 56.0),
            ("bytes_in['mean']", 63.53333333333333),
        ],
    );
    failures(
        Json,
        "json/vegeta.json",
        &[
            ("errors[0]", QueryError, "'errors[0]' is the text '503 Service Unavailable', not a number"),
            ("errors[1]", NoData, "'errors' is a list of 1, counted from 0, and has no [1]"),
        ],
    );
}

#[test]
fn json_of_indicators() {
    values(Json, "json/indicators.json", &[("response_time_p95", 212.5), ("error rate", 0.25), ("[0].value", 212.5)]);
    failures(Json, "json/indicators.json", &[("throughput", NoData, "'throughput' was not measured: 'no data'")]);
}

#[test]
fn without_a_query_the_name_is_the_query() {
    let jtl = open(Jtl, "jtl/result.jtl");
    for query in [None, Some(""), Some(" \n")] {
        assert_eq!(jtl.value("errors", query), Ok(5.0));
    }
    assert_eq!(jtl.value("errors", Some(" count ")), Ok(144.0));
    assert_eq!(open(K6, "k6/handle-summary.json").value("http_reqs.count", None), Ok(14.0));
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    for (format, name, query) in [
        (Jtl, "jtl/tab.csv", "count"),
        (Jtl, "jtl/result.xml", "count"),
        (Junit, "junit/pytest.xml", "tests"),
        (Json, "json/vegeta.json", "requests"),
        (K6, "k6/points.ndjson", "http_reqs.count"),
    ] {
        let plain = std::fs::read(fixture(name)).unwrap();
        let path = folder.path().join("marked");
        std::fs::write(&path, [b"\xef\xbb\xbf".as_slice(), &plain].concat()).unwrap();
        let marked = FileSource::open(format, &path).unwrap().value(query, None);
        assert_eq!(marked, open(format, name).value(query, None));
        assert!(marked.is_ok());
    }
}
