//! Triggers that start something, and those that cannot (contract: core.md 2.3).

use capstan_engine::orchestrate::{Begun, Limits, Run, Subject, Why, begin};
use capstan_model::event::CloudEvent;
use capstan_model::shipyard::Shipyard;
use serde_json::{Map, Value, json};

use super::driver::{START, shipyard};

fn trigger(kind: &str, data: Value) -> CloudEvent {
    CloudEvent {
        id: "trigger".to_owned(),
        source: "test".to_owned(),
        kind: format!("sh.keptn.event.{kind}.triggered"),
        time: Some(START),
        context: Some("run".to_owned()),
        triggered_id: None,
        commit: None,
        extensions: Map::new(),
        data,
    }
}

fn scope() -> Value {
    json!({ "project": "p", "stage": "dev", "service": "svc" })
}

fn begun(event: &CloudEvent, shipyard: Option<&Shipyard>, had: u32) -> Begun {
    let subject = Subject::of(event).unwrap().unwrap();
    let mut run = Run::new("run", event, 7, subject, START);
    run.commit = run.commit.or(Some("head".to_owned()));
    run.sequences = had;
    begin(event, subject, 7, &run, shipyard, &Limits::default(), START)
}

fn refusal(kind: &str, shipyard: Option<&Shipyard>, had: u32) -> String {
    let event = trigger(kind, scope());
    let Begun::Refused(refusal) = begun(&event, shipyard, had) else { panic!("'{kind}' begins") };
    let finished = &refusal.finished;
    assert_eq!(finished.kind, format!("sh.keptn.event.{kind}.finished"));
    assert_eq!(finished.triggered_id.as_deref(), Some("trigger"));
    let data = json!({ "project": "p", "stage": "dev", "service": "svc", "status": "errored", "result": "fail",
                       "message": refusal.message });
    assert_eq!(finished.data, data);
    refusal.message
}

#[test]
fn scenario_12_what_cannot_start_says_why() {
    let shipyard =
        shipyard("{name: dev, sequences: [{name: empty, tasks: []}, {name: delivery, tasks: [{name: build}]}]}");
    let known = Some(&shipyard);
    let other = crate::driver::shipyard("{name: prod, sequences: []}");
    assert_eq!(
        refusal("dev.delivery", None, 0),
        "Unable to retrieve Shipyard file: could not retrieve shipyard.yaml for project p: Resource not found"
    );
    assert_eq!(refusal("dev.delivery", Some(&other), 0), "Unable to start sequence delivery: no stage with name dev");
    assert_eq!(
        refusal("dev.nothing", known, 0),
        "Unable to start sequence nothing: no task sequence with name nothing found in stage dev"
    );
    assert_eq!(refusal("dev.empty", known, 0), "Unable to start sequence empty: it has no tasks in stage dev");
}

#[test]
fn a_run_has_a_thousand_sequences_and_no_more() {
    let shipyard = shipyard("{name: dev, sequences: [{name: delivery, tasks: [{name: build}]}]}");
    let event = trigger("dev.delivery", scope());
    assert!(matches!(begun(&event, Some(&shipyard), 999), Begun::Sequence(_)));
    assert_eq!(
        refusal("dev.delivery", Some(&shipyard), 1_000),
        "Unable to start sequence delivery: the run has had 1000 sequences, as many as one may have; do they trigger each \
         other for ever?"
    );
}

#[test]
fn scenario_13_every_stage_can_be_evaluated_and_its_own_definition_counts() {
    let implicit = shipyard("{name: dev, sequences: []}");
    let event = trigger("dev.evaluation", scope());
    let Begun::Sequence(birth) = begun(&event, Some(&implicit), 0) else { panic!("it is refused") };
    let names =
        |tasks: &[capstan_model::shipyard::Task]| tasks.iter().map(|task| task.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&birth.definition.tasks), ["evaluation"]);
    let own = shipyard("{name: dev, sequences: [{name: evaluation, tasks: [{name: get-sli}, {name: judge}]}]}");
    let Begun::Sequence(birth) = begun(&event, Some(&own), 0) else { panic!("it is refused") };
    assert_eq!(names(&birth.definition.tasks), ["get-sli", "judge"]);
    let empty = shipyard("{name: dev, sequences: [{name: evaluation, tasks: []}]}");
    assert_eq!(
        refusal("dev.evaluation", Some(&empty), 0),
        "Unable to start sequence evaluation: it has no tasks in stage dev"
    );
    for kind in ["dev.remediation", "dev.rollback", "dev.approval"] {
        assert!(refusal(kind, Some(&implicit), 0).contains("no task sequence with name"));
    }
}

#[test]
fn the_stage_is_that_of_the_data_and_the_sequence_that_of_the_type() {
    let shipyard = shipyard("{name: dev, sequences: [{name: delivery, tasks: [{name: build}]}]}");
    let event = trigger("elsewhere.delivery", scope());
    let Begun::Sequence(birth) = begun(&event, Some(&shipyard), 0) else { panic!("it is refused") };
    assert_eq!((&*birth.scope.stage, &*birth.definition.name), ("dev", "delivery"));
}

#[test]
fn a_trigger_without_project_stage_or_service_is_none() {
    for field in ["project", "stage", "service"] {
        for empty in [Value::Null, json!(""), json!(7)] {
            let mut data = scope();
            data[field] = empty;
            let event = trigger("dev.delivery", data);
            assert_eq!(Subject::of(&event), Some(Err(Why::Missing { field: format!("data.{field}") })));
        }
    }
    assert_eq!(Subject::of(&trigger("build", scope())), None, "tasks are no sequences");
    assert_eq!(Subject::of(&trigger("dev", json!("text"))), None);
}

#[test]
fn the_senders_commit_counts_and_else_that_of_the_run() {
    let shipyard = shipyard("{name: dev, sequences: [{name: delivery, tasks: [{name: build}]}]}");
    let mut event = trigger("dev.delivery", scope());
    let commit = |event: &CloudEvent| match begun(event, Some(&shipyard), 0) {
        Begun::Sequence(birth) => birth.scope.commit.clone(),
        Begun::Refused(refusal) => panic!("{}", refusal.message),
    };
    assert_eq!(commit(&event).as_deref(), Some("head"));
    event.commit = Some("senders".to_owned());
    assert_eq!(commit(&event).as_deref(), Some("senders"));
}
