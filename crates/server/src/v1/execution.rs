//! Sequences, as the records that v1's controller keeps of them (contract: core.md 3.1 and 6.1).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use capstan_engine::orchestrate::{DoneTask, Sequence, TaskEnd, TaskEvent};
use capstan_model::{shipyard, timeframe};
use capstan_runtime::ports::SequenceFilter;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::Failure;
use crate::paging;
use crate::params::Params;
use crate::state::AppState;

/// A page of records.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Found {
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_key: Option<u64>,
    #[serde(skip_serializing_if = "paging::is_zero")]
    page_size: u64,
    #[serde(skip_serializing_if = "paging::is_zero")]
    total_count: u64,
    sequence_executions: Vec<Execution>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Execution {
    #[serde(rename = "_id")]
    id: String,
    schema_version: &'static str,
    sequence: Definition,
    status: Status,
    scope: Scope,
    input_properties: Map<String, Value>,
    triggered_at: String,
}

#[derive(Serialize)]
struct Definition {
    name: String,
    tasks: Vec<Task>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Task {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    triggered_after: Option<String>,
    properties: Value,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    state: &'static str,
    state_before_pause: &'static str,
    previous_tasks: Vec<PreviousTask>,
    current_task: CurrentTask,
}

#[derive(Serialize)]
struct PreviousTask {
    name: String,
    #[serde(rename = "triggeredID")]
    triggered_id: String,
    result: String,
    status: String,
    properties: Value,
}

#[derive(Default, Serialize)]
struct CurrentTask {
    name: String,
    #[serde(rename = "triggeredID")]
    triggered_id: String,
    events: Vec<Event>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(rename = "eventType")]
    kind: String,
    source: String,
    result: String,
    status: String,
    time: String,
    properties: Value,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Scope {
    #[serde(skip_serializing_if = "String::is_empty")]
    project: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    stage: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    service: String,
    #[serde(skip_serializing_if = "is_empty")]
    labels: Value,
    #[serde(skip_serializing_if = "String::is_empty")]
    status: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    result: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    message: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    keptn_context: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    triggered_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    gitcommitid: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    event_type: String,
}

pub(super) async fn list(State(state): State<AppState>, params: Params) -> Result<Json<Found>, Failure> {
    let slice = paging::records(&params)?;
    let project = params.text("project");
    let project =
        project.ok_or_else(|| Failure::bad_request("Invalid request format: project name must not be empty"))?;
    let filter = SequenceFilter {
        project,
        stage: params.text("stage"),
        service: params.text("service"),
        context: params.text("keptnContext"),
        name: params.text("name"),
        state: params.text("status"),
        ..SequenceFilter::default()
    };
    let page = state.handle.read(move |reader| reader.sequences(&filter, slice)).await?;
    Ok(Json(Found {
        next_page_key: paging::records_key(slice, page.total),
        page_size: page.items.len() as u64,
        total_count: page.total,
        sequence_executions: page.items.into_iter().map(Execution::of).collect(),
    }))
}

impl Execution {
    fn of(sequence: Sequence) -> Self {
        let state = sequence.state();
        let status = Status {
            state,
            state_before_pause: if state == "paused" { sequence.unpaused_state() } else { "" },
            current_task: CurrentTask::of(&sequence),
            previous_tasks: sequence
                .done
                .into_iter()
                .filter(|task| task.end == TaskEnd::Answered)
                .map(Arc::unwrap_or_clone)
                .map(PreviousTask::of)
                .collect(),
        };
        let (scope, definition) = (Arc::unwrap_or_clone(sequence.scope), Arc::unwrap_or_clone(sequence.definition));
        Self {
            id: sequence.id,
            schema_version: "1",
            sequence: Definition { name: definition.name, tasks: definition.tasks.into_iter().map(Task::of).collect() },
            status,
            scope: Scope {
                project: scope.project,
                stage: scope.stage,
                service: scope.service,
                labels: scope.labels,
                status: scope.status,
                result: scope.result,
                message: scope.message,
                keptn_context: scope.context,
                triggered_id: scope.triggered_id,
                gitcommitid: scope.commit,
                event_type: scope.event_type,
            },
            input_properties: Arc::unwrap_or_clone(sequence.input),
            triggered_at: timeframe::display(sequence.triggered_at),
        }
    }
}

impl Task {
    fn of(task: shipyard::Task) -> Self {
        Self { name: task.name, triggered_after: task.triggered_after, properties: task.properties }
    }
}

impl PreviousTask {
    fn of(task: DoneTask) -> Self {
        Self {
            name: task.name,
            triggered_id: task.triggered_id,
            result: task.result,
            status: task.status,
            properties: task.properties,
        }
    }
}

impl CurrentTask {
    fn of(sequence: &Sequence) -> Self {
        let Some((open, attempt)) = sequence.current() else { return Self::default() };
        Self {
            name: sequence.name_of(open.task).to_owned(),
            triggered_id: attempt.triggered_id.clone(),
            events: attempt.events.iter().map(|event| Event::of(event)).collect(),
        }
    }
}

impl Event {
    fn of(event: &TaskEvent) -> Self {
        Self {
            kind: event.event_type.clone(),
            source: event.source.clone(),
            result: event.result.clone(),
            status: event.status.clone(),
            time: timeframe::display(event.time),
            properties: event.data.clone(),
        }
    }
}

fn is_empty(labels: &Value) -> bool {
    labels.is_null() || labels.as_object().is_some_and(Map::is_empty)
}
