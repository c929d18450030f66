//! Values such as real runs have.

use std::collections::BTreeMap;
use std::sync::Arc;

use capstan_engine::orchestrate::{
    Attempt, AttemptEnd, Birth, Deadline, DoneTask, Ending, Fact, LatestEvaluation, LatestEvent, Lease, NotPassed,
    OpenSequence, OpenTask, Outcome, PastAttempt, Phase, Place, Queue, Rerun, Run, RunResult, Scope, Sequence, Slot,
    StageView, TaskEnd, TaskEvent, TaskState,
};
use capstan_model::event::{CloudEvent, event_type};
use capstan_model::shipyard;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Number, Value, json};

use super::lab::at;
use crate::ports::{Configuration, LastEnd, LastEvent, NewFact, ProjectId, Service, ServiceView};

/// The type of most events here.
pub(super) const DEPLOYMENT: &str = "sh.keptn.event.deployment.triggered";

pub(super) fn configuration(name: &str) -> Configuration {
    Configuration { shipyard: format!("hash-{name}"), commit: format!("commit-{name}") }
}

/// An event of a task in project 'shop', stage 'dev', service 'cart', context 'c-1'.
pub(super) fn event(id: &str, time: Timestamp) -> CloudEvent {
    let mut extensions = Map::new();
    extensions.insert("shkeptnspecversion".to_owned(), json!("0.2.4"));
    CloudEvent {
        id: id.to_owned(),
        source: "shipyard-controller".to_owned(),
        kind: DEPLOYMENT.to_owned(),
        time: Some(time),
        context: Some("c-1".to_owned()),
        triggered_id: None,
        commit: Some("0a1b2c".to_owned()),
        extensions,
        data: json!({"project": "shop", "stage": "dev", "service": "cart", "deployment": {"deploymentstrategy": "direct"}}),
    }
}

/// An event in another context.
pub(super) fn event_in(context: &str, id: &str, time: Timestamp) -> CloudEvent {
    CloudEvent { context: Some(context.to_owned()), ..event(id, time) }
}

pub(super) fn service(name: &str, created: Timestamp) -> Service {
    Service { name: name.to_owned(), created }
}

pub(super) fn view(event_id: &str) -> ServiceView {
    let last = LastEvent { event_id: event_id.to_owned(), context: "c-1".to_owned(), time: at(1) };
    ServiceView {
        last_events: BTreeMap::from([(DEPLOYMENT.to_owned(), last)]),
        deployed_image: Some("registry/cart:1.2".to_owned()),
        last_end: Some(LastEnd { result: "warning".to_owned(), context: "c-1".to_owned(), at: at(2) }),
        last_score: Number::from_f64(66.666_666_666_666_67),
    }
}

/// A run of project 'shop' that is under way.
pub(super) fn run(context: &str, time: Timestamp) -> Run {
    let latest = LatestEvent { kind: DEPLOYMENT.to_owned(), id: "e-1".to_owned(), time: at(2) };
    Run {
        context: context.to_owned(),
        project: "shop".to_owned(),
        service: "cart".to_owned(),
        name: "delivery".to_owned(),
        time,
        ordinal: 1,
        problem_title: Some("'slow' response".to_owned()),
        shipyard: Some("hash-a".to_owned()),
        commit: None,
        sequences: 1,
        following: 0,
        open: BTreeMap::from([(format!("{context}-s"), OpenSequence { stage: "dev".to_owned(), queued: false })]),
        paused: false,
        paused_stages: ["staging".to_owned()].into(),
        last: Outcome::Finished,
        last_end: Some(at(3)),
        not_passed: BTreeMap::from([(
            format!("{context}-old"),
            NotPassed {
                stage: "dev".to_owned(),
                sequence: "delivery".to_owned(),
                result: RunResult::Warning,
                began: true,
            },
        )]),
        reruns: 2,
        stages: vec![StageView {
            name: "dev".to_owned(),
            state: "triggered".to_owned(),
            image: Some("registry/cart:1.2".to_owned()),
            latest_evaluation: Some(LatestEvaluation {
                result: "pass".to_owned(),
                score: json!(66.666_666_666_666_67),
            }),
            latest_event: Some(latest.clone()),
            latest_failed_event: Some(latest),
        }],
    }
}

/// A sequence of project 'shop' whose first task is offered.
pub(super) fn sequence(id: &str, triggered_at: Timestamp, ordinal: u64) -> Sequence {
    Sequence {
        id: id.to_owned(),
        scope: Arc::new(scope(id)),
        definition: Arc::new(definition()),
        input: match json!({"zeta": 1, "alpha": [true, null, {"b": 1.5}], "project": "shop"}) {
            Value::Object(map) => Arc::new(map),
            _ => Arc::default(),
        },
        triggered_at,
        ordinal,
        key: Some("deploy-'cart'".to_owned()),
        rerun: Some(Box::new(Rerun {
            of: "s-0".to_owned(),
            by: "kim".to_owned(),
            reason: "the cluster was full".to_owned(),
            attempts: vec![(1, 2)],
        })),
        phase: offered(0),
        slot: Slot::Held,
        paused: false,
        deadline: Some(Deadline::At(at(9_000))),
        closing: None,
        done: vec![Arc::new(DoneTask {
            task: 0,
            end: TaskEnd::Answered,
            message: "built".to_owned(),
            labels: json!({"build": "17"}),
            past: vec![past()],
            name: "build".to_owned(),
            triggered_id: format!("{id}-t0"),
            attempts: 2,
            result: "pass".to_owned(),
            status: "succeeded".to_owned(),
            properties: json!({"build": {"image": "registry/cart:1.2"}}),
        })],
        latest_events: vec![Arc::new(LatestEvent { kind: DEPLOYMENT.to_owned(), id: format!("{id}-e1"), time: at(2) })],
    }
}

