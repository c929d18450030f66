//! What a worker is to do, and how tools and server talk.

use std::fmt;
use std::time::Instant;

use serde::Serialize;

use super::super::population::{STAGES, Subject, TASKS};

/// How tools learn of tasks and answer them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(in super::super) enum Way {
    /// As in Keptn v1: ask for open tasks, send `.started`, send `.finished`.
    V1,
    /// Claims that wait for tasks, several at a time, and an answer for each.
    Claims,
    /// Claims that do not wait, whenever the stream tells that something has happened.
    Stream,
}

impl fmt::Display for Way {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::V1 => "v1",
            Self::Claims => "claims",
            Self::Stream => "stream",
        })
    }
}

/// What is to be done on a worker's connection.
#[derive(Debug)]
pub(super) enum Job {
    /// Begin a run that was due at this time.
    Trigger(Instant),
    /// Do a task.
    Task(Task),
}

/// A task that waits for a tool.
#[derive(Debug)]
pub(super) struct Task {
    /// Id of its `.triggered` event, or of the lease.
    pub(super) handle: String,
    pub(super) context: String,
    pub(super) subject: Subject,
    /// Which one of [`STAGES`].
    pub(super) stage: usize,
    /// Which one of [`TASKS`].
    pub(super) kind: usize,
}

impl Task {
    /// Whether its run is over with it.
    pub(super) fn is_last(&self) -> bool {
        (self.stage, self.kind) == (STAGES.len() - 1, TASKS.len() - 1)
    }

    /// Whether it was the last one of its sequence; then the next is the first task of the next stage.
    pub(super) fn next(&self) -> usize {
        (self.kind + 1) % TASKS.len()
    }
}
