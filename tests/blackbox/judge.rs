//! `capstan gate judge` answers as Keptn v1 does: every vector goes through the command line.

use serde_json::{Value, json};

use crate::support::{Ran, SLO, Workplace, repository, stable};

fn vectors() -> Value {
    let text = std::fs::read_to_string(repository().join("tests/fixtures/gate/vectors.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn judge(workplace: &Workplace, case: &Value) -> Ran {
    workplace.file("slo.yaml", case["slo"].as_str().unwrap_or_default());
    workplace.file("values.json", case["sli_results"].to_string());
    let mut lines = String::new();
    for (hours, past) in case["previous"].as_array().unwrap().iter().enumerate().rev() {
        let indicators = past["indicatorResults"].as_array().into_iter().flatten().map(|value| {
            let mut value = value.clone();
            value.as_object_mut().unwrap().entry("success").or_insert(json!(true));
            json!({"value": value, "status": "pass"})
        });
        let event = json!({
            "specversion": "1.0", "id": past["id"], "source": "lighthouse-service", "type": "sh.keptn.event.evaluation.finished",
            "time": format!("2024-01-01T{:02}:00:00Z", 23 - hours),
            "data": {"project": "p", "stage": "s", "service": "svc", "result": past["result"],
                     "evaluation": {"score": past["score"], "indicatorResults": indicators.collect::<Vec<_>>()}},
        });
        lines.push_str(&format!("{event}\n"));
    }
    workplace.file("previous.jsonl", lines);
    let mut line = "gate judge --slo slo.yaml --values values.json --previous previous.jsonl \
                    --project p --stage s --service svc -o json"
        .to_owned();
    if case["get_sli"].is_object() {
        workplace.file("get-sli.json", case["get_sli"].to_string());
        line.push_str(" --get-sli get-sli.json");
    }
    workplace.line(&line)
}

#[test]
fn every_vector_through_the_command_line() {
    let workplace = Workplace::new();
    for case in vectors()["cases"].as_array().unwrap() {
        let (name, expected) = (&case["name"], &case["expected"]);
        let ran = judge(&workplace, case);
        if ran.code == 2 {
            let report: Value = serde_json::from_str(&ran.stderr).unwrap();
            assert!(!report["diagnostics"].as_array().unwrap().is_empty(), "{name}");
            assert!(ran.stdout.is_empty(), "{name}");
            continue;
        }
        let event = ran.json();
        assert_eq!(event["data"]["status"], expected["status"], "{name}");
        assert_eq!(event["data"]["result"], expected["result"], "{name}");
        assert_eq!(event["data"]["evaluation"]["score"].as_f64(), expected["score"].as_f64(), "{name}");
        let code = match (event["data"]["status"].as_str(), event["data"]["result"].as_str()) {
            (Some("errored"), _) => 4,
            (_, Some("pass")) => 0,
            (_, Some("warning")) => 3,
            _ => 1,
        };
        assert_eq!(ran.code, code, "{name}");
    }
}

#[test]
fn the_event_is_a_whole_one() {
    let workplace = Workplace::new();
    workplace.file("slo.yaml", SLO).file("values.json", r#"[{"metric":"response_time_p95","value":612,"success":true},{"metric":"error_rate","value":0.5,"success":true}]"#);
    let previous = json!([{"id": "e1", "type": "sh.keptn.event.evaluation.finished", "time": "2024-01-01T00:00:00Z",
        "data": {"project": "p", "stage": "s", "service": "v", "result": "pass", "evaluation": {"score": 100, "indicatorResults": [
            {"value": {"metric": "response_time_p95", "value": 580, "success": true}}]}}}]);
    workplace.file("previous.json", previous.to_string());
    let ran = workplace.line(
        "gate judge --slo slo.yaml --values values.json --previous previous.json --project p --stage s --service v --label build=17 -o json",
    );
    let event = ran.json();
    assert_eq!(event["data"]["evaluation"]["comparedEvents"], json!(["e1"]));
    stable(|| insta::assert_snapshot!("event", ran.stdout));
}

fn exit_of(slo: &str, values: &str, more: &str) -> i32 {
    let workplace = Workplace::new();
    workplace.file("slo.yaml", slo).file("values.json", values).file("aborted.json", r#"{"status": "aborted"}"#);
    workplace.file("failed.json", r#"{"result": "fail", "message": "no"}"#);
    workplace.line(&format!("gate judge --slo slo.yaml --values values.json {more}")).code
}

#[test]
fn exit_codes_tell_verdicts_apart() {
    const ONE: &str = "objectives: [{sli: a, pass: [{criteria: ['<10']}], warning: [{criteria: ['<20']}]}]\ntotal_score: {pass: 90%, warning: 50%}\n";
    let value = |value: i32| format!(r#"[{{"metric": "a", "value": {value}, "success": true}}]"#);
    assert_eq!(exit_of(ONE, &value(5), ""), 0);
    assert_eq!(exit_of(ONE, &value(15), ""), 3);
    assert_eq!(exit_of(ONE, &value(15), "--warning-ok"), 0);
    assert_eq!(exit_of(ONE, &value(25), ""), 1);
    assert_eq!(exit_of(ONE, &value(25), "--warning-ok"), 1);
    assert_eq!(exit_of("objectives: 3", &value(5), ""), 2);
    assert_eq!(exit_of(ONE, &value(5), "--get-sli aborted.json"), 4);
    assert_eq!(exit_of(ONE, &value(5), "--get-sli failed.json"), 1);
    assert_eq!(exit_of("", "[]", ""), 0);
}

/// The additive keys; v1 ignores them all.
mod additions {
    use super::*;

    fn verdict(slo: &str, values: &Value, previous: &Value) -> (i32, Value) {
        let workplace = Workplace::new();
        workplace
            .file("slo.yaml", slo)
            .file("values.json", values.to_string())
            .file("previous.json", previous.to_string());
        let ran = workplace.line(
            "gate judge --slo slo.yaml --values values.json --previous previous.json --project p --stage s --service v -o json",
        );
        assert_ne!(ran.code, 2, "{}", ran.stderr);
        (ran.code, ran.json()["data"].clone())
    }

    fn past(id: &str, time: &str, value: f64, labels: &Value) -> Value {
        json!({"id": id, "type": "sh.keptn.event.evaluation.finished", "time": time, "triggeredid": format!("t-{id}"),
            "data": {"project": "p", "stage": "s", "service": "v", "labels": labels, "result": "pass", "evaluation": {"score": 100,
                "indicatorResults": [{"value": {"metric": "a", "value": value, "success": true}}]}}})
    }

    fn measured(value: f64) -> Value {
        json!([{"metric": "a", "value": value, "success": true}])
    }

    #[test]
    fn without_history_a_relative_criterion_is_what_on_no_history_says() {
        let slo = |mode: &str| {
            format!(
                "objectives: [{{sli: a, pass: [{{criteria: ['<=+10%']}}], warning: [{{criteria: ['<=+20%']}}]}}]\n\
                 total_score: {{pass: 90%, warning: 50%}}\ncomparison: {{on_no_history: {mode}}}"
            )
        };
        for (mode, code, score) in [("pass", 0, 100), ("warning", 3, 50), ("fail", 1, 0)] {
            let (exit, data) = verdict(&slo(mode), &measured(5.0), &json!([]));
            assert_eq!((exit, &data["evaluation"]["score"]), (code, &json!(score)), "{mode}");
        }
    }

    #[test]
    fn without_a_value_an_objective_is_what_on_no_data_says() {
        let slo = |mode: &str| {
            format!(
                "objectives: [{{sli: a, pass: [{{criteria: ['<10']}}], key_sli: true, weight: 2, on_no_data: {mode}}}, {{sli: b, pass: [{{criteria: ['<10']}}]}}]\n\
                 total_score: {{pass: 90%, warning: 50%}}"
            )
        };
        let only_b = || json!([{"metric": "b", "value": 1, "success": true}]);
        for (mode, code, status) in [("fail", 1, "fail"), ("warning", 3, "warning"), ("ignore", 0, "info")] {
            let (exit, data) = verdict(&slo(mode), &only_b(), &json!([]));
            assert_eq!((exit, &data["evaluation"]["indicatorResults"][0]["status"]), (code, &json!(status)), "{mode}");
        }
    }

    #[test]
    fn when_nothing_is_left_there_is_no_verdict() {
        let slo = "objectives: [{sli: a, pass: [{criteria: ['<10']}], on_no_data: ignore}, {sli: i}]\ntotal_score: {pass: 90%}";
        let (exit, data) = verdict(slo, &json!([]), &json!([]));
        assert_eq!(exit, 4);
        assert_eq!(
            (&data["status"], &data["result"], &data["evaluation"]["score"]),
            (&json!("errored"), &json!("fail"), &json!(0))
        );
    }

    #[test]
    fn a_baseline_is_chosen_before_results_are_counted() {
        let history = || {
            json!([
                past("new", "2024-01-03T00:00:00Z", 300.0, &json!({"branch": "x"})),
                past("middle", "2024-01-02T00:00:00Z", 200.0, &json!({"branch": "main"})),
                past("old", "2024-01-01T00:00:00Z", 100.0, &json!({"branch": "main"})),
                {"id": "p1", "type": "sh.capstan.event.evaluation.pinned", "time": "2024-02-01T00:00:00Z", "data": {"evaluation": {"id": "middle"}}},
                {"id": "p2", "type": "sh.capstan.event.evaluation.pinned", "time": "2024-02-02T00:00:00Z", "data": {"evaluation": {"id": "old"}}},
            ])
        };
        let compared = |baseline: &str, history: Value| {
            let slo = format!(
                "objectives: [{{sli: a, pass: [{{criteria: ['<=+10%']}}]}}]\ntotal_score: {{pass: 90%}}\n\
                 comparison: {{compare_with: single_result, baseline: {baseline}}}"
            );
            verdict(&slo, &measured(1.0), &history).1["evaluation"]["comparedEvents"].clone()
        };
        assert_eq!(compared("{}", history()), json!(["new"]));
        assert_eq!(compared("{labels: {branch: main}}", history()), json!(["middle"]));
        assert_eq!(compared("{pinned: old}", history()), json!(["old"]));
        assert_eq!(compared("{pinned: latest}", history()), json!(["old"]));
        assert_eq!(compared("{max_age: 1d}", history()), Value::Null);
        let mut unpinned = history();
        unpinned.as_array_mut().unwrap().push(json!({"id": "u", "type": "sh.capstan.event.evaluation.unpinned",
            "time": "2024-02-03T00:00:00Z", "data": {"evaluation": {"id": "old"}}}));
        assert_eq!(compared("{pinned: latest}", unpinned), json!(["middle"]));
        let mut invalidated = history();
        invalidated.as_array_mut().unwrap().push(json!({"id": "i", "type": "sh.keptn.event.evaluation.invalidated",
            "time": "2024-02-03T00:00:00Z", "triggeredid": "t-new", "data": {}}));
        assert_eq!(compared("{}", invalidated), json!(["middle"]));
    }

    #[test]
    fn a_missing_value_that_nothing_limits_could_be_any() {
        let slo = "objectives: [{sli: a, pass: [{criteria: ['<=+10%']}], key_sli: true}, {sli: b, pass: [{criteria: ['<5']}]}]\ntotal_score: {pass: 50%}";
        let (exit, data) = verdict(slo, &json!([{"metric": "b", "value": 1, "success": true}]), &json!([]));
        assert_eq!(exit, 1);
        assert_eq!(
            data["evaluation"]["explanation"]["counterfactuals"][0]["sentence"],
            "any value for a would pass with 100"
        );
    }

    #[test]
    fn files_with_byte_order_marks_are_read() {
        let workplace = Workplace::new();
        let text = "objectives: [{sli: a, pass: [{criteria: ['<5']}]}]\ntotal_score: {pass: 90%}\n";
        let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        workplace.file("wide.yaml", wide).file("marked.yaml", format!("\u{feff}{}", text.replace('\n', "\r\n")));
        workplace.file("values.json", format!("\u{feff}{}", measured(1.0)));
        for slo in ["wide.yaml", "marked.yaml"] {
            workplace.line(&format!("gate judge --slo {slo} --values values.json")).expect(0);
        }
    }

    #[test]
    fn a_limit_below_zero_has_a_notation() {
        let slo = "objectives: [{sli: a, pass: [{criteria: ['<=(-5)']}]}]\ntotal_score: {pass: 90%}";
        assert_eq!(verdict(slo, &measured(-6.0), &json!([])).0, 0);
        assert_eq!(verdict(slo, &measured(-4.0), &json!([])).0, 1);
    }

    #[test]
    fn a_baseline_that_overflows_names_the_evaluations() {
        let workplace = Workplace::new();
        workplace.file("slo.yaml", "objectives: [{sli: a, pass: [{criteria: ['<=+10%']}]}]\ntotal_score: {pass: 90%}\ncomparison: {compare_with: several_results, number_of_comparison_results: 2}");
        workplace.file("values.json", measured(1.0).to_string());
        let history = json!([
            past("e1", "2024-01-03T00:00:00Z", 1.7e308, &json!({})),
            past("e2", "2024-01-02T00:00:00Z", 1.7e308, &json!({}))
        ]);
        workplace.file("previous.json", history.to_string());
        let ran = workplace.line("gate judge --slo slo.yaml --values values.json --previous previous.json").expect(2);
        insta::assert_snapshot!(ran.stderr, @r"
        error: the baseline of 'a' is too large for a number; it comes of the evaluations e1, e2
          help: take the evaluation that does not belong there out of --previous, or add its .invalidated event
        ");
    }
}
