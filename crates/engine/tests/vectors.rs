//! Keptn v1's own answers: `tests/fixtures/gate/vectors.json`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "a test may stop where it stands, and wait"
)]

use capstan_engine::evaluate::{Failure, GetSli, History, Request, SloText, decide, rejected};
use capstan_model::event::CloudEvent;
use capstan_model::event::evaluation::{EvaluationFinished, FINISHED, Subject};
use capstan_model::event::sli::SliValue;
use capstan_model::slo::{self, Criterion, Target};
use capstan_model::timeframe;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

fn vectors() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/gate/vectors.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn list<'v>(vectors: &'v Value, name: &str) -> &'v [Value] {
    vectors[name].as_array().unwrap()
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

fn subject() -> Subject {
    Subject { project: "p".into(), stage: "s".into(), service: "svc".into(), ..Subject::default() }
}

/// Builds the history as events, an hour apart, and in reverse: the order of a history does not matter.
fn history(previous: &[Value]) -> History {
    let newest: Timestamp = "2024-01-01T00:00:00Z".parse().unwrap();
    let events = previous.iter().enumerate().rev().map(|(at, past)| {
        let results = past["indicatorResults"].as_array().into_iter().flatten().map(|value| {
            let mut value = value.clone();
            value.as_object_mut().unwrap().entry("success").or_insert(json!(true));
            json!({"value": value, "status": "pass"})
        });
        CloudEvent::from_json(json!({
            "id": past["id"], "type": FINISHED, "time": timeframe::display(newest - SignedDuration::from_hours(at as i64)),
            "data": {"project": "p", "stage": "s", "service": "svc", "result": past["result"],
                     "evaluation": {"score": past["score"], "indicatorResults": results.collect::<Vec<_>>()}},
        }))
        .unwrap()
    });
    History::from_events(events).unwrap()
}

fn get_sli(case: &Value) -> GetSli {
    let answer = &case["get_sli"];
    GetSli {
        failure: match text(answer, "status") {
            "aborted" => Some(Failure::Aborted),
            "errored" => Some(Failure::Errored),
            _ => None,
        },
        failed: text(answer, "result") == "fail",
        message: text(answer, "message").to_owned(),
        values: case["sli_results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|value| serde_json::from_value::<SliValue>(value.clone()).unwrap())
            .collect(),
        ..GetSli::default()
    }
}

/// The event's data, or the data that v1 would send for a file that is rejected, or the deviation's diagnostic code.
fn evaluate(case: &Value) -> Result<EvaluationFinished, Vec<&'static str>> {
    let subject = subject();
    let slo_text = text(case, "slo");
    let read = match slo_text {
        "" => None,
        text => match slo::read(text) {
            Ok(read) => Some(read.slo),
            Err(rejections) => {
                let senseless: Vec<_> = rejections
                    .iter()
                    .filter(|(rejection, _)| matches!(rejection, slo::Rejection::Senseless(_)))
                    .map(|(_, diagnostic)| diagnostic.code)
                    .collect();
                if senseless.is_empty() {
                    return Ok(rejected(
                        &subject,
                        "",
                        "",
                        text,
                        rejections.into_iter().map(|(rejection, _)| rejection),
                    ));
                }
                return Err(senseless);
            }
        },
    };
    let request = Request {
        subject: &subject,
        time_start: "",
        time_end: "",
        slo: read.as_ref().map(|slo| SloText { slo, text: slo_text }),
        get_sli: &get_sli(case),
        history: &history(list(case, "previous")),
        now: "2024-01-02T15:10:00Z".parse().unwrap(),
    };
    Ok(decide(&request).unwrap().finished)
}

/// Where Capstan refuses on purpose what v1 accepts, with the code of the diagnostic.
const DEVIATIONS: [(&str, &str); 6] = [
    ("criterion +Inf is relative; skipped without history", "SLO023"),
    ("criterion Inf absolute", "SLO023"),
    ("pass list with null group crashes", "SLO020"),
    ("negative weight inflates score", "SLO021"),
    ("aggregate unknown function p99 compares with 0", "SLO011"),
    ("aggregate uppercase AVG compares with 0", "SLO011"),
];

