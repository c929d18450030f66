//! Where tasks come from: polling for those of one kind, or claiming those of all.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http_body_util::BodyExt as _;
use hyper::Method;
use hyper::body::Bytes;
use serde::Deserialize;

use super::super::connection::{Connection, Target, read};
use super::super::event::SOURCE;
use super::super::population::{STAGES, Subject, TASKS};
use super::field::Field;
use super::job::{Task, Way};
use crate::failure::Failure;

/// How long a poller waits where nothing says that there is something.
const POLL: Duration = Duration::from_millis(10);

/// How many tasks a claim takes at most.
const BATCH: usize = 32;

/// How long a claim waits. Each repetition ends only when all have come back.
const WAIT_SECONDS: f64 = 0.5;

/// How many sources there are: one for each kind of task.
pub(super) const SOURCES: usize = TASKS.len();

/// Hands tasks to the workers until all is over. It is not to be dropped before: a claim that is given up while it waits may be
/// granted a task all the same, which the server then takes back.
pub(super) async fn supply(field: &Field, target: &Arc<Target>, number: usize) -> Result<(), Failure> {
    let mut connection = Connection::open(target).await?;
    match field.way {
        Way::V1 => poll(field, &mut connection, number).await,
        Way::Claims => claim(field, &mut connection, true).await,
        Way::Stream if number == LISTENER => listen(field, &mut connection).await,
        // One is enough: whatever has happened meanwhile it takes with the next claim.
        Way::Stream if number == CLAIMER => claim(field, &mut connection, false).await,
        Way::Stream => Ok(()),
    }
}

#[derive(Deserialize)]
struct Page {
    events: Vec<Offered>,
}

#[derive(Deserialize)]
struct Offered {
    id: String,
    shkeptncontext: String,
    data: About,
}

#[derive(Deserialize)]
struct About {
    project: String,
    stage: String,
    service: String,
}

async fn poll(field: &Field, connection: &mut Connection, kind: usize) -> Result<(), Failure> {
    let task = TASKS[kind];
    let path = format!("/api/controlPlane/v1/event/triggered/sh.keptn.event.{task}.triggered?pageSize=256");
    loop {
        // The answer to an event, where the server has worked off the event by then; else some time.
        let _ = tokio::time::timeout(POLL, field.nudged(kind)).await;
        if field.is_over() {
            return Ok(());
        }
        if field.open() == 0 {
            continue;
        }
        field.count_request();
        let page: Page = connection.get(&path).await?;
        let now = Instant::now();
        for Offered { id, shkeptncontext: context, data } in page.events {
            let task = task_of(id, context, &data.project, &data.stage, &data.service, task);
            task.map(|task| field.receive(task, now));
        }
    }
}

#[derive(Deserialize)]
struct Claims {
    claims: Vec<Claim>,
}

#[derive(Deserialize)]
struct Claim {
    lease: String,
    task: String,
    project: String,
    stage: String,
    service: String,
    context: String,
}

/// Which of the sources follows the stream, and which claims what it tells of.
const LISTENER: usize = 0;
const CLAIMER: usize = 1;

/// How long nothing is claimed where the stream is silent; nothing relies on it.
const SAFETY: Duration = Duration::from_secs(1);

async fn listen(field: &Field, connection: &mut Connection) -> Result<(), Failure> {
    let path = "/api/capstan/v1/stream";
    let response = connection.begin(Method::GET, path, Bytes::new()).await?;
    let mut body = response.into_body();
    loop {
        let frame = tokio::select! {
            frame = body.frame() => frame,
            () = field.end_of_all() => return Ok(()),
        };
        let frame = frame.ok_or_else(|| Failure::plain(format!("'{path}' has ended")))?;
        frame.map_err(|error| Failure::plain(format!("'{path}' breaks off: {error}")))?;
        field.nudge(CLAIMER);
    }
}

async fn claim(field: &Field, connection: &mut Connection, waits: bool) -> Result<(), Failure> {
    let path = "/api/capstan/v1/claims";
    let tasks = TASKS.map(|task| format!("\"{task}\"")).join(",");
    let patience = if waits { WAIT_SECONDS } else { 0.0 };
    let wanted = format!(
        r#"{{"tool":"{SOURCE}","tasks":[{tasks}],"max":{BATCH},"lease_seconds":3600,"wait_seconds":{patience}}}"#
    );
    let wanted = Bytes::from(wanted);
    while !field.is_over() {
        if !waits {
            let _ = tokio::time::timeout(SAFETY, field.nudged(CLAIMER)).await;
        }
        field.count_request();
        let answer = connection.post(path, wanted.clone()).await?;
        let Claims { claims } = read(path, &answer)?;
        let now = Instant::now();
        for Claim { lease, task, project, stage, service, context } in claims {
            let task = task_of(lease, context, &project, &stage, &service, &task);
            task.map(|task| field.receive(task, now));
        }
    }
    Ok(())
}

/// None of a task that is not one of the bench's.
fn task_of(handle: String, context: String, project: &str, stage: &str, service: &str, task: &str) -> Option<Task> {
    let subject = Subject::named(project, service)?;
    let stage = STAGES.iter().position(|known| *known == stage)?;
    let kind = TASKS.iter().position(|known| *known == task)?;
    Some(Task { handle, context, subject, stage, kind })
}
