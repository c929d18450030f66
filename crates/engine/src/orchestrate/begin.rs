//! From a `.triggered` event to a sequence (contract: core.md 2.3 and 3.1).

use std::sync::Arc;

use capstan_model::event::rest::data_text;
use capstan_model::event::{CloudEvent, EventType, event_type};
use capstan_model::shipyard::{self, Shipyard};
use jiff::Timestamp;

use super::fact::{Birth, Why};
use super::limits::Limits;
use super::made::control_plane_event;
use super::run::Run;
use super::sequence::Scope;
use super::{ids, payload};

/// The name of the sequence that every stage has, defined or not.
const EVALUATION: &str = "evaluation";

/// What a `.triggered` event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject<'a> {
    /// `data.project`.
    pub project: &'a str,
    /// `data.stage`; as in v1 it counts, not the stage in the type.
    pub stage: &'a str,
    /// `data.service`.
    pub service: &'a str,
    /// From the type.
    pub sequence: &'a str,
}

impl<'a> Subject<'a> {
    /// Reads it from an event of type `<stage>.<sequence>.triggered`; none for any other type.
    pub fn of(event: &'a CloudEvent) -> Option<Result<Self, Why>> {
        let EventType::Sequence { sequence, phase: "triggered", .. } = EventType::parse(&event.kind) else {
            return None;
        };
        let text = |field: &str| data_text(&event.data, field);
        let subject = Self { project: text("project"), stage: text("stage"), service: text("service"), sequence };
        for (field, text) in [("project", subject.project), ("stage", subject.stage), ("service", subject.service)] {
            if text.is_empty() {
                return Some(Err(Why::Missing { field: format!("data.{field}") }));
            }
        }
        Some(Ok(subject))
    }
}

/// What a `.triggered` event led to.
#[derive(Debug, Clone, PartialEq)]
pub enum Begun {
    /// A sequence.
    Sequence(Box<Birth>),
    /// None; the sender is told by an event.
    Refused(Box<Refusal>),
}

/// Why there is no sequence.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// A sentence.
    pub message: String,
    /// The `.finished` event that says so: status errored, result fail.
    pub finished: CloudEvent,
}

/// Decides what a `.triggered` event leads to. `position` is its commit position; `shipyard` that of the run.
pub fn begin(
    event: &CloudEvent,
    subject: Subject<'_>,
    position: u64,
    run: &Run,
    shipyard: Option<&Shipyard>,
    limits: &Limits,
    at: Timestamp,
) -> Begun {
    let scope = scope(event, subject, run);
    let definition = match event.data.as_object().and_then(|data| payload::too_large(data, limits.payload)) {
        Some(why) => Err(format!("Unable to start sequence {}: {why}", subject.sequence)),
        None => definition(subject, run, shipyard, limits),
    };
    let input = event.data.as_object().cloned().unwrap_or_default();
    let defined = definition.and_then(|definition| {
        let key = definition.concurrency.as_ref().map_or(Ok(None), |concurrency| concurrency.key_for(&input));
        let key = key.map_err(|why| format!("Unable to start sequence {}: {why}", subject.sequence))?;
        Ok((definition, key))
    });
    match defined {
        Ok((definition, key)) => {
            let (scope, input) = (Arc::new(scope), Arc::new(input));
            let paused = run.is_paused(subject.stage);
            let id = ids::derive(at, &[&event.source, &event.id, "sequence"]);
            let (ordinal, rerun, done) = (position, None, Vec::new());
            Begun::Sequence(Box::new(Birth { id, scope, definition, input, ordinal, paused, key, rerun, done }))
        }
        Err(message) => Begun::Refused(Box::new(refuse(event, &scope, subject.sequence, message, at))),
    }
}

/// The refusal of a sequence.
pub(super) fn refuse(event: &CloudEvent, scope: &Scope, sequence: &str, message: String, at: Timestamp) -> Refusal {
    let id = ids::derive(at, &[&event.source, &event.id, "refused"]);
    let kind = event_type::of_sequence(&scope.stage, sequence, "finished");
    let data = payload::of_end(scope, &scope.labels, "errored", "fail", &message);
    let mut finished = control_plane_event(id, kind, &scope.context, at, data);
    finished.triggered_id = Some(event.id.clone());
    Refusal { message, finished }
}

fn scope(event: &CloudEvent, subject: Subject<'_>, run: &Run) -> Scope {
    let text = |field: &str| data_text(&event.data, field).to_owned();
    Scope {
        project: subject.project.to_owned(),
        stage: subject.stage.to_owned(),
        service: subject.service.to_owned(),
        context: run.context.clone(),
        triggered_id: event.id.clone(),
        event_type: event.kind.clone(),
        labels: event.data.get("labels").cloned().unwrap_or_default(),
        status: text("status"),
        result: text("result"),
        message: text("message"),
        commit: event.commit.clone().or_else(|| run.commit.clone()),
    }
}

/// The tasks as the run's shipyard has them, or why there are none; v1's sentences.
fn definition(
    subject: Subject<'_>,
    run: &Run,
    shipyard: Option<&Shipyard>,
    limits: &Limits,
) -> Result<Arc<shipyard::Sequence>, String> {
    let Subject { project, stage, sequence, .. } = subject;
    if run.sequences >= limits.sequences {
        return Err(format!(
            "Unable to start sequence {sequence}: the run has had {} sequences, as many as one may have; do they trigger \
             each other for ever?",
            limits.sequences
        ));
    }
    let shipyard = shipyard.ok_or_else(|| {
        format!(
            "Unable to retrieve Shipyard file: could not retrieve shipyard.yaml for project {project}: Resource not found"
        )
    })?;
    let stage_definition = shipyard
        .stage(stage)
        .ok_or_else(|| format!("Unable to start sequence {sequence}: no stage with name {stage}"))?;
    let definition = match stage_definition.sequence(sequence) {
        Some(definition) => Arc::clone(definition),
        None if sequence == EVALUATION => Arc::new(implicit_evaluation()),
        None => {
            return Err(format!(
                "Unable to start sequence {sequence}: no task sequence with name {sequence} found in stage {stage}"
            ));
        }
    };
    if definition.tasks.is_empty() {
        return Err(format!("Unable to start sequence {sequence}: it has no tasks in stage {stage}"));
    }
    Ok(definition)
}

/// Every stage can be evaluated (contract: core.md 2.3).
fn implicit_evaluation() -> shipyard::Sequence {
    let task = shipyard::Task { name: EVALUATION.to_owned(), ..shipyard::Task::default() };
    shipyard::Sequence { name: EVALUATION.to_owned(), tasks: vec![task], ..shipyard::Sequence::default() }
}
