//! Runs of a project.

use axum::Json;
use axum::extract::State;
use capstan_engine::orchestrate::{Queue, Sequence, Slot};
use capstan_runtime::ports::{Project, RunFilter, SequenceFilter, Slice, StoreError, StoreReader};
use capstan_runtime::step::Setting;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::history::{self, Entry};
use super::problem::Problem;
use super::run::{RunBody, SequenceBody};
use super::waiting::{self, Waiting};
use crate::error::Failure;
use crate::params::{Names, Params};
use crate::state::AppState;

/// How many runs are listed where no number is asked for.
const LIMIT: u64 = 50;

/// How many runs are listed at most.
const LIMIT_MAX: u64 = 500;

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
        ("limit" = Option<u64>, Query, description = "How many at most, 1 to 500; 50 where it is left out."),
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
    let slice = slice(&params)?;
    let unknown = format!("there is no project '{project}'");
    let filter = RunFilter {
        project,
        name: params.text("sequence"),
        state: params.text("state"),
        after: params.time("after")?,
        before: params.time("before")?,
        contexts: Vec::new(),
    };
    let page = state.handle.read(move |reader| match reader.project(&filter.project)? {
        Some(_) => reader.runs(&filter, slice).map(Some),
        None => Ok(None),
    });
    let page = page.await?.ok_or_else(|| Failure::not_found(unknown))?;
    let next = slice.offset.saturating_add(slice.limit);
    Ok(Json(RunPage {
        runs: page.items.iter().map(RunBody::of).collect(),
        total: page.total,
        next_offset: (next < page.total).then_some(next),
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
    let unknown = format!("project '{project}' has no run '{context}'");
    let (now, setting) = (state.handle.clock().now(), state.handle.setting());
    let run = state.handle.read(move |reader| whole(reader, &project, &context, now, &setting)).await?;
    run.map(Json).ok_or_else(|| Failure::not_found(unknown))
}

fn whole(
    reader: &dyn StoreReader,
    name: &str,
    context: &str,
    now: Timestamp,
    setting: &Setting,
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
    for sequence in sequences.iter().filter(|sequence| !sequence.is_over()) {
        let queue = reader.queue(project.id, &sequence.scope.stage, &sequence.scope.service)?;
        let holders = match sequence.slot {
            Slot::Wanted => holders(reader, &project, &queue)?,
            Slot::None | Slot::Held => Vec::new(),
        };
        waiting.extend(waiting::of(sequence, &facts, &queue, &holders, now));
    }
    Ok(Some(WholeRun {
        run: run.as_ref().map(RunBody::of),
        sequences: sequences.iter().map(SequenceBody::of).collect(),
        waiting,
        history: history::of(facts),
    }))
}

/// The sequences that have the slot.
fn holders(reader: &dyn StoreReader, project: &Project, queue: &Queue) -> Result<Vec<Sequence>, StoreError> {
    // They are all of one run.
    let Some(place) = queue.held.first() else { return Ok(Vec::new()) };
    let mut holders = reader.sequences(&of_run(&project.name, &place.context), Slice::ALL)?.items;
    holders.retain(|holder| queue.held.iter().any(|place| place.sequence == holder.id));
    Ok(holders)
}

fn of_run(project: &str, context: &str) -> SequenceFilter {
    SequenceFilter { project: project.to_owned(), context: Some(context.to_owned()), ..SequenceFilter::default() }
}

fn slice(params: &Params) -> Result<Slice, Failure> {
    let limit = number(params, "limit")?.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Failure::bad_request(format!("'limit' is {limit}; it may be 1 to {LIMIT_MAX}")));
    }
    let offset = number(params, "offset")?.unwrap_or(0);
    Ok(Slice { offset: offset.min(Slice::ALL.limit), limit })
}

fn number(params: &Params, name: &str) -> Result<Option<u64>, Failure> {
    let text = params.text(name);
    text.map(|text| text.parse().map_err(|_| Failure::bad_request(format!("'{name}' is no whole number: '{text}'"))))
        .transpose()
}
