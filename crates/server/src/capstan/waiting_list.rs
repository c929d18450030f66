//! Who waits for what, over all runs.

use axum::Json;
use axum::extract::State;
use capstan_runtime::polled::PolledTasks;
use capstan_runtime::ports::{Project, SequenceFilter, Slice, StoreError, StoreReader};
use capstan_runtime::step::Setting;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::handled::Handled;
use super::part;
use super::problem::Problem;
use super::unknown;
use super::waiting::{self, Waiting};
use crate::error::Failure;
use crate::params::Params;
use crate::state::AppState;

/// What is waited for.
#[derive(Serialize, ToSchema)]
pub(super) struct WaitingList {
    /// That of which nothing was heard for longest first.
    waiting: Vec<WaitingRun>,
}

/// Something that has to happen before a run goes on.
#[derive(Serialize, ToSchema)]
struct WaitingRun {
    #[serde(flatten)]
    waiting: Waiting,
    /// The project.
    project: String,
    /// The run.
    context: String,
    /// The service.
    service: String,
}

/// Show who waits for what.
///
/// In all runs that are not over: that of which nothing was heard for longest first.
#[utoipa::path(
    get,
    path = "/api/capstan/v1/waiting",
    operation_id = "list_waiting",
    tag = "runs",
    params(
        ("project" = Option<String>, Query, description = "Runs of this project alone."),
        ("limit" = Option<u64>, Query, minimum = 1, maximum = 500, description = "How many at most, 1 to 500; 50 where it is left out."),
    ),
    responses(
        (status = 200, description = "What is waited for.", body = WaitingList),
        (status = 400, description = "A parameter cannot be read.", body = Problem),
        (status = 401, description = "The token is missing or wrong.", body = Problem),
        (status = 404, description = "There is no such project.", body = Problem),
    )
)]
pub(super) async fn get(State(state): State<AppState>, params: Params) -> Result<Json<WaitingList>, Failure> {
    let limit = usize::try_from(part::limit(&params)?).unwrap_or(usize::MAX);
    let project = params.text("project");
    let (now, setting, handle) = (state.handle.clock().now(), state.handle.setting(), state.handle.clone());
    let read = state.handle.read(move |reader| {
        let projects = match project {
            None => reader.projects(Slice::ALL)?.items,
            Some(name) => match reader.project(&name)? {
                Some(project) => vec![project],
                None => return unknown::project(reader, &name).map(Err),
            },
        };
        list(reader, &projects, handle.polled_tasks(), limit, now, &setting).map(Ok)
    });
    Ok(Json(WaitingList { waiting: read.await?? }))
}

fn list(
    reader: &dyn StoreReader,
    projects: &[Project],
    polled: &PolledTasks,
    limit: usize,
    now: Timestamp,
    setting: &Setting,
) -> Result<Vec<WaitingRun>, StoreError> {
    let handled = Handled::read(reader, polled)?;
    let mut all: Vec<WaitingRun> = Vec::new();
    for project in projects {
        let open = SequenceFilter { project: project.name.clone(), open: true, ..SequenceFilter::default() };
        for sequence in reader.sequences(&open, Slice::ALL)?.items {
            let sequence = sequence.since_up(&setting.limits, setting.up_since);
            let waiting = waiting::of(reader, project, &sequence, None, &handled, now)?;
            all.extend(waiting.into_iter().map(|waiting| WaitingRun {
                waiting,
                project: project.name.clone(),
                context: sequence.scope.context.clone(),
                service: sequence.scope.service.clone(),
            }));
        }
        all.sort_by_key(|waiting| waiting.waiting.silent_since);
        all.truncate(limit);
    }
    Ok(all)
}
