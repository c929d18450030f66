//! Tools claim tasks, say that they are at work, give them back, and answer them.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use capstan_engine::orchestrate::{Lease, trace};
use capstan_model::event::CloudEvent;
use capstan_model::event::rest::data_text;
use capstan_runtime::command::{Answer, Command, Grant, IdempotencyKey, Reply, Wanted};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::problem::Problem;
use super::task::LeaseBody;
use crate::body::{Nothing, Sent};
use crate::error::Failure;
use crate::idempotency::Idempotency;
use crate::params::Names;
use crate::state::AppState;

/// How long a tool may be silent where it does not say.
const LEASE: f64 = 60.0;

/// How long a claim waits for tasks where it does not say.
const WAIT: f64 = 30.0;

/// How many tasks a claim takes at most.
const MAX: u64 = 100;

/// How many names of tasks a claim can give.
const TASKS_MAX: usize = 50;

/// The longest name of a tool, in bytes.
const NAME_MAX: usize = 200;

/// Which tasks a tool would take.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ClaimRequest)]
pub(super) struct Request {
    /// The tool's name: the `source` of its events. Whoever shares a name shares the work.
    #[schema(min_length = 1, max_length = 200)]
    tool: String,
    /// Names of the tasks that it handles, 1 to 50; they have no dots.
    #[schema(value_type = Vec<TaskName>, min_items = 1, max_items = 50)]
    tasks: Vec<String>,
    /// Of this project alone.
    project: Option<String>,
    /// In this stage alone.
    stage: Option<String>,
    /// Of this service alone.
    service: Option<String>,
    /// How many at most, 1 to 100; 1 where it is left out.
    // In JSON 2.0 is the whole number 2.
    #[schema(value_type = Option<u64>, minimum = 1, maximum = 100)]
    max: Option<f64>,
    /// How long the tool may be silent, in seconds, 1 to 3600; 60 where it is left out.
    #[schema(minimum = 1, maximum = 3600)]
    lease_seconds: Option<f64>,
    /// How long to wait for a task where none is there, in seconds, 0 to 60; 30 where it is left out.
    #[schema(minimum = 0, maximum = 60)]
    wait_seconds: Option<f64>,
}

// It only describes what `Request` reads.
/// Name of a task.
#[derive(Serialize, ToSchema)]
#[schema(min_length = 1, pattern = "^[^.]+$")]
struct TaskName(String);

/// What a tool has claimed.
#[derive(Serialize, ToSchema)]
pub(super) struct Claims {
    /// The tasks; empty where none was there in time.
    claims: Vec<Claim>,
}

/// A task that a tool has claimed.
#[derive(Serialize, ToSchema)]
pub(super) struct Claim {
    /// The lease.
    #[serde(flatten)]
    lease: LeaseBody,
    /// Name of the task.
    task: String,
    /// Number of the attempt, from 1.
    attempt: u32,
    /// Name of the project.
    project: String,
    /// Name of the stage.
    stage: String,
    /// Name of the service.
    service: String,
    /// The run, `shkeptncontext` of the event.
    context: String,
    /// Id of the event.
    triggered_id: String,
    /// The attempt as a parent for what the tool traces, in the form of W3C Trace Context.
    #[schema(example = "00-16e5f3a20f0c4a098ea66a5f8f2f0f7e-b7ad6b7169203331-01")]
    traceparent: String,
    /// The task's `.triggered` event as a `CloudEvent`; below `data`, under the task's name, are its properties.
    #[schema(value_type = Object)]
    event: CloudEvent,
}

impl Claim {
    fn of(Grant { task, attempt, lease, event }: Grant) -> Self {
        let text = |field: &str| data_text(&event.data, field).to_owned();
        let context = event.context.clone().unwrap_or_default();
        Self {
            lease: LeaseBody::of(&lease),
            task,
            attempt,
            project: text("project"),
            stage: text("stage"),
            service: text("service"),
            traceparent: trace::traceparent(&context, &event.id),
            context,
            triggered_id: event.id.clone(),
            event,
        }
    }
}

/// Claim tasks.
///
/// Waits until there is one, or until the time is over. Each task is claimed once by each name. The tool answers it, gives it
/// back or says in time that it is at work; else the lease is lost and the task is offered again. A claim counts as the tool's
/// `.started`. With a header `Idempotency-Key` a repeat gets what the first was granted, as long as those leases live.
#[utoipa::path(
    post,
    path = "/api/capstan/v1/claims",
    operation_id = "claim_tasks",
    tag = "tools",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, description = "Under which a repeat is known, for an hour.")),
    request_body = Request,
    responses(
        (status = 200, description = "What was claimed.", body = Claims),
        (status = 400, description = "The body cannot be read.", body = Problem),
        (status = 401, description = "The token is missing or wrong.", body = Problem),
        (status = 503, description = "The server is busy or stopping; try again.", body = Problem),
    )
)]
pub(super) async fn claim(
    State(state): State<AppState>,
    idempotency: Idempotency,
    sent: Sent,
) -> Result<Json<Claims>, Failure> {
    let request: Request = sent.object()?;
    let patience = seconds("wait_seconds", request.wait_seconds.unwrap_or(WAIT), 0.0, 60.0)?;
    let key = idempotency.key()?.map(|key| format!("{}\u{1f}{key}", request.tool));
    let wanted = request.wanted(key)?;
    for task in &wanted.tasks {
        state.handle.polled_tasks().note(task);
    }
    let grants = state.handle.claim(wanted, patience).await?;
    Ok(Json(Claims { claims: grants.into_iter().map(Claim::of).collect() }))
}

