//! One task at work.

use std::time::{Duration, Instant};

use jiff::SignedDuration;
use serde_json::Value;
use tokio::sync::watch;

use super::command::FakeResult;
use crate::client::{Claim, ClientError, Connection, Problem};
use crate::terminal::took;

/// How long to wait before something is said again that was not heard.
pub(super) const PAUSE: Duration = Duration::from_millis(200);

/// A task that was claimed, and what will be done about it.
pub(super) struct Job<'a> {
    pub(super) server: &'a Connection,
    pub(super) claim: Claim,
    /// How long it takes.
    pub(super) length: Duration,
    pub(super) result: FakeResult,
    /// The answer to it.
    pub(super) answer: Value,
    /// Becomes true when the work is to be given back.
    pub(super) stopping: watch::Receiver<bool>,
}

/// What became of a task.
pub(super) enum End {
    /// The answer counts.
    Answered,
    /// It was given back.
    GivenBack,
    /// The lease was over before: somebody else has the task now, or nobody needs it any more.
    Lost(String),
}

impl Job<'_> {
    /// Works on it, and answers.
    pub(super) async fn perform(mut self) -> Result<(Self, End), ClientError> {
        let end = match self.work().await? {
            Some(end) => end,
            None => self.insist().await?,
        };
        Ok((self, end))
    }

    /// Takes its time and says so. None when it is done.
    async fn work(&mut self) -> Result<Option<End>, ClientError> {
        let (begun, beat) = (Instant::now(), Duration::from_secs_f64(self.claim.seconds) / 3);
        loop {
            let left = self.length.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return Ok(None);
            }
            let stopped = tokio::select! {
                _ = self.stopping.wait_for(|stopping| *stopping) => true,
                () = tokio::time::sleep(left.min(beat)) => false,
            };
            if stopped {
                return self.give_back().await.map(Some);
            }
            if left <= beat {
                continue;
            }
            let length = |length: Duration| took(SignedDuration::try_from(length).unwrap_or(SignedDuration::MAX));
            let progress = format!("{} of {}", length(begun.elapsed()), length(self.length));
            match self.server.heartbeat(&self.claim.lease, &progress).await {
                Ok(()) => {}
                // A server that is started again leaves each lease one full term.
                Err(error) if error.passes() => {}
                Err(error) => return over(error).map(Some),
            }
        }
    }

    async fn give_back(&self) -> Result<End, ClientError> {
        match self.server.release(&self.claim.lease, "the tool was stopped").await {
            Ok(()) => Ok(End::GivenBack),
            Err(error) => over(error),
        }
    }

    /// Says the answer until it is heard: a server that is started again comes back, and what it heard before does nothing
    /// twice.
    async fn insist(&self) -> Result<End, ClientError> {
        loop {
            match self.server.answer(&self.claim.lease, &self.answer).await {
                Ok(()) => return Ok(End::Answered),
                Err(error) if error.passes() => tokio::time::sleep(PAUSE).await,
                Err(error) => return over(error),
            }
        }
    }
}

/// A lease that is over is no failure of the tool.
fn over(error: ClientError) -> Result<End, ClientError> {
    match error {
        ClientError::Refused(Problem { status: 404 | 409, message, .. }) => Ok(End::Lost(message)),
        error => Err(error),
    }
}
