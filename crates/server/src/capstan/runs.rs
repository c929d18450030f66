//! Runs of a project.

use axum::Json;
use axum::extract::State;
use capstan_engine::orchestrate::Sequence;
use capstan_runtime::polled::PolledTasks;
use capstan_runtime::ports::{RunFilter, SequenceFilter, Slice, StoreError, StoreReader};
use capstan_runtime::step::Setting;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::handled::Handled;
use super::history::{self, Entry, Known};
use super::part;
use super::problem::Problem;
use super::run::RunBody;
use super::sequence::SequenceBody;
use super::unknown;
use super::waiting::{self, Waiting};
use crate::error::Failure;
use crate::params::{Names, Params};
use crate::state::AppState;

/// A part of a list of runs, the newest first.
#[derive(Serialize, ToSchema)]
pub(super) struct RunPage {
    /// Those of this part.
    runs: Vec<RunBody>,
    /// How many there are in all.
    total: u64,
    /// The `offset` of the next part; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<u64>,
}

/// A run with everything that is known of it.
#[derive(Serialize, ToSchema)]
pub(super) struct WholeRun {
    /// Where it stands; absent where events of this context came and none could begin a run: the history says why.
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<RunBody>,
    /// Its sequences, the oldest first.
    sequences: Vec<SequenceBody>,
    /// What it waits for; empty when it is over.
    waiting: Vec<Waiting>,
    /// All that happened, in the order in which it did.
    history: Vec<Entry>,
}

/// List the runs of a project, the newest first.
#[utoipa::path(
    get,
    path = "/api/capstan/v1/projects/{project}/runs",
    operation_id = "list_runs",
    tag = "runs",
    params(
        ("project" = String, Path, description = "Name of the project."),
        ("sequence" = Option<String>, Query, description = "Name of the first sequence."),
        ("state" = Option<String>, Query, description = "`waiting`, `started`, `paused`, `finished`, `aborted` or `timedOut`."),
        ("after" = Option<String>, Query, format = DateTime, description = "Triggered later than this time."),
        ("before" = Option<String>, Query, format = DateTime, description = "Triggered earlier than this time."),
        ("limit" = Option<u64>, Query, minimum = 1, maximum = 500, description = "How many at most, 1 to 500; 50 where it is left out."),
        ("offset" = Option<u64>, Query, description = "How many to leave out."),
    ),
    responses(
        (status = 200, description = "A part of the list.", body = RunPage),
        (status = 400, description = "A parameter cannot be read.", body = Problem),
        (status = 401, description = "The token is missing or wrong.", body = Problem),
        (status = 404, description = "There is no such project.", body = Problem),
    )
)]
pub(super) async fn list(
    State(state): State<AppState>,
    Names(project): Names<String>,
    params: Params,
) -> Result<Json<RunPage>, Failure> {
    let slice = part::slice(&params)?;
    let filter = RunFilter {
        project,
        name: params.text("sequence"),
        state: params.text("state"),
        after: part::time(&params, "after")?,
        before: part::time(&params, "before")?,
        contexts: Vec::new(),
    };
    let page = state.handle.read(move |reader| match reader.project(&filter.project)? {
        Some(_) => reader.runs(&filter, slice).map(Ok),
        None => unknown::project(reader, &filter.project).map(Err),
    });
    let page = page.await??;
    Ok(Json(RunPage {
        runs: page.items.iter().map(RunBody::of).collect(),
        total: page.total,
        next_offset: part::next_offset(slice, page.total),
    }))
}

/// Show a run.
///
/// Where it stands, what it waits for, and all that happened.
#[utoipa::path(
    get,
    path = "/api/capstan/v1/projects/{project}/runs/{context}",
    operation_id = "get_run",
    tag = "runs",
    params(
        ("project" = String, Path, description = "Name of the project."),
        ("context" = String, Path, description = "The run's context, `keptnContext` in v1."),
    ),
    responses(
        (status = 200, description = "The run.", body = WholeRun),
        (status = 401, description = "The token is missing or wrong.", body = Problem),
        (status = 404, description = "There is no such run.", body = Problem),
    )
)]
pub(super) async fn get(
    State(state): State<AppState>,
    Names((project, context)): Names<(String, String)>,
) -> Result<Json<WholeRun>, Failure> {
    let (now, setting, handle) = (state.handle.clock().now(), state.handle.setting(), state.handle.clone());
    let run = state.handle.read(move |reader| {
        match whole(reader, &project, &context, now, &setting, handle.polled_tasks())? {
            Some(run) => Ok(Ok(run)),
            None => unknown::run(reader, &project, &context, setting.retention).map(Err),
        }
    });
    run.await?.map(Json)
}

fn whole(
    reader: &dyn StoreReader,
    name: &str,
    context: &str,
    now: Timestamp,
    setting: &Setting,
    polled: &PolledTasks,
) -> Result<Option<WholeRun>, StoreError> {
    let Some(project) = reader.project(name)? else { return Ok(None) };
    let filter = RunFilter { project: name.to_owned(), contexts: vec![context.to_owned()], ..RunFilter::default() };
    let run = reader.runs(&filter, Slice::ALL)?.items.pop();
    let filter = of_run(name, context);
    let newest_first = reader.sequences(&filter, Slice::ALL)?.items.into_iter();
    let seen = |sequence: Sequence| sequence.since_up(&setting.limits, setting.up_since);
    let sequences: Vec<Sequence> = newest_first.rev().map(seen).collect();
    let facts = reader.facts(project.id, context)?;
    if run.is_none() && facts.is_empty() {
        return Ok(None);
    }
    let mut waiting = Vec::new();
    let handled = Handled::read(reader, polled)?;
    for sequence in sequences.iter().filter(|sequence| !sequence.is_over()) {
        waiting.extend(waiting::of(reader, &project, sequence, Some(&facts), &handled, now)?);
    }
    let mut known = Known::of(&sequences);
    let history = facts.into_iter().map(|stored| history::entry(reader, &mut known, stored));
    Ok(Some(WholeRun {
        history: history.collect::<Result<_, _>>()?,
        run: run.as_ref().map(RunBody::of),
        sequences: sequences.iter().map(SequenceBody::of).collect(),
        waiting,
    }))
}

fn of_run(project: &str, context: &str) -> SequenceFilter {
    SequenceFilter { project: project.to_owned(), context: Some(context.to_owned()), ..SequenceFilter::default() }
}
