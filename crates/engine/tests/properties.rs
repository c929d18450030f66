//! What holds for every evaluation, whatever the file, the values and the past.

#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

use capstan_engine::evaluate::{Decision, GetSli, History, Request, SloText, Verdict, decide};
use capstan_model::event::CloudEvent;
use capstan_model::event::evaluation::{FINISHED, Subject};
use capstan_model::event::result::{IndicatorStatus, ResultKind};
use capstan_model::event::sli::SliValue;
use capstan_model::slo;
use capstan_model::timeframe;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::json;

#[derive(Debug, Clone)]
struct Scene {
    text: String,
    values: Vec<SliValue>,
    past: Vec<(f64, &'static str)>,
}

fn criterion() -> impl Strategy<Value = String> {
    let operator = prop::sample::select(vec!["<", "<=", "=", ">=", ">"]);
    let target = prop_oneof![
        (-100..100i32).prop_map(|n| if n < 0 { format!("({n})") } else { n.to_string() }),
        (-50..50i32).prop_map(|n| format!("{n:+}%")),
        (-50..50i32).prop_map(|n| format!("{n:+}")),
    ];
    (operator, target).prop_map(|(operator, target)| format!("'{operator}{target}'"))
}

fn groups() -> impl Strategy<Value = String> {
    let group = prop::collection::vec(criterion(), 1..3)
        .prop_map(|criteria| format!("{{criteria: [{}]}}", criteria.join(", ")));
    prop::collection::vec(group, 0..3).prop_map(|groups| groups.join(", "))
}

fn scenes() -> impl Strategy<Value = Scene> {
    let modes = || prop::sample::select(vec!["fail", "warning", "ignore"]);
    let objective = (groups(), groups(), 1..5i32, any::<bool>(), modes(), 0..4usize);
    let value = prop_oneof![
        3 => (-200..200i32).prop_map(|n| Some(f64::from(n) / 2.0)),
        1 => Just(None),
    ];
    let past = (-200..200i32, prop::sample::select(vec!["pass", "warning", "fail"]));
    (
        prop::collection::vec(objective, 1..6),
        prop::collection::vec(value, 4),
        prop::collection::vec(past, 0..6),
        prop::sample::select(vec!["pass", "warning", "fail"]),
        prop::sample::select(vec!["all", "pass", "pass_or_warn"]),
        prop::sample::select(vec!["avg", "p50", "p90", "p95"]),
        (0..=100i32, 0..=100i32),
    )
        .prop_map(|(objectives, values, past, no_history, include, aggregate, (pass, warning))| {
            let mut text = format!(
                "comparison: {{compare_with: several_results, number_of_comparison_results: 3, include_result_with_score: {include}, \
                 aggregate_function: {aggregate}, on_no_history: {no_history}}}\ntotal_score: {{pass: {pass}, warning: {warning}}}\nobjectives:\n"
            );
            for (pass, warning, weight, key, mode, sli) in objectives {
                text.push_str(&format!(
                    "- {{sli: m{sli}, pass: [{pass}], warning: [{warning}], weight: {weight}, key_sli: {key}, on_no_data: {mode}}}\n"
                ));
            }
            let values = values.into_iter().enumerate().map(|(at, value)| match value {
                Some(value) => SliValue::measured(format!("m{at}"), value),
                None => SliValue::missing(format!("m{at}"), "no data"),
            });
            Scene { text, values: values.collect(), past: past.into_iter().map(|(n, result)| (f64::from(n), result)).collect() }
        })
}

fn history(past: &[(f64, &str)]) -> History {
    let newest: Timestamp = "2024-01-01T00:00:00Z".parse().unwrap();
    let events = past.iter().enumerate().map(|(at, (value, result))| {
        let indicators: Vec<_> =
            (0..4).map(|m| json!({"value": {"metric": format!("m{m}"), "value": value, "success": true}})).collect();
        CloudEvent::from_json(json!({
            "id": format!("e{at}"), "type": FINISHED, "time": timeframe::display(newest - SignedDuration::from_hours(at as i64)),
            "data": {"result": result, "evaluation": {"indicatorResults": indicators}},
        }))
        .unwrap()
    });
    History::from_events(events).unwrap()
}

fn judge(scene: &Scene, values: &[SliValue]) -> Decision {
    let read = slo::read(&scene.text).unwrap();
    let get_sli = GetSli { values: values.to_vec(), ..GetSli::default() };
    let request = Request {
        subject: &Subject::default(),
        time_start: "",
        time_end: "",
        slo: Some(SloText { slo: &read.slo, text: &scene.text }),
        get_sli: &get_sli,
        history: &history(&scene.past),
        now: "2024-01-02T00:00:00Z".parse().unwrap(),
    };
    decide(&request).unwrap()
}

proptest! {
    #[test]
    fn a_score_is_what_its_explanation_adds_up_to(scene in scenes()) {
        let decision = judge(&scene, &scene.values);
        let evaluation = &decision.finished.evaluation;
        prop_assert!((0.0..=100.0).contains(&evaluation.score));
        let explanation = evaluation.explanation.as_ref().unwrap();
        let indicators = evaluation.indicator_results.as_ref().unwrap();
        prop_assert_eq!(indicators.len(), explanation.objectives.len());
        if let Some(total) = &explanation.total {
            let won: f64 = explanation.objectives.iter().map(|objective| objective.won).sum();
            let lost: f64 = explanation.objectives.iter().map(|objective| objective.lost).sum();
            prop_assert_eq!(won, total.won);
            prop_assert_eq!(won + lost, total.maximum);
            let score = if total.maximum == 0.0 { 100.0 } else { 100.0 * (total.won / total.maximum) };
            prop_assert_eq!(score, evaluation.score);
        }
        for (indicator, explained) in indicators.iter().zip(&explanation.objectives) {
            prop_assert_eq!(indicator.status, explained.status);
        }
    }

    #[test]
    fn the_same_request_gives_the_same_bits(scene in scenes()) {
        prop_assert_eq!(judge(&scene, &scene.values), judge(&scene, &scene.values));
    }

    #[test]
    fn the_order_of_values_does_not_matter(scene in scenes()) {
        let reversed: Vec<_> = scene.values.iter().rev().cloned().collect();
        let (one, other) = (judge(&scene, &scene.values), judge(&scene, &reversed));
        prop_assert_eq!(one.finished.evaluation.score, other.finished.evaluation.score);
        prop_assert_eq!(one.verdict, other.verdict);
    }

    #[test]
    fn a_counterfactual_comes_true(scene in scenes()) {
        let decision = judge(&scene, &scene.values);
        let explanation = decision.finished.evaluation.explanation.as_ref().unwrap();
        for change in &explanation.counterfactuals {
            let changed: Vec<_> = scene
                .values
                .iter()
                .map(|value| if value.metric == change.sli { SliValue::measured(&change.sli, change.to) } else { value.clone() })
                .collect();
            let again = judge(&scene, &changed);
            prop_assert_eq!(again.verdict, Verdict::Judged(change.result), "{:?}", change);
            prop_assert_eq!(again.finished.evaluation.score, change.score, "{:?}", change);
            prop_assert_ne!(decision.verdict, again.verdict);
        }
    }

    #[test]
    fn a_failed_key_objective_fails_the_gate(scene in scenes()) {
        let decision = judge(&scene, &scene.values);
        let read = slo::read(&scene.text).unwrap();
        let indicators = decision.finished.evaluation.indicator_results.as_ref().unwrap();
        let key_failed = read.slo.objectives.iter().zip(indicators).any(|(objective, indicator)| {
            objective.key_sli && indicator.status == IndicatorStatus::Fail
        });
        if key_failed {
            prop_assert_eq!(decision.verdict, Verdict::Judged(ResultKind::Fail));
        }
    }
}
