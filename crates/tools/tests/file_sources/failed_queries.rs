//! What queries that cannot be answered are told.

use capstan_model::event::sli::MissingReason::{NoData, NotFinite, QueryError};
use capstan_tools::sli::FileFormat::{Jtl, Junit, K6};
use capstan_tools::sli::file::FileSource;

use crate::{failures, open};

#[test]
fn jtl() {
    failures(
        Jtl,
        "jtl/result.jtl",
        &[
            (
                "errorrate",
                QueryError,
                "no function 'errorrate' (did you mean 'error_rate'?); there are 'error_rate', 'errors', 'throughput', \
                 'duration_seconds', 'avg', 'min', 'max', 'sum', 'count', 'p95', 'p99.9' and other percentiles from p0 \
                 to p100",
            ),
            (
                "avg(latence)",
                QueryError,
                "no field 'latence' (did you mean 'latency'?); there are 'elapsed', 'latency', 'connect', 'bytes', \
                 'sent_bytes'",
            ),
            ("count{success=\"False\"}", QueryError, "'success' is 'true' or 'false', never 'False'"),
            ("errors(bytes)", QueryError, "'errors' is of no field: leave 'bytes' out"),
            (
                "avg{lable=\"GET /\"}",
                QueryError,
                "no label 'lable' (did you mean 'label'?); there are 'label', 'thread', 'code', 'success', 'transaction'",
            ),
            (
                "avg{label=GET}",
                QueryError,
                "query 'avg{label=GET}', character 11: expected a text in quotes, found 'G'; write \
                 FUNCTION(FIELD){FILTER}, for instance p95(elapsed){label=\"GET /\"}",
            ),
            (
                "http_reqs.count",
                QueryError,
                "'count' behind the dot belongs to queries of k6 results; write FUNCTION(FIELD){FILTER}, for instance \
                 p95(elapsed){label=\"GET /\"}",
            ),
            (
                "count{label=\"GET\"}",
                NoData,
                "no sample matches {label=\"GET\"}; there is label 'GET /', 'GET /cart, \"full\"', 'GET /old', 'POST /pay'",
            ),
            ("avg{code=\"404\"}", NoData, "no sample matches {code=\"404\"}; there is code '200', '503'"),
        ],
    );
}

#[test]
fn junit() {
    failures(
        Junit,
        "junit/surefire.xml",
        &[
            ("pass_rate{name=\"voucher\"}", NoData, "all 1 test cases were skipped"),
            ("tests{suite=\"shop\"}", NoData, "no test case matches {suite=\"shop\"}; there is suite 'shop.CartTest'"),
            ("p95(elapsed)", QueryError, "no field 'elapsed'; there are 'time'"),
            (
                "passrate",
                QueryError,
                "no function 'passrate' (did you mean 'pass_rate'?); there are 'tests', 'passed', 'failures', 'errors', \
                 'skipped', 'pass_rate', 'time', 'avg', 'min', 'max', 'sum', 'count' and 2 more and other percentiles \
                 from p0 to p100",
            ),
        ],
    );
}

#[test]
fn k6() {
    failures(
        K6,
        "k6/summary-export.json",
        &[
            (
                "http_req_duration",
                QueryError,
                "which statistic of 'http_req_duration'? there are 'avg', 'min', 'med', 'max', 'p(90)', 'p(95)', 'p(99.9)', \
                 'count'; write METRIC.STAT or METRIC{TAG:VALUE}.STAT, for instance http_req_duration.p(95)",
            ),
            ("http_reqs.avg", QueryError, "'http_reqs' has no statistic 'avg'; there are 'count', 'rate'"),
            (
                "cart_time.p(99)",
                QueryError,
                "'cart_time' has no statistic 'p(99)' (did you mean 'p(90)'?); there are 'avg', 'min', 'med', 'max', \
                 'p(90)', 'p(95)', 'p(99.9)', 'count': have k6 compute it with --summary-trend-stats",
            ),
            (
                "http_req_duration{name:cart}.avg",
                NoData,
                "'http_req_duration' is not in the summary with these tags, only \
                 'http_req_duration{expected_response:true}', 'http_req_duration{name:pay}', 'http_req_duration': k6 sums up the tags for \
                 which the script sets a threshold",
            ),
            (
                "http_req_duration{name=~\"pay\"}.avg",
                QueryError,
                "a summary holds no samples to filter: name the tags as k6 does, {TAG:VALUE}, or use the points that k6 \
                 writes with --out json",
            ),
            (
                "http_req_duration.threshold(\"p(95)<50\")",
                NoData,
                "'http_req_duration' has no threshold 'p(95)<50' (did you mean 'p(95)<500'?); there are 'p(95)<500', \
                 'avg<20'",
            ),
            (
                "p95(http_req_duration)",
                QueryError,
                "a query of k6 results begins with the name of a metric; write METRIC.STAT or METRIC{TAG:VALUE}.STAT, \
                 for instance http_req_duration.p(95)",
            ),
        ],
    );
    let unknown = open(K6, "k6/summary-export.json").value("http_req_duraton.avg", None).unwrap_err();
    assert_eq!(unknown.reason, NoData);
    assert!(unknown.message.starts_with("no metric 'http_req_duraton' (did you mean 'http_req_duration'?)"));
    let message = "points do not tell what became of thresholds: use what k6 writes with --summary-export";
    failures(K6, "k6/points.ndjson", &[("checks.thresholds_failed", QueryError, message)]);
}

/// Files without a single sample have no values, not even counts.
#[test]
fn files_without_samples_hold_no_data() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("results");
    for (format, content, query, message) in [
        (Jtl, "timeStamp,elapsed,label,success\n", "error_rate", "the file holds no sample"),
        (Jtl, "<testResults version=\"1.2\"/>", "count", "the file holds no sample"),
        (
            Jtl,
            "timeStamp,elapsed,label\n",
            "count{label=\"a\"}",
            "no sample matches {label=\"a\"}; there is label none",
        ),
        (Junit, "<testsuites/>", "tests", "the file holds no test case"),
        (Junit, "<testsuite><testcase/></testsuite>", "time", "the report tells no time of these test cases"),
    ] {
        std::fs::write(&path, content).unwrap();
        let failure = FileSource::open(format, &path).unwrap().value("indicator", Some(query)).unwrap_err();
        assert_eq!((failure.reason, failure.message.as_str()), (NoData, message), "{content}");
    }
    std::fs::write(&path, "timeStamp,elapsed\n5,0\n").unwrap();
    let failure = FileSource::open(Jtl, &path).unwrap().value("throughput", None).unwrap_err();
    assert_eq!(failure.reason, NotFinite);
}