impl Request {
    fn wanted(self, key: Option<String>) -> Result<Wanted, Failure> {
        if self.tool.is_empty() || self.tool.len() > NAME_MAX {
            return Err(Failure::bad_request(format!("'tool' is to be the tool's name, of 1 to {NAME_MAX} bytes")));
        }
        if self.tasks.is_empty() || self.tasks.len() > TASKS_MAX || self.tasks.iter().any(String::is_empty) {
            let message = format!("'tasks' is to hold the names of 1 to {TASKS_MAX} tasks, such as \"deployment\"");
            return Err(Failure::bad_request(message));
        }
        if let Some(task) = self.tasks.iter().find(|task| task.contains('.')) {
            let message =
                format!("'{task}' is no name of a task: names have no dots, write 'deployment' and no type of event");
            return Err(Failure::bad_request(message));
        }
        let max = self.max.unwrap_or(1.0);
        if !(1.0..=MAX as f64).contains(&max) || max.fract() != 0.0 {
            return Err(Failure::bad_request(format!("'max' is {max}; it may be a whole number from 1 to {MAX}")));
        }
        let term = seconds("lease_seconds", self.lease_seconds.unwrap_or(LEASE), 1.0, 3_600.0)?;
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        Ok(Wanted {
            tool: self.tool,
            tasks: self.tasks,
            project: given(self.project),
            stage: given(self.stage),
            service: given(self.service),
            max: max as u64,
            term: SignedDuration::try_from(term).unwrap_or(SignedDuration::MAX),
            key,
        })
    }
}

fn seconds(name: &str, given: f64, least: f64, most: f64) -> Result<Duration, Failure> {
    if !(least..=most).contains(&given) {
        return Err(Failure::bad_request(format!("'{name}' is {given}; it may be {least} to {most}")));
    }
    Ok(Duration::from_secs_f64(given))
}

/// What a tool says of its work.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Progress {
    /// A short text for people; what it said before, where it is left out.
    progress: Option<String>,
}

/// Say that a tool is at work.
///
/// Renews the lease. One that was renewed less than a third of its length ago stays as it is, unless there is something new to
/// say.
#[utoipa::path(
    post,
    path = "/api/capstan/v1/claims/{lease}/heartbeat",
    operation_id = "renew_lease",
    tag = "tools",
    params(("lease" = String, Path, description = "Id of the lease.")),
    request_body = Option<Progress>,
    responses(
        (status = 200, description = "The lease as it is now.", body = LeaseBody),
        (status = 400, description = "The body cannot be read.", body = Problem),
        (status = 401, description = "The token is missing or wrong.", body = Problem),
        (status = 404, description = "There never was such a lease.", body = Problem),
        (status = 409, description = "The lease is over: stop the work, its answer would not count.", body = Problem),
        (status = 503, description = "The server is busy or stopping; try again.", body = Problem),
    )
)]
pub(super) async fn heartbeat(
    State(state): State<AppState>,
    Names(lease): Names<String>,
    sent: Sent,
) -> Result<Json<LeaseBody>, Failure> {
    let Progress { progress } = sent.object_or_default()?;
    let progress = progress.map(|text| text.chars().take(PROGRESS_MAX).collect::<String>());
    if let Some(fresh) = fresh(&state, &lease, progress.as_deref()).await? {
        return Ok(Json(fresh));
    }
    match state.handle.submit(Command::Heartbeat { lease: lease.clone(), progress }).await? {
        Reply::Renewed(lease) => Ok(Json(LeaseBody::of(&lease))),
        _ => Err(Failure::not_found(format!("there is no lease '{lease}'"))),
    }
}

/// Characters of a progress text that are kept.
const PROGRESS_MAX: usize = 500;

/// The lease, where it needs not be written anew.
async fn fresh(state: &AppState, lease: &str, progress: Option<&str>) -> Result<Option<LeaseBody>, Failure> {
    let now = state.handle.clock().now();
    let (id, progress) = (lease.to_owned(), progress.map(str::to_owned));
    let fresh = state.handle.read(move |reader| {
        let Some(triggered_id) = Lease::triggered_id(&id) else { return Ok(None) };
        let Some(sequence) = reader.sequence_of(triggered_id)? else { return Ok(None) };
        let Some((_, sequence)) = reader.sequence(&sequence)? else { return Ok(None) };
        let lease = sequence.lease(&id).map(|(_, _, lease)| lease);
        let says_nothing_new = |lease: &&Lease| progress.is_none_or(|progress| progress == lease.progress);
        Ok(lease.filter(|lease| lease.is_fresh(now)).filter(says_nothing_new).map(LeaseBody::of))
    });
    Ok(fresh.await?)
}

