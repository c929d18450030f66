//! A run, as we show it.

use capstan_engine::orchestrate::{LatestEvent, Run, StageView};
use capstan_model::timeframe;
use serde::Serialize;
use utoipa::ToSchema;

/// Everything under one context.
#[derive(Serialize, ToSchema)]
#[schema(as = Run)]
pub(super) struct RunBody {
    /// Identifies it; `keptnContext` in v1.
    context: String,
    /// The project of its first sequence.
    project: String,
    /// The service of its first sequence.
    service: String,
    /// The name of its first sequence.
    sequence: String,
    /// When it was triggered.
    #[schema(format = DateTime)]
    triggered_at: String,
    /// `waiting`, `started`, `paused`, `finished`, `aborted` or `timedOut`.
    state: String,
    /// The worst of its sequences, but for those that were done again: `pass`, `warning`, `fail`, `timedOut` or `aborted`;
    /// absent before all is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<String>,
    /// What a remediation is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem_title: Option<String>,
    /// The commit that its tasks take their resources from.
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    /// What is shown of each stage, in the order in which the run came to them.
    stages: Vec<StageBody>,
}

/// A stage of a run.
#[derive(Serialize, ToSchema)]
#[schema(as = Stage)]
pub(super) struct StageBody {
    /// Its name.
    name: String,
    /// Empty before the first task, `triggered`, or how the last sequence ended here: `succeeded`, `errored`, `aborted`.
    state: String,
    /// The image of the last deployment.
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<String>,
    /// The last event of a task, or the end of a sequence.
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_event: Option<EventBody>,
    /// The last of these that tells of a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_failed_event: Option<EventBody>,
}

/// An event in short.
#[derive(Serialize, ToSchema)]
#[schema(as = Event)]
pub(super) struct EventBody {
    /// Its type.
    r#type: String,
    /// Its id.
    id: String,
    /// When it was taken in.
    #[schema(format = DateTime)]
    time: String,
}

impl RunBody {
    pub(super) fn of(run: &Run) -> Self {
        Self {
            context: run.context.clone(),
            project: run.project.clone(),
            service: run.service.clone(),
            sequence: run.name.clone(),
            triggered_at: timeframe::display(run.time),
            state: run.state().word().to_owned(),
            result: run.result().map(|result| result.word().to_owned()),
            problem_title: run.problem_title.clone(),
            commit: run.commit.clone(),
            stages: run.stages.iter().map(StageBody::of).collect(),
        }
    }
}

impl StageBody {
    fn of(view: &StageView) -> Self {
        Self {
            name: view.name.clone(),
            state: view.state.clone(),
            image: view.image.clone(),
            latest_event: view.latest_event.as_ref().map(EventBody::of),
            latest_failed_event: view.latest_failed_event.as_ref().map(EventBody::of),
        }
    }
}

impl EventBody {
    fn of(event: &LatestEvent) -> Self {
        Self { r#type: event.kind.clone(), id: event.id.clone(), time: timeframe::display(event.time) }
    }
}
