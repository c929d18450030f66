//! Pause, resume and abort a run, and do again what failed.

use axum::Json;
use axum::extract::State;
use capstan_engine::orchestrate::{Control, Origin, Run, Wish};
use capstan_runtime::command::{Command, Reply};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::problem::Problem;
use super::unknown;
use crate::body::{Nothing, Sent};
use crate::error::Failure;
use crate::params::Names;
use crate::state::AppState;

/// Which part of a run; all of it, where the body is empty.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    /// One stage alone.
    stage: Option<String>,
}

/// What is to be done again, and why.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Again {
    /// The stage in which it failed; may be left out where there is one.
    stage: Option<String>,
    /// `task`: from the task that failed; `stage`: from the first task of its sequence. `task` where it is left out.
    #[schema(pattern = "^(task|stage)$")]
    from: Option<String>,
    /// Who wants it, for the record.
    by: Option<String>,
    /// Why, for the record.
    reason: Option<String>,
}

/// It goes on.
#[derive(Serialize, ToSchema)]
pub(super) struct BegunAgain {
    /// The run.
    context: String,
    /// Id of the new sequence.
    sequence: String,
}

/// Pause a run.
///
/// The open task may end, no further one is offered. A stage can be paused before the run comes to it.
#[utoipa::path(
    post,
    path = "/api/capstan/v1/projects/{project}/runs/{context}/pause",
    operation_id = "pause_run",
    tag = "runs",
    params(
        ("project" = String, Path, description = "Name of the project."),
        ("context" = String, Path, description = "The run's context."),
    ),
    request_body = Option<Part>,
    responses(
        (status = 200, description = "It is paused.", body = Nothing),
        (status = 400, description = "The body cannot be read.", body = Problem),
        (status = 401, description = "The token is missing or wrong.", body = Problem),
        (status = 404, description = "There is no such run, or no such stage.", body = Problem),
        (status = 409, description = "The run is over.", body = Problem),
        (status = 503, description = "The server is busy or stopping; try again.", body = Problem),
    )
)]
pub(super) async fn pause(
    State(state): State<AppState>,
    Names(run): Names<(String, String)>,
    sent: Sent,
) -> Result<Json<Nothing>, Failure> {
    steer(&state, run, &sent, Control::Pause).await
}

/// Let a paused run go on.
#[utoipa::path(
    post,
    path = "/api/capstan/v1/projects/{project}/runs/{context}/resume",
    operation_id = "resume_run",
    tag = "runs",
    params(
        ("project" = String, Path, description = "Name of the project."),
        ("context" = String, Path, description = "The run's context."),
    ),
    request_body = Option<Part>,
    responses(
        (status = 200, description = "It goes on.", body = Nothing),
        (status = 400, description = "The body cannot be read.", body = Problem),
        (status = 401, description = "The token is missing or wrong.", body = Problem),
        (status = 404, description = "There is no such run, or no such stage.", body = Problem),
        (status = 409, description = "The run is over.", body = Problem),
        (status = 503, description = "The server is busy or stopping; try again.", body = Problem),
    )
)]
pub(super) async fn resume(
    State(state): State<AppState>,
    Names(run): Names<(String, String)>,
    sent: Sent,
) -> Result<Json<Nothing>, Failure> {
    steer(&state, run, &sent, Control::Resume).await
}

/// End a run at once.
#[utoipa::path(
    post,
    path = "/api/capstan/v1/projects/{project}/runs/{context}/abort",
    operation_id = "abort_run",
    tag = "runs",
    params(
        ("project" = String, Path, description = "Name of the project."),
        ("context" = String, Path, description = "The run's context."),
    ),
    request_body = Option<Part>,
    responses(
        (status = 200, description = "It is aborted.", body = Nothing),
        (status = 400, description = "The body cannot be read.", body = Problem),
        (status = 401, description = "The token is missing or wrong.", body = Problem),
        (status = 404, description = "There is no such run, or no such stage.", body = Problem),
        (status = 409, description = "The run is over, or nothing of it is open in the stage.", body = Problem),
        (status = 503, description = "The server is busy or stopping; try again.", body = Problem),
    )
)]
pub(super) async fn abort(
    State(state): State<AppState>,
    Names(run): Names<(String, String)>,
    sent: Sent,
) -> Result<Json<Nothing>, Failure> {
    steer(&state, run, &sent, Control::Abort).await
}

