//! A tool that does tasks in no time, and begins the next run when one is over.

use std::time::Instant;

use hyper::body::Bytes;

use super::super::connection::Connection;
use super::super::event::{About, body, new_id};
use super::super::ingest::EVENT;
use super::super::population::{STAGES, Subject, TASKS, TRIGGER};
use super::answered::answer;
use super::field::Field;
use super::job::{Job, Task, Way};
use crate::failure::Failure;

/// Works until it is dropped.
pub(super) async fn work(field: &Field, connection: &mut Connection) -> Result<(), Failure> {
    let answer = answer();
    loop {
        match field.take().await {
            Job::Trigger(due) => trigger(field, connection, due).await?,
            Job::Task(task) => perform(field, connection, task, &answer).await?,
        }
    }
}

async fn trigger(field: &Field, connection: &mut Connection, due: Instant) -> Result<(), Failure> {
    if !field.may_begin() {
        return Ok(());
    }
    let context = new_id().to_string();
    let event = body(About {
        kind: TRIGGER,
        context: &context,
        triggered_id: "",
        subject: Subject::random(),
        stage: STAGES[0],
        pass: false,
    });
    field.begin(&context, due);
    field.count_request();
    connection.post(EVENT, event).await?;
    field.nudge(0);
    Ok(())
}

async fn perform(field: &Field, connection: &mut Connection, task: Task, answer: &Bytes) -> Result<(), Failure> {
    match field.way {
        Way::V1 => {
            field.count_request();
            connection.post(EVENT, said(&task, "started", false)).await?;
            let finished = said(&task, "finished", true);
            field.answering(&task);
            field.count_request();
            connection.post(EVENT, finished).await?;
            field.nudge(task.next());
        }
        Way::Claims | Way::Stream => {
            let path = format!("/api/capstan/v1/claims/{}/answer", task.handle);
            field.answering(&task);
            field.count_request();
            connection.post(&path, answer.clone()).await?;
        }
    }
    if task.is_last() {
        field.end(task);
        if field.closed_loop {
            trigger(field, connection, Instant::now()).await?;
        }
    }
    Ok(())
}

fn said(task: &Task, phase: &str, pass: bool) -> Bytes {
    let Task { handle, context, subject, stage, kind } = task;
    let kind = format!("sh.keptn.event.{}.{phase}", TASKS[*kind]);
    body(About { kind: &kind, context, triggered_id: handle, subject: *subject, stage: STAGES[*stage], pass })
}
