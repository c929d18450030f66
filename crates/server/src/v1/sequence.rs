//! What became of runs (contract: core.md 6.1).

use axum::Json;
use axum::extract::State;
use capstan_engine::orchestrate::{LatestEvent, Run, StageView};
use capstan_model::timeframe;
use capstan_runtime::ports::RunFilter;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;

use crate::error::Failure;
use crate::paging;
use crate::params::{Names, Params};
use crate::state::AppState;

/// A page of runs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page {
    states: Vec<RunState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_key: Option<u64>,
    #[serde(skip_serializing_if = "paging::is_zero")]
    total_count: u64,
}

/// A run in v1's shape.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RunState {
    name: String,
    service: String,
    project: String,
    time: String,
    shkeptncontext: String,
    state: &'static str,
    stages: Vec<Stage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem_title: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Stage {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<String>,
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_evaluation: Option<Evaluation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_event: Option<Event>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_failed_event: Option<Event>,
}

#[derive(Serialize)]
struct Evaluation {
    result: String,
    score: Value,
}

#[derive(Serialize)]
struct Event {
    r#type: String,
    id: String,
    time: String,
}

pub(super) async fn list(
    State(state): State<AppState>,
    Names(project): Names<String>,
    params: Params,
) -> Result<Json<Page>, Failure> {
    let slice = paging::records(&params)?;
    let contexts = params.text("keptnContext").unwrap_or_default();
    let filter = RunFilter {
        project,
        name: params.text("name"),
        state: params.text("state"),
        after: params.time("fromTime")?.map(last_of_the_millisecond),
        before: params.time("beforeTime")?,
        contexts: contexts.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect(),
    };
    let page = state.handle.read(move |reader| reader.runs(&filter, slice)).await?;
    Ok(Json(Page {
        next_page_key: paging::records_key(slice, page.total),
        total_count: page.total,
        states: page.items.into_iter().map(RunState::of).collect(),
    }))
}

/// Times are shown to the millisecond, so whoever asks for what is later than one that was shown means all of that
/// millisecond to be left out.
fn last_of_the_millisecond(time: Timestamp) -> Timestamp {
    let begun = Timestamp::from_millisecond(time.as_millisecond()).unwrap_or(time);
    begun.saturating_add(SignedDuration::from_nanos(999_999)).unwrap_or(time)
}

impl RunState {
    fn of(run: Run) -> Self {
        Self {
            state: run.state().word(),
            time: timeframe::display(run.time),
            name: run.name,
            service: run.service,
            project: run.project,
            shkeptncontext: run.context,
            stages: run.stages.into_iter().map(Stage::of).collect(),
            problem_title: run.problem_title,
        }
    }
}

impl Stage {
    fn of(view: StageView) -> Self {
        Self {
            name: view.name,
            image: view.image,
            state: view.state,
            latest_evaluation: view
                .latest_evaluation
                .map(|latest| Evaluation { result: latest.result, score: latest.score }),
            latest_event: view.latest_event.map(Event::of),
            latest_failed_event: view.latest_failed_event.map(Event::of),
        }
    }
}

impl Event {
    fn of(event: LatestEvent) -> Self {
        Self { r#type: event.kind, id: event.id, time: timeframe::display(event.time) }
    }
}
