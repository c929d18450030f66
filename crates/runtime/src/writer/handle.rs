//! How everybody else reaches the writer.

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError};

use tokio::sync::{oneshot, watch};

use crate::command::{Command, CommandError, Reply};
use crate::ports::{Clock, StoreError, StoreReader};
use crate::step::Setting;

/// What the writer is sent.
pub(super) enum Message {
    /// Carry this out and answer.
    Carry(Command, oneshot::Sender<Result<Reply, CommandError>>),
    /// Carry out what has come before, and end.
    Stop,
}

/// A cheap way to the writer and to what it has committed.
#[derive(Clone)]
pub struct Handle {
    pub(super) sender: SyncSender<Message>,
    pub(super) reader: Arc<dyn StoreReader>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) commits: watch::Receiver<u64>,
    pub(super) offers: watch::Receiver<u64>,
    pub(super) setting: watch::Receiver<Setting>,
}

/// Why a command was not carried out.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SubmitError {
    /// More is waiting to be written than may wait; try again shortly.
    #[error("the server has more to write than it can take; try again shortly")]
    Busy,
    /// The server ends.
    #[error("the server is stopping")]
    Stopping,
    /// It was refused.
    #[error(transparent)]
    Refused(#[from] CommandError),
}

impl Handle {
    /// Has a command carried out; when this returns well, it and what follows from it are on disk.
    pub async fn submit(&self, command: Command) -> Result<Reply, SubmitError> {
        let (answer, answered) = oneshot::channel();
        self.sender.try_send(Message::Carry(command, answer)).map_err(|error| match error {
            TrySendError::Full(_) => SubmitError::Busy,
            TrySendError::Disconnected(_) => SubmitError::Stopping,
        })?;
        Ok(answered.await.map_err(|_| SubmitError::Stopping)??)
    }

    /// Asks the store something, away from the threads that serve requests.
    pub async fn read<T, F>(&self, question: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&dyn StoreReader) -> Result<T, StoreError> + Send + 'static,
    {
        let reader = Arc::clone(&self.reader);
        tokio::task::spawn_blocking(move || question(&*reader))
            .await
            .map_err(|error| StoreError::Failed(format!("a question to the store came to no end: {error}")))?
    }

    /// What the writer goes by.
    pub fn setting(&self) -> Setting {
        *self.setting.borrow()
    }

    /// Time and new ids.
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Changes with each commit; it says that there is something new, not what.
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.commits.clone()
    }

    /// Changes with each commit that offers a task.
    pub fn offers(&self) -> watch::Receiver<u64> {
        self.offers.clone()
    }
}
