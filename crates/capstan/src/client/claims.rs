//! Tasks that a tool claims, works on and answers.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::connection::{Connection, Repeat};
use super::error::ClientError;

/// Which tasks a tool would take.
#[derive(Debug, Clone)]
pub(crate) struct Wanted<'a> {
    /// Its name.
    pub(crate) tool: &'a str,
    /// Names of tasks.
    pub(crate) tasks: &'a [String],
    /// How many at most.
    pub(crate) max: usize,
    /// How long it may be silent.
    pub(crate) lease: Duration,
    /// How long the server waits for tasks; shorter than a request may take.
    pub(crate) patience: Duration,
}

/// A task that was claimed.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Claim {
    /// Identifies the lease.
    pub(crate) lease: String,
    /// How long the tool may be silent, in seconds.
    pub(crate) seconds: f64,
    /// Name of the task.
    pub(crate) task: String,
    pub(crate) project: String,
    pub(crate) stage: String,
    pub(crate) service: String,
    pub(crate) context: String,
}

#[derive(Deserialize)]
struct Claims {
    claims: Vec<Claim>,
}

impl Connection {
    /// Claims tasks and waits for some. The same key once more gets what was granted under it, so a repeat is harmless.
    pub(crate) async fn claim(&self, wanted: &Wanted<'_>, key: &str) -> Result<Vec<Claim>, ClientError> {
        let body = json!({
            "tool": wanted.tool, "tasks": wanted.tasks, "max": wanted.max,
            "lease_seconds": wanted.lease.as_secs_f64(), "wait_seconds": wanted.patience.as_secs_f64(),
        });
        let request = self.to_post(&["claims"], &body).header("idempotency-key", key);
        Ok(self.ask::<Claims>(request, Repeat::Harmless).await?.read.claims)
    }

    /// Says that a tool is at work on what it has claimed.
    pub(crate) async fn heartbeat(&self, lease: &str, progress: &str) -> Result<(), ClientError> {
        self.of_lease(lease, "heartbeat", &json!({ "progress": progress })).await
    }

    /// Gives a task back.
    pub(crate) async fn release(&self, lease: &str, reason: &str) -> Result<(), ClientError> {
        self.of_lease(lease, "release", &json!({ "reason": reason })).await
    }

    /// Answers a task; the same answer once more is answered as the first time.
    pub(crate) async fn answer(&self, lease: &str, answer: &Value) -> Result<(), ClientError> {
        self.of_lease(lease, "answer", answer).await
    }

    async fn of_lease(&self, lease: &str, word: &str, body: &Value) -> Result<(), ClientError> {
        self.post::<Value>(&["claims", lease, word], body, Repeat::Harmless).await.map(|_| ())
    }
}
