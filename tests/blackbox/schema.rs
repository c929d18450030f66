//! The published schemas are those of the types, and files that are valid obey them.

use serde_json::{Value, json};

use crate::support::{SLO, Workplace, repository};

#[test]
fn published_schemas_are_up_to_date() {
    let workplace = Workplace::new();
    for name in ["slo", "sli", "shipyard"] {
        let path = repository().join(format!("schema/{name}.schema.json"));
        let printed = workplace.line(&format!("schema {name}")).expect(0).stdout;
        let published = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(printed, published, "run: cargo run -p capstan -- schema {name} > schema/{name}.schema.json");
    }
}

fn validator(name: &str) -> jsonschema::Validator {
    let text = std::fs::read_to_string(repository().join(format!("schema/{name}.schema.json"))).unwrap();
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

#[test]
fn a_usual_file_obeys_and_a_wrong_one_does_not() {
    let slo = validator("slo");
    let good = json!({
        "spec_version": "1.0", "filter": {"handler": "x"},
        "comparison": {"compare_with": "several_results", "number_of_comparison_results": 3, "aggregate_function": "p95",
                       "on_no_history": "warning", "baseline": {"labels": {"a": "b"}, "pinned": "latest", "max_age": "30d"}},
        "objectives": [{"sli": "a", "displayName": "A", "pass": [{"criteria": ["<5"]}], "weight": 2, "key_sli": true, "on_no_data": "ignore"}, null],
        "total_score": {"pass": "90%", "warning": 75},
        "unknown": {"v1": "ignores this"},
    });
    let errors: Vec<_> = slo.iter_errors(&good).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    let with = |path: &str, value: Value| {
        let mut changed = good.clone();
        *changed.pointer_mut(path).unwrap() = value;
        changed
    };
    for wrong in [
        with("/objectives/0/pass/0/criteria", json!("<5")),
        with("/objectives/0/weight", json!(-1)),
        with("/comparison/aggregate_function", json!("p99")),
        with("/comparison/number_of_comparison_results", json!(101)),
        with("/total_score", json!("90%")),
    ] {
        assert!(!slo.is_valid(&wrong), "{wrong}");
    }
    assert!(
        validator("sli").is_valid(&json!({"spec_version": "1.0", "indicators": {"a": "up"}, "sources": {"a": "prom"}}))
    );
    assert!(!validator("sli").is_valid(&json!({"indicators": ["up"]})));
    assert!(!SLO.is_empty());
}

#[test]
fn a_usual_shipyard_obeys_and_a_wrong_one_does_not() {
    let shipyard = validator("shipyard");
    let good = json!({
        "apiVersion": "spec.keptn.sh/0.2.3", "kind": "Shipyard", "metadata": {"name": "shop"},
        "spec": {"stages": [{"name": "dev", "sequences": [{
            "name": "delivery",
            "triggeredOn": [{"event": "dev.delivery.finished", "selector": {"match": {"result": "fail"}}}],
            "timeout": "2h", "concurrency": {"key": "deploy-{service}", "policy": "supersede"},
            "tasks": [{"name": "deployment", "triggeredAfter": "10m", "properties": {"any": ["thing", 1]}},
                      {"name": "test", "properties": null, "startTimeout": "5m", "timeout": "1h30m", "when": "result == 'pass'",
                       "retry": {"attempts": 3, "backoff": "10s"}, "parallel": "checks", "join": "any", "finally": true}],
        }]}]},
        "unknown": {"v1": "ignores this"},
    });
    let errors: Vec<_> = shipyard.iter_errors(&good).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    for (path, value) in [
        ("/apiVersion", json!(null)),
        ("/spec/stages", json!([])),
        ("/spec/stages/0/name", json!("Dev")),
        ("/spec/stages/0/sequences", json!({"name": "delivery"})),
        ("/spec/stages/0/sequences/0/tasks/0", json!("deployment")),
        ("/spec/stages/0/sequences/0/triggeredOn/0", json!("dev.delivery.finished")),
        ("/spec/stages/0/sequences/0/timeout", json!("2")),
        ("/spec/stages/0/sequences/0/concurrency/policy", json!("replace")),
        ("/spec/stages/0/sequences/0/tasks/1/timeout", json!("soon")),
        ("/spec/stages/0/sequences/0/tasks/1/retry", json!({"backoff": "10s"})),
        ("/spec/stages/0/sequences/0/tasks/1/retry/attempts", json!(0)),
        ("/spec/stages/0/sequences/0/tasks/1/join", json!("every")),
        ("/spec/stages/0/sequences/0/tasks/1/finally", json!("sometimes")),
    ] {
        let mut wrong = good.clone();
        *wrong.pointer_mut(path).unwrap() = value;
        assert!(!shipyard.is_valid(&wrong), "{path}");
    }
}
