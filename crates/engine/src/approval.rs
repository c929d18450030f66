//! What the built-in approval tool answers (contract: core.md 7.1).

use capstan_model::event::cloud_event::KEPTN_SPEC_VERSION;
use capstan_model::event::rest::data_text;
use capstan_model::event::{CloudEvent, event_type};
use jiff::Timestamp;
use serde_json::{Map, json};

use crate::orchestrate::{APPROVAL, Approval, ids};

/// The `source` of its events, as in v1.
pub const SOURCE: &str = "approval-service";

/// The answers to `approval.triggered`: always that it has started, and where nobody needs to be asked the decision. Their
/// ids follow from the id of the event that is answered.
pub fn answers(triggered: &CloudEvent) -> Vec<CloudEvent> {
    let Some(data) = triggered.data.as_object() else { return Vec::new() };
    let approval = Approval::of(data);
    let strategy = if approval.strategy.is_empty() { "manual" } else { approval.strategy };
    let said = data_text(&triggered.data, "result");
    let message = format!("Approval strategy for result '{said}': {strategy}");
    let mut events = vec![answer(triggered, "started", None, &message)];
    if let Some(decision) = approval.decision() {
        events.push(answer(triggered, "finished", Some(decision), ""));
    }
    events
}

fn answer(triggered: &CloudEvent, phase: &str, result: Option<&str>, message: &str) -> CloudEvent {
    let field = |name: &str| data_text(&triggered.data, name);
    let mut data = json!({ "project": field("project"), "stage": field("stage"), "service": field("service") });
    if let Some(labels) = triggered.data.get("labels").filter(|labels| labels.is_object()) {
        data["labels"] = labels.clone();
    }
    data["status"] = "succeeded".into();
    if let Some(result) = result {
        data["result"] = result.into();
    }
    if !message.is_empty() {
        data["message"] = message.into();
    }
    let mut extensions = Map::new();
    extensions.insert("contenttype".to_owned(), "application/json".into());
    extensions.insert("shkeptnspecversion".to_owned(), KEPTN_SPEC_VERSION.into());
    let at = triggered.time.unwrap_or(Timestamp::UNIX_EPOCH);
    CloudEvent {
        id: ids::derive(at, &[&triggered.id, SOURCE, phase]),
        source: SOURCE.to_owned(),
        kind: event_type::of_task(APPROVAL, phase),
        time: None,
        context: triggered.context.clone(),
        triggered_id: Some(triggered.id.clone()),
        commit: None,
        extensions,
        data,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn triggered(data: Value) -> CloudEvent {
        CloudEvent {
            id: "t".to_owned(),
            source: "shipyard-controller".to_owned(),
            kind: "sh.keptn.event.approval.triggered".to_owned(),
            time: None,
            context: Some("c".to_owned()),
            triggered_id: None,
            commit: None,
            extensions: Map::new(),
            data,
        }
    }

    /// The decision: a result, or none while a person is asked.
    fn decision(data: Value) -> Option<String> {
        let events = answers(&triggered(data));
        assert_eq!(events[0].kind, "sh.keptn.event.approval.started");
        events.get(1).map(|event| {
            assert_eq!(event.kind, "sh.keptn.event.approval.finished");
            assert_eq!(event.data["status"], "succeeded");
            event.data["result"].as_str().unwrap().to_owned()
        })
    }

    #[test]
    fn the_matrix_of_results_and_strategies() {
        for other in ["automatic", "manual", "", "later"] {
            let case = |result: &str, pass: &str, warning: &str| {
                decision(json!({ "result": result, "approval": { "pass": pass, "warning": warning } }))
            };
            assert_eq!(case("pass", "automatic", other).as_deref(), Some("pass"));
            assert_eq!(case("warning", other, "automatic").as_deref(), Some("pass"), "a warning is upgraded");
            assert_eq!(case("fail", other, other).as_deref(), Some("fail"));
            assert_eq!(case("", other, other), None);
            assert_eq!(case("odd", other, other), None);
            if other != "automatic" {
                assert_eq!(case("pass", other, "automatic"), None);
                assert_eq!(case("warning", "automatic", other), None);
            }
        }
        assert_eq!(decision(json!({ "result": "pass" })), None, "without strategies a person is asked");
    }

    #[test]
    fn without_a_result_that_of_the_evaluation_counts() {
        let strategies = json!({ "pass": "automatic", "warning": "manual" });
        let data = json!({ "evaluation": { "result": "pass" }, "approval": strategies });
        assert_eq!(decision(data).as_deref(), Some("pass"));
    }

    #[test]
    fn the_start_says_which_strategy_counts_and_echoes_the_labels() {
        let data = json!({
            "project": "p", "stage": "prod", "service": "svc", "result": "pass", "labels": {"build": "1"},
            "approval": {"pass": "manual", "warning": "manual"},
        });
        let started = answers(&triggered(data)).remove(0);
        assert_eq!(
            started.data,
            json!({
                "project": "p", "stage": "prod", "service": "svc", "labels": {"build": "1"}, "status": "succeeded",
                "message": "Approval strategy for result 'pass': manual",
            })
        );
        assert_eq!((&*started.source, started.triggered_id.as_deref()), ("approval-service", Some("t")));
    }
}