pub(super) fn scope(id: &str) -> Scope {
    Scope {
        project: "shop".to_owned(),
        stage: "dev".to_owned(),
        service: "cart".to_owned(),
        context: "c-1".to_owned(),
        triggered_id: format!("{id}-trigger"),
        event_type: event_type::of_sequence("dev", "delivery", "triggered"),
        labels: json!({"build": "17"}),
        status: "succeeded".to_owned(),
        result: String::new(),
        message: "started by 'ci'".to_owned(),
        commit: Some("0a1b2c".to_owned()),
    }
}

/// A sequence of a shipyard with a task and an approval.
pub(super) fn definition() -> shipyard::Sequence {
    let task =
        |name: &str, properties| shipyard::Task { name: name.to_owned(), properties, ..shipyard::Task::default() };
    shipyard::Sequence {
        name: "delivery".to_owned(),
        triggered_on: vec![shipyard::Trigger {
            event: "dev.delivery.finished".to_owned(),
            selector: BTreeMap::from([("result".to_owned(), "pass".to_owned())]),
        }],
        tasks: vec![
            shipyard::Task {
                triggered_after: Some("10m".to_owned()),
                ..task("deployment", json!({"deploymentstrategy": "direct"}))
            },
            task("approval", Value::Null),
        ],
        ..shipyard::Sequence::default()
    }
}

/// A task that is tried for the second time.
pub(super) fn offered(task: usize) -> Phase {
    let state = TaskState::Offered(Box::new(attempt(task)));
    Phase::Running { open: vec![OpenTask { task, number: 2, past: vec![past()], state }] }
}

/// A task that is not offered yet.
pub(super) fn ready(task: usize, due: Option<Timestamp>) -> Phase {
    Phase::Running { open: vec![OpenTask { task, number: 1, past: Vec::new(), state: TaskState::Ready { due } }] }
}

fn past() -> PastAttempt {
    PastAttempt {
        number: 1,
        triggered_id: "t-past".to_owned(),
        end: AttemptEnd::LeaseLost,
        message: "'helm-service' gave no sign of life".to_owned(),
        at: at(2),
    }
}

pub(super) fn lease() -> Lease {
    Lease {
        id: "t-0.1".to_owned(),
        tool: "helm-service".to_owned(),
        term: SignedDuration::from_secs(60),
        granted_at: at(4),
        last_sign: at(5),
        deadline: Deadline::At(at(65)),
        progress: "3 of 7 pods".to_owned(),
    }
}

fn attempt(task: usize) -> Attempt {
    Attempt {
        triggered_id: format!("t-{task}"),
        offered_at: at(3),
        last_sign: at(4),
        deadline: Deadline::At(at(600)),
        image: Some("registry/cart:1.2".to_owned()),
        asks: false,
        events: vec![task_event("started-1", false), task_event("finished-1", true)],
        leases: vec![lease()],
        claims: 1,
    }
}

pub(super) fn task_event(id: &str, finished: bool) -> Arc<TaskEvent> {
    Arc::new(TaskEvent {
        id: id.to_owned(),
        event_type: event_type::of_task("deployment", if finished { "finished" } else { "started" }),
        finished,
        source: "helm-service".to_owned(),
        result: if finished { "pass" } else { "" }.to_owned(),
        status: "succeeded".to_owned(),
        time: at(4),
        data: if finished { json!({"deployment": {"deploymentURIsLocal": ["http://cart"]}}) } else { Value::Null },
    })
}

pub(super) fn ending(outcome: Outcome) -> Ending {
    Ending {
        outcome,
        status: "errored".to_owned(),
        result: "fail".to_owned(),
        message: "nobody started on 'deployment'".to_owned(),
        event_id: "end-1".to_owned(),
        at: at(700),
    }
}

pub(super) fn birth(id: &str) -> Birth {
    let born = sequence(id, at(0), 7);
    Birth {
        id: born.id,
        scope: born.scope,
        definition: born.definition,
        input: born.input,
        ordinal: 7,
        paused: true,
        key: born.key,
        rerun: born.rerun,
        done: born.done,
    }
}

pub(super) fn queue(names: &[&str]) -> Queue {
    let mut queue = Queue::default();
    for (ordinal, name) in names.iter().enumerate() {
        let (sequence, context) = ((*name).to_owned(), format!("c-{name}"));
        queue.want(Place { sequence, context, ordinal: ordinal as u64 });
    }
    queue
}

/// A fact of context 'c-1'.
pub(super) fn fact(project: Option<ProjectId>, fact: &Fact) -> NewFact<'_> {
    NewFact { project, context: "c-1", sequence: Some("s-1"), at: at(5), fact }
}
