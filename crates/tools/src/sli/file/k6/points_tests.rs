use super::*;
use crate::sli::file::query::Unparsable;

const POINTS: &str = r#"{"type":"Metric","data":{"name":"reqs","type":"counter"},"metric":"reqs"}
{"metric":"reqs","type":"Point","data":{"time":"2026-01-01T00:00:00Z","value":1,"tags":{"name":"a","status":"200"}}}
{"metric":"reqs","type":"Point","data":{"time":"2026-01-01T01:00:04.5+01:00","value":2,"tags":{"name":"b","status":"500"}}}

{"metric":"bare","type":"Point","data":{"time":"2026-01-01T00:00:02Z","value":5,"tags":null}}
{"type":"Metric","data":{"name":"failed","type":"rate"},"metric":"failed"}
{"metric":"failed","type":"Point","data":{"time":"2026-01-01T00:00:10Z","value":0}}
{"metric":"failed","type":"Point","data":{"time":"2026-01-01T00:00:09Z","value":1}}
{"type":"Metric","data":{"name":"users","type":"gauge"},"metric":"users"}
{"metric":"users","type":"Point","data":{"time":"2026-01-01T00:00:10Z","value":9}}
{"metric":"users","type":"Point","data":{"time":"2026-01-01T00:00:10Z","value":3}}
{"type":"Metric","data":{"name":"idle","type":"trend"},"metric":"idle"}
"#;

fn value(query: &str) -> Result<f64, Failure> {
    let expression: Expression = query.parse().map_err(|error: Unparsable| error.failure(query, "")).unwrap();
    let stat = Stat::new(expression.stat.as_ref().unwrap()).unwrap();
    Points::read(POINTS.as_bytes()).unwrap().value(&expression, &stat)
}

#[test]
fn statistics_go_by_the_kind_of_the_metric() {
    for (query, expected) in [
        ("reqs.count", 3.0),
        ("reqs.rate", 0.3), // over the 10 s of the whole run
        ("reqs{name:a}.count", 1.0),
        ("reqs{name=~'a|b', status!='200'}.count", 2.0),
        ("reqs{status='404'}.count", 0.0),
        ("failed.rate", 0.5),
        ("failed.passes", 1.0),
        ("failed.fails", 1.0),
        ("users.value", 3.0),
        ("users.max", 9.0),
        ("users.p(50)", 6.0),
        ("bare.med", 5.0),
        ("bare{name=''}.avg", 5.0),
    ] {
        assert_eq!(value(query), Ok(expected), "{query}");
    }
}

#[test]
fn failures_tell_what_there_is() {
    for (query, reason, message) in [
        ("reqs.avg", MissingReason::QueryError, "'reqs' has no statistic 'avg'; there are 'count', 'rate'"),
        (
            "bare.count",
            MissingReason::QueryError,
            "'bare', whose kind the file does not tell, has no statistic 'count'; there are 'avg', 'min', 'med', 'max', 'p(95)'",
        ),
        (
            "req.count",
            MissingReason::NoData,
            "no metric 'req' (did you mean 'reqs'?); there are 'bare', 'failed', 'idle', 'reqs', 'users'",
        ),
        (
            "reqs{name:c}.count",
            MissingReason::NoData,
            "no point of 'reqs' matches {name=\"c\"}; there is name 'a', 'b'",
        ),
        (
            "reqs{status:404}.rate",
            MissingReason::NoData,
            "no point of 'reqs' matches {status=\"404\"}; there is status '200', '500'",
        ),
        ("idle.avg", MissingReason::NoData, "the file holds no point of 'idle'"),
        (
            "reqs.thresholds_failed",
            MissingReason::QueryError,
            "points do not tell what became of thresholds: use what k6 writes with --summary-export",
        ),
    ] {
        assert_eq!(value(query), Err(Failure::new(reason, message)), "{query}");
    }
}

#[test]
fn broken_points_are_told_with_their_line() {
    for (line, problem) in [
        (
            "{\"metric\":\"a\",\"type\":\"Poi",
            "no line of k6: EOF while parsing a string, column 25: k6 was stopped, or still writes",
        ),
        ("{\"metric\":\"a\",\"type\":\"Point\",\"data\":{}}", "a point without 'value'"),
        ("{\"metric\":\"a\",\"type\":\"Point\",\"data\":{\"value\":1}}", "a point without 'time'"),
        (
            "{\"metric\":\"a\",\"type\":\"Point\",\"data\":{\"value\":1,\"time\":\"now\"}}",
            "the time of a point does not parse: ",
        ),
        ("{\"metric\":\"a\",\"type\":\"Spot\",\"data\":{}}", "a line of the unknown type 'Spot'"),
        (
            "{\"metric\":\"a\",\"type\":\"Point\",\"data\":{\"value\":1,\"time\":\"2026-01-01T00:00:00Z\",\"tags\":[1]}}",
            "tags of a point are no texts by name: ",
        ),
        ("hello", "no line of k6: expected value, column 1"),
    ] {
        match Points::read(format!("{POINTS}{line}\n").as_bytes()) {
            Err(Trouble::Malformed { line: Some(13), problem: found }) => {
                assert!(found.starts_with(problem), "{line}: {found}");
            }
            other => panic!("{line}: {other:?}"),
        }
    }
}