#[test]
fn evaluations_are_those_of_v1() {
    let vectors = vectors();
    let mut wrong = Vec::new();
    for case in list(&vectors, "cases") {
        let name = text(case, "name");
        let deviation = DEVIATIONS.iter().find(|(deviating, _)| *deviating == name);
        match (evaluate(case), deviation) {
            (Err(codes), Some((_, code))) if codes == [*code] => {}
            (Ok(finished), None) => {
                if let Err(difference) = compare(&finished, &case["expected"]) {
                    wrong.push(format!("{name}: {difference}"));
                }
            }
            (outcome, _) => wrong.push(format!("{name}: {outcome:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn compare(finished: &EvaluationFinished, expected: &Value) -> Result<(), String> {
    let actual = serde_json::to_value(finished).unwrap();
    let same = |what: &str, actual: &Value, expected: &Value| {
        let equal = match (actual.as_f64(), expected.as_f64()) {
            (Some(actual), Some(expected)) => actual.to_bits() == expected.to_bits(),
            _ => actual == expected,
        };
        if equal { Ok(()) } else { Err(format!("{what} is {actual}, expected {expected}")) }
    };
    same("status", &actual["status"], &expected["status"])?;
    same("result", &actual["result"], &expected["result"])?;
    same("evaluation.result", &actual["evaluation"]["result"], &expected["evaluation_result"])?;
    same("score", &actual["evaluation"]["score"], &expected["score"])?;
    let message = actual.get("message").cloned().unwrap_or(json!(""));
    same("message", &message, &expected["message"])?;
    let compared = actual["evaluation"].get("comparedEvents").cloned().unwrap_or(json!([]));
    same("comparedEvents", &compared, &expected["compared_events"])?;
    let none = Vec::new();
    let indicators = actual["evaluation"]["indicatorResults"].as_array().unwrap_or(&none);
    let wanted = expected["indicators"].as_array().unwrap();
    same("number of indicators", &json!(indicators.len()), &json!(wanted.len()))?;
    for (indicator, wanted) in indicators.iter().zip(wanted) {
        for field in ["displayName", "status", "score", "keySli", "passTargets", "warningTargets"] {
            same(field, &normal(&indicator[field]), &normal(&wanted[field]))?;
        }
        for field in ["metric", "value", "comparedValue", "success"] {
            same(field, &normal(&indicator["value"][field]), &normal(&wanted[field]))?;
        }
        let message = indicator["value"].get("message").cloned().unwrap_or(json!(""));
        same("value.message", &message, &wanted.get("message").cloned().unwrap_or(json!("")))?;
    }
    Ok(())
}

/// JSON does not tell 95 and 95.0 apart; neither does the comparison.
fn normal(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(items) => items.iter().map(normal).collect(),
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), normal(value))).collect(),
        other => other.clone(),
    }
}

#[test]
fn criteria_are_those_of_v1() {
    let vectors = vectors();
    for vector in list(&vectors, "criteria") {
        let criteria = text(vector, "criteria");
        let parsed = Criterion::parse(criteria);
        if let Some(error) = vector["error"].as_str() {
            assert_eq!(parsed.unwrap_err().to_string(), error, "{criteria}");
            continue;
        }
        let Some(value) = vector["value"].as_f64() else {
            // NaN and infinity: v1 reads them, and its event then cannot be encoded.
            assert!(parsed.is_err(), "{criteria}");
            continue;
        };
        let sign = if vector["increase"] == json!(true) { 1.0 } else { -1.0 };
        let target = match (&vector["percent"], &vector["relative"]) {
            (Value::Bool(true), _) => Target::Percent(sign * value),
            (_, Value::Bool(true)) => Target::Offset(sign * value),
            _ => Target::Absolute(value),
        };
        let parsed = parsed.unwrap();
        assert_eq!((parsed.operator.symbol(), parsed.target), (text(vector, "operator"), target), "{criteria}");
    }
}

#[test]
fn percentiles_are_those_of_v1() {
    let vectors = vectors();
    for vector in list(&vectors, "percentiles") {
        let function = format!("p{}", (vector["p"].as_f64().unwrap() * 100.0).round());
        let previous: Vec<_> = list(vector, "values")
            .iter()
            .enumerate()
            .map(|(at, value)| json!({"id": format!("e{at}"), "result": "pass", "score": 100, "indicatorResults": [{"metric": "m", "value": value}]}))
            .collect();
        let case = json!({
            "slo": format!("comparison: {{compare_with: several_results, number_of_comparison_results: 100, aggregate_function: {function}}}\n\
                            objectives: [{{sli: m, pass: [{{criteria: ['<1e9']}}]}}]\ntotal_score: {{pass: 90%}}"),
            "sli_results": [{"metric": "m", "value": 1, "success": true}],
            "previous": previous,
        });
        let finished = evaluate(&case).unwrap();
        let indicator = &finished.evaluation.indicator_results.unwrap()[0];
        let compared = indicator.value.as_ref().unwrap().compared_value;
        assert_eq!(Some(compared), vector["result"].as_f64(), "{vector}");
    }
}

#[test]
fn timeframes_are_those_of_v1() {
    let now: Timestamp = "2024-05-05T05:05:05.555Z".parse().unwrap();
    let vectors = vectors();
    for vector in list(&vectors, "timeframes") {
        let window = timeframe::resolve(text(vector, "start"), text(vector, "end"), text(vector, "timeframe"), now);
        if let Some(error) = vector["error"].as_str() {
            let message = window.unwrap_err().to_string();
            // For a malformed time v1 shows the layout of its parser; ours says how to write it.
            if !error.starts_with("parsing time") {
                assert_eq!(message, error, "{vector}");
            }
            continue;
        }
        let window = window.unwrap();
        let seconds = window.end.duration_since(window.start).as_secs_f64();
        if text(vector, "start").contains('+') {
            // v1 drops the offset when it writes the time, though not when it reckons; Capstan converts.
            assert_eq!(timeframe::display(window.start), "2024-01-02T05:00:00.000Z");
        } else if text(vector, "out_start").starts_with('<') {
            assert_eq!(window.end, now);
        } else {
            assert_eq!(timeframe::display(window.start), text(vector, "out_start"));
            assert_eq!(timeframe::display(window.end), text(vector, "out_end"));
        }
        assert!((seconds - vector["duration_seconds"].as_f64().unwrap()).abs() < 1e-6, "{vector}");
    }
}
