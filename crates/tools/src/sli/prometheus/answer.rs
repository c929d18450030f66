//! What an HTTP answer says about an indicator.

use std::fmt::Write;

use capstan_model::event::sli::MissingReason;

use super::body::{Body, Data, Sample};
use crate::sli::request::Failure;

/// How much of a text from the server a message repeats, in characters.
const QUOTED: usize = 80;
/// How much of an error that the server explains a message repeats, in characters.
const EXPLAINED: usize = 1000;
/// How much of a label set a message repeats, in characters.
const LABELS: usize = 200;

/// The value in the answer of the server at `address`, or why there is none.
///
/// `status` is the HTTP status, `body` what came with it. The value is finite.
pub(super) fn read(status: u16, body: &[u8], address: &str) -> Result<f64, Failure> {
    match status {
        401 | 403 => {
            return Err(Failure::new(MissingReason::Login, format!("{address} refused the login (HTTP {status})")));
        }
        404 => {
            return Err(Failure::new(
                MissingReason::Transport,
                format!("not a Prometheus API at {address} (HTTP 404 for {address}/api/v1/query)"),
            ));
        }
        _ => {}
    }
    let parsed = serde_json::from_slice::<Body<'_>>(body);
    if status >= 500 {
        return Err(server_error(status, parsed.ok(), body, address));
    }
    let answer = parsed.map_err(|error| no_answer(status, body, address, &error))?;
    match (&*answer.status, status, answer.data) {
        ("success", 200..=299, Some(data)) => value(&data, address),
        ("error", 200..=299 | 400 | 422, _) => {
            let text = answer.error.or(answer.error_type).filter(|text| !text.is_empty());
            let text = text.as_deref().unwrap_or("the server refused the query and gave no reason");
            Err(Failure::new(MissingReason::QueryError, one_line(text, EXPLAINED)))
        }
        _ => {
            let text = answer.error.map_or_else(|| begin(body), |text| one_line(&text, EXPLAINED));
            Err(Failure::new(MissingReason::Transport, format!("{address} answered HTTP {status}: {text}")))
        }
    }
}

fn value(data: &Data<'_>, address: &str) -> Result<f64, Failure> {
    let failure = |reason, message: &str| Err(Failure::new(reason, message));
    let elements = &data.result;
    if data.result_type != "vector" {
        let kind = one_line(&data.result_type, QUOTED);
        return failure(
            MissingReason::QueryError,
            &format!("the query yields a {kind} where a vector with one series is needed"),
        );
    }
    let sample = match (elements.count, elements.first.as_slice()) {
        (0, _) => return failure(MissingReason::NoData, "query did not return any values"),
        (1, [sample]) => sample,
        (1, _) => return failure(MissingReason::Transport, &format!("{address} answered a vector without a sample")),
        (count, first) => return failure(MissingReason::SeveralSeries, &several(count, first)),
    };
    let Some(point) = &sample.value else {
        return failure(
            MissingReason::QueryError,
            "the query yields a native histogram where a number is needed: try histogram_quantile",
        );
    };
    match point.1.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        Ok(_) => failure(MissingReason::NotFinite, "query did not return valid values"),
        Err(_) => {
            let text = one_line(&point.1, QUOTED);
            failure(MissingReason::Transport, &format!("{address} answered a value that is not a number: {text}"))
        }
    }
}

fn several(count: usize, first: &[Sample<'_>]) -> String {
    let mut message = format!("query did return multiple values ({count} series, e.g. ");
    for (index, sample) in first.iter().enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        message.push_str(separator);
        message.push_str(&one_line(&labels(sample), LABELS));
    }
    message.push(')');
    message
}

/// A label set as `PromQL` writes it.
fn labels(sample: &Sample<'_>) -> String {
    let mut text = sample.metric.get("__name__").cloned().unwrap_or_default();
    let mut separator = '{';
    for (name, value) in sample.metric.iter().filter(|(name, _)| *name != "__name__") {
        // Writing to a string does not fail.
        let _ = write!(text, "{separator}{name}={value:?}");
        separator = ',';
    }
    text.push_str(if separator == '{' { "{}" } else { "}" });
    text
}