/// Why a tool gives a task back.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Release {
    /// A sentence for people.
    reason: Option<String>,
}

/// Give a task back.
///
/// The same attempt is open to all again, as if it had not been claimed; the lease does not count as lost.
#[utoipa::path(
    post,
    path = "/api/capstan/v1/claims/{lease}/release",
    operation_id = "release_lease",
    tag = "tools",
    params(("lease" = String, Path, description = "Id of the lease.")),
    request_body = Option<Release>,
    responses(
        (status = 200, description = "It is given back.", body = Nothing),
        (status = 400, description = "The body cannot be read.", body = Problem),
        (status = 401, description = "The token is missing or wrong.", body = Problem),
        (status = 404, description = "There never was such a lease.", body = Problem),
        (status = 409, description = "The lease is over.", body = Problem),
        (status = 503, description = "The server is busy or stopping; try again.", body = Problem),
    )
)]
pub(super) async fn release(
    State(state): State<AppState>,
    Names(lease): Names<String>,
    sent: Sent,
) -> Result<Json<Nothing>, Failure> {
    let Release { reason } = sent.object_or_default()?;
    let reason = reason.unwrap_or_default().chars().take(PROGRESS_MAX).collect();
    state.handle.submit(Command::Release { lease, reason }).await?;
    Ok(Json(Nothing {}))
}

/// The answer to a task.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AnswerRequest)]
pub(super) struct Said {
    /// `pass`, `warning` or `fail`.
    #[schema(pattern = "^(pass|warning|fail)$")]
    result: String,
    /// `succeeded`, `errored` or `aborted`; `succeeded` where it is left out.
    #[schema(pattern = "^(succeeded|errored|aborted)$")]
    status: Option<String>,
    /// A sentence for people.
    message: Option<String>,
    /// What the following tasks should know.
    #[schema(value_type = Option<Object>)]
    data: Option<Map<String, Value>>,
    /// The tool's name, for the record of an answer that comes when the lease is over.
    tool: Option<String>,
}

/// An answer that counts.
#[derive(Serialize, ToSchema)]
pub(super) struct Answered {
    /// The run.
    context: String,
    /// Id of the `.finished` event that the answer has become.
    id: String,
}

/// Answer a task.
///
/// It becomes a `.finished` event of the tool. The same answer once more is answered as the first time. One that comes when the
/// lease is over is stored and changes nothing.
#[utoipa::path(
    post,
    path = "/api/capstan/v1/claims/{lease}/answer",
    operation_id = "answer_task",
    tag = "tools",
    params(("lease" = String, Path, description = "Id of the lease.")),
    request_body = Said,
    responses(
        (status = 200, description = "The answer counts.", body = Answered),
        (status = 400, description = "The body cannot be read.", body = Problem),
        (status = 401, description = "The token is missing or wrong.", body = Problem),
        (status = 404, description = "There never was such a lease.", body = Problem),
        (status = 409, description = "The lease is over, or it was answered otherwise: the answer does not count.", body = Problem),
        (status = 503, description = "The server is busy or stopping; try again.", body = Problem),
    )
)]
pub(super) async fn answer(
    State(state): State<AppState>,
    Names(lease): Names<String>,
    sent: Sent,
) -> Result<Json<Answered>, Failure> {
    let said: Said = sent.object()?;
    let one_of = |name: &str, given: &str, known: [&str; 3]| {
        let [first, second, third] = known;
        if known.contains(&given) {
            Ok(())
        } else {
            let message = format!("'{name}' is '{given}'; it may be '{first}', '{second}' or '{third}'");
            Err(Failure::bad_request(message))
        }
    };
    one_of("result", &said.result, ["pass", "warning", "fail"])?;
    let status = said.status.unwrap_or_else(|| "succeeded".to_owned());
    one_of("status", &status, ["succeeded", "errored", "aborted"])?;
    let mut data = said.data.unwrap_or_default();
    data.insert("result".to_owned(), said.result.into());
    data.insert("status".to_owned(), status.into());
    data.extend(said.message.map(|message| ("message".to_owned(), message.into())));
    let key = IdempotencyKey::of_lease(&lease, &sent.0);
    let id = state.handle.clock().new_id();
    let answer = Answer { lease: lease.clone(), tool: said.tool, id, data, key };
    match state.handle.submit(Command::Answer(Box::new(answer))).await? {
        Reply::Accepted { context, id, ignored: None } => Ok(Json(Answered { context, id })),
        Reply::Accepted { ignored: Some(why), .. } => {
            Err(Failure::conflict(format!("the answer by lease '{lease}' is stored and does not count: {why}")))
        }
        _ => Err(Failure::not_found(format!("there is no lease '{lease}'"))),
    }
}