/// Do again what failed.
///
/// A new sequence of the run takes the place of the one that failed: it has the data of the first time and, unless it begins
/// with the stage's first task, what was done well before.
#[utoipa::path(
    post,
    path = "/api/capstan/v1/projects/{project}/runs/{context}/rerun",
    operation_id = "rerun_run",
    tag = "runs",
    params(
        ("project" = String, Path, description = "Name of the project."),
        ("context" = String, Path, description = "The run's context."),
    ),
    request_body = Option<Again>,
    responses(
        (status = 200, description = "It goes on.", body = BegunAgain),
        (status = 400, description = "The body cannot be read.", body = Problem),
        (status = 401, description = "The token is missing or wrong.", body = Problem),
        (status = 404, description = "There is no such run.", body = Problem),
        (status = 409, description = "Nothing has failed, or in several stages and none was named.", body = Problem),
        (status = 503, description = "The server is busy or stopping; try again.", body = Problem),
    )
)]
pub(super) async fn rerun(
    State(state): State<AppState>,
    Names((project, context)): Names<(String, String)>,
    sent: Sent,
) -> Result<Json<BegunAgain>, Failure> {
    let again: Again = sent.object_or_default()?;
    let origin = match again.from.as_deref() {
        None => Origin::default(),
        Some(word) => Origin::parse(word)
            .ok_or_else(|| Failure::bad_request(format!("'from' is '{word}'; it may be 'task' or 'stage'")))?,
    };
    let short = |text: Option<String>| text.unwrap_or_default().chars().take(500).collect();
    let command = Command::Rerun {
        project: project.clone(),
        context: context.clone(),
        stage: again.stage.filter(|stage| !stage.is_empty()),
        origin,
        wish: Wish { by: short(again.by), reason: short(again.reason) },
    };
    if let Reply::Begun { sequence } = state.handle.submit(command).await? {
        return Ok(Json(BegunAgain { context, sequence }));
    }
    let server = state.handle.setting().retention;
    Err(state.handle.read(move |reader| unknown::run(reader, &project, &context, server)).await?)
}

async fn steer(
    state: &AppState,
    (project, context): (String, String),
    sent: &Sent,
    control: Control,
) -> Result<Json<Nothing>, Failure> {
    let part: Part = sent.object_or_default()?;
    let stage = part.stage.filter(|stage| !stage.is_empty());
    if let Some(stage) = stage.clone() {
        let (project, context) = (project.clone(), context.clone());
        let unknown = state.handle.read(move |reader| unknown::stage(reader, &project, &context, &stage));
        unknown.await?.map_or(Ok(()), Err)?;
    }
    let command =
        Command::Control { project: project.clone(), context: context.clone(), stage: stage.clone(), control };
    match state.handle.submit(command).await? {
        Reply::Nothing => {
            let server = state.handle.setting().retention;
            let why = state.handle.read(move |reader| {
                let runs = reader.runs_of(&context)?;
                match runs.iter().find(|run| run.project == project) {
                    Some(run) => Ok(why(run, stage.as_deref(), control)),
                    None => unknown::run(reader, &project, &context, server),
                }
            });
            Err(why.await?)
        }
        _ => Ok(Json(Nothing {})),
    }
}

/// Why there was nothing to steer.
fn why(run: &Run, stage: Option<&str>, control: Control) -> Failure {
    let context = &run.context;
    let (word, state) = (control.word(), run.state().word());
    let mut open: Vec<String> = run.open.values().map(|open| format!("'{}'", open.stage)).collect();
    open.sort();
    open.dedup();
    Failure::conflict(match stage.filter(|_| !run.is_over()) {
        None => format!("run '{context}' is over ('{state}'), so there is nothing to {word}"),
        Some(stage) if open.is_empty() => {
            format!(
                "nothing of run '{context}' is open in stage '{stage}', so there is nothing to {word}; it is '{state}'"
            )
        }
        Some(stage) => format!(
            "nothing of run '{context}' is open in stage '{stage}', so there is nothing to {word}; it is '{state}' in {}",
            open.join(", ")
        ),
    })
}