fn server_error(status: u16, answer: Option<Body<'_>>, body: &[u8], address: &str) -> Failure {
    let Some(Body { error_type, error: Some(text), .. }) = answer else {
        let text = begin(body);
        let text = if text.is_empty() { "no text" } else { &text };
        return Failure::new(MissingReason::Transport, format!("{address} answered HTTP {status}: {text}"));
    };
    let text = one_line(&text, EXPLAINED);
    if status == 503 && error_type.as_deref() == Some("timeout") {
        return Failure::new(MissingReason::Timeout, format!("{address} gave the query up: {text}"));
    }
    Failure::new(MissingReason::Transport, format!("{address} answered HTTP {status}: {text}"))
}

fn no_answer(status: u16, body: &[u8], address: &str, error: &serde_json::Error) -> Failure {
    let text = begin(body);
    let message = match error.classify() {
        serde_json::error::Category::Data => format!("{address} answered JSON that is not a query result ({text})"),
        _ if text.is_empty() => format!("{address} answered nothing (HTTP {status})"),
        _ => format!("{address} answered something that is not JSON (HTTP {status}: {text})"),
    };
    Failure::new(MissingReason::Transport, message)
}

/// The begin of a body, as far as a message repeats it.
fn begin(body: &[u8]) -> String {
    let enough = body.len().min(QUOTED * 16);
    one_line(&String::from_utf8_lossy(&body[..enough]), QUOTED)
}

/// `text` on one line and free of control characters, cut to `max` characters: it comes from outside.
pub(super) fn one_line(text: &str, max: usize) -> String {
    // Enough for any cut, so that a long body is not walked through.
    let mut line = String::with_capacity(text.len().min(max * 4));
    let mut words = text.split(|char: char| char.is_whitespace() || char.is_control()).filter(|word| !word.is_empty());
    if let Some(first) = words.next() {
        line.push_str(first);
    }
    for word in words {
        if line.len() > max * 4 {
            break;
        }
        line.push(' ');
        line.push_str(word);
    }
    match line.char_indices().nth(max) {
        Some((end, _)) => {
            line.truncate(end);
            line.push('…');
            line
        }
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: &str = "http://mon:9090";

    fn check(status: u16, body: &str) -> Result<f64, (MissingReason, String)> {
        read(status, body.as_bytes(), ADDRESS).map_err(|failure| (failure.reason, failure.message))
    }

    fn vector(samples: &str) -> String {
        format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{samples}]}}}}"#)
    }

    fn fails(status: u16, body: &str, reason: MissingReason, message: &str) {
        assert_eq!(check(status, body), Err((reason, message.to_owned())), "{status} {body}");
    }

    #[test]
    fn one_sample_is_the_value() {
        for (text, value) in [("0.25", 0.25), ("-3", -3.0), ("1e-9", 1e-9), ("2.5e+10", 2.5e10), ("0", 0.0)] {
            let body = vector(&format!(r#"{{"metric":{{"a":"é\"\\"}},"value":[1704208200.007,"{text}"]}}"#));
            assert_eq!(check(200, &body), Ok(value));
        }
        // The order of the keys, unknown keys and white space are the server's to choose.
        let odd = r#" {"data" : {"result":[{"value":[1,"7"],"metric":{},"x":[{}]}],"analysis":{},"resultType":"vector"},
            "warnings":["w"], "infos":[], "isPartial":false, "status":"success"}"#;
        assert_eq!(check(200, odd), Ok(7.0));
    }

    #[test]
    fn no_value_and_many() {
        fails(200, &vector(""), MissingReason::NoData, "query did not return any values");
        let null = r#"{"status":"success","data":{"resultType":"vector","result":null}}"#;
        fails(200, null, MissingReason::NoData, "query did not return any values");
        let samples = r#"{"metric":{"__name__":"up","job":"a","le":"\"1\""},"value":[1,"1"]},{"metric":{"__name__":"up"},"value":[1,"1"]},{"metric":{},"value":[1,"1"]},{"metric":{"z":"4"},"value":[1,"1"]},{"metric":{"z":"5"},"value":[1,"1"]}"#;
        fails(
            200,
            &vector(samples),
            MissingReason::SeveralSeries,
            r#"query did return multiple values (5 series, e.g. up{job="a",le="\"1\""}, up{}, {})"#,
        );
    }

    #[test]
    fn values_that_are_none() {
        for text in ["NaN", "+Inf", "-Inf"] {
            let body = vector(&format!(r#"{{"metric":{{}},"value":[1,"{text}"]}}"#));
            fails(200, &body, MissingReason::NotFinite, "query did not return valid values");
        }
        let body = vector(r#"{"metric":{},"value":[1,"many"]}"#);
        fails(200, &body, MissingReason::Transport, "http://mon:9090 answered a value that is not a number: many");
        let (reason, message) = check(200, &vector(r#"{"metric":{},"histogram":[1,{"count":"1"}]}"#)).unwrap_err();
        assert_eq!(reason, MissingReason::QueryError);
        assert!(message.contains("native histogram"));
    }

    #[test]
    fn other_result_types_are_named() {
        for (kind, result) in [
            ("scalar", r#"[1704208200,"5"]"#),
            ("string", r#"[1704208200,"up"]"#),
            ("matrix", r#"[{"metric":{"a":"b"},"values":[[1,"1"],[2,"1"]]}]"#),
        ] {
            let body = format!(r#"{{"status":"success","data":{{"resultType":"{kind}","result":{result}}}}}"#);
            let (reason, message) = check(200, &body).unwrap_err();
            assert_eq!(reason, MissingReason::QueryError);
            assert!(message.contains(&format!("yields a {kind}")), "{message}");
        }
    }

    #[test]
    fn errors_of_the_server_keep_their_words() {
        let error = |kind: &str, text: &str| format!(r#"{{"status":"error","errorType":"{kind}","error":"{text}"}}"#);
        let parse = "invalid parameter \\\"query\\\": 1:5: parse error: unexpected end of input";
        let plain = "invalid parameter \"query\": 1:5: parse error: unexpected end of input";
        fails(400, &error("bad_data", parse), MissingReason::QueryError, plain);
        let many = "found duplicate series for the match group";
        fails(422, &error("execution", many), MissingReason::QueryError, many);
        fails(200, &error("execution", many), MissingReason::QueryError, many);
        fails(400, r#"{"status":"error","errorType":"bad_data"}"#, MissingReason::QueryError, "bad_data");
        fails(
            503,
            &error("timeout", "query timed out in expression evaluation"),
            MissingReason::Timeout,
            "http://mon:9090 gave the query up: query timed out in expression evaluation",
        );
        fails(
            503,
            &error("canceled", "query was canceled"),
            MissingReason::Transport,
            "http://mon:9090 answered HTTP 503: query was canceled",
        );
        fails(
            429,
            &error("too_many", "slow\\ndown"),
            MissingReason::Transport,
            "http://mon:9090 answered HTTP 429: slow down",
        );
    }

    #[test]
    fn what_is_no_prometheus() {
        fails(401, "", MissingReason::Login, "http://mon:9090 refused the login (HTTP 401)");
        fails(403, "{}", MissingReason::Login, "http://mon:9090 refused the login (HTTP 403)");
        fails(
            404,
            "404 page not found",
            MissingReason::Transport,
            "not a Prometheus API at http://mon:9090 (HTTP 404 for http://mon:9090/api/v1/query)",
        );
        fails(
            200,
            "<!DOCTYPE html>\n<html>\u{1b}[31m",
            MissingReason::Transport,
            "http://mon:9090 answered something that is not JSON (HTTP 200: <!DOCTYPE html> <html> [31m)",
        );
        fails(200, "", MissingReason::Transport, "http://mon:9090 answered nothing (HTTP 200)");
        fails(500, "", MissingReason::Transport, "http://mon:9090 answered HTTP 500: no text");
        fails(
            502,
            "<h1>Bad Gateway</h1>",
            MissingReason::Transport,
            "http://mon:9090 answered HTTP 502: <h1>Bad Gateway</h1>",
        );
        fails(
            200,
            r#"{"hello":1}"#,
            MissingReason::Transport,
            r#"http://mon:9090 answered JSON that is not a query result ({"hello":1})"#,
        );
        let (_, message) = check(200, &"<b>é".repeat(1000)).unwrap_err();
        assert!(message.ends_with("<b>é…)") && message.chars().count() < 200, "{message}");
        // Cut in the middle: neither JSON nor a value.
        let whole = vector(r#"{"metric":{},"value":[1,"1"]}"#);
        for end in 0..whole.len() {
            assert_eq!(check(200, &whole[..end]).unwrap_err().0, MissingReason::Transport, "{end}");
        }
    }

    #[test]
    fn lines_are_cut_at_characters() {
        assert_eq!(one_line("  a\t\nb\u{7}c ", 9), "a b c");
        assert_eq!(one_line("éééé", 4), "éééé");
        assert_eq!(one_line("ééééé", 4), "éééé…");
        assert_eq!(one_line(&"ab ".repeat(10_000), 5), "ab ab…");
    }
}
