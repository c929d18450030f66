//! How everybody else reaches the writer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::time::Duration;

use tokio::sync::{oneshot, watch};

use super::claims::{Asked, Claimer};
use crate::command::{Command, CommandError, Grant, Reply, Wanted};
use crate::observe::Load;
use crate::polled::PolledTasks;
use crate::ports::{Clock, StoreError, StoreReader};
use crate::step::Setting;

/// What the writer is sent.
pub(super) enum Message {
    /// Carry this out and answer.
    Carry(Command, Asked),
    /// Grant tasks, now or as soon as there are some; whoever drops the receiver has stopped waiting.
    Claim(Box<Wanted>, Claimer),
    /// Grant nothing more to the claim of this number, and answer it if that has not been done.
    Cease(u64),
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
    pub(super) writable: watch::Receiver<bool>,
    pub(super) setting: watch::Receiver<Setting>,
    pub(super) polled: Arc<PolledTasks>,
    pub(super) load: Arc<Load>,
    /// The number of the next claim.
    pub(super) claims: Arc<AtomicU64>,
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
        self.send(Message::Carry(command, answer))?;
        Ok(answered.await.map_err(|_| SubmitError::Stopping)??)
    }

    /// Claims tasks, and waits for some for so long. What is granted when nobody waits for it any more, because the request
    /// was cut off, is given back.
    pub async fn claim(&self, wanted: Wanted, patience: Duration) -> Result<Vec<Grant>, SubmitError> {
        let (answer, answered) = oneshot::channel();
        let (message, number, patience) = if patience.is_zero() {
            (Message::Carry(Command::Claim(Box::new(wanted)), answer), None, AT_ONCE)
        } else {
            let number = self.claims.fetch_add(1, Ordering::Relaxed);
            (Message::Claim(Box::new(wanted), Claimer { number, answer }), Some(number), patience)
        };
        self.send(message)?;
        let mut claim = Claim { answered: Some(answered), handle: self };
        let mut reply = tokio::time::timeout(patience, claim.answer()).await;
        // What is granted in this very moment is not to be offered anew: the writer has the last word.
        if reply.is_err()
            && let Some(number) = number
            && self.send(Message::Cease(number)).is_ok()
        {
            reply = tokio::time::timeout(AT_ONCE, claim.answer()).await;
        }
        let reply = match reply {
            Ok(reply) => reply?,
            Err(_) => claim.stop().unwrap_or(Ok(Reply::Nothing))?,
        };
        Ok(match reply {
            Reply::Claimed(grants) => grants,
            _ => Vec::new(),
        })
    }

    fn send(&self, message: Message) -> Result<(), SubmitError> {
        self.load.sending();
        self.sender.try_send(message).map_err(|error| {
            self.load.taken(1);
            match error {
                TrySendError::Full(_) => {
                    self.load.refuse();
                    SubmitError::Busy
                }
                TrySendError::Disconnected(_) => SubmitError::Stopping,
            }
        })
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

    /// Whether the store could be written when that was last tried.
    pub fn is_writable(&self) -> bool {
        *self.writable.borrow()
    }

    /// What stands before the writer.
    pub fn load(&self) -> &Load {
        &self.load
    }

    /// Time and new ids.
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Which tasks tools ask for.
    pub fn polled_tasks(&self) -> &PolledTasks {
        &self.polled
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

/// Why a lease is given back of which nobody was told.
pub(super) const UNHEARD: &str = "nobody waited for the answer to the claim";

/// How long a claim that does not wait may take: as long as a commit does.
const AT_ONCE: Duration = Duration::from_secs(30);

/// A claim under way.
struct Claim<'a> {
    answered: Option<oneshot::Receiver<Result<Reply, CommandError>>>,
    handle: &'a Handle,
}

impl Claim<'_> {
    async fn answer(&mut self) -> Result<Reply, SubmitError> {
        let Some(answered) = &mut self.answered else { return Err(SubmitError::Stopping) };
        let reply = answered.await;
        self.answered = None;
        Ok(reply.map_err(|_| SubmitError::Stopping)??)
    }

    /// Waits no longer. What has come meanwhile.
    fn stop(&mut self) -> Option<Result<Reply, CommandError>> {
        let mut answered = self.answered.take()?;
        answered.close();
        answered.try_recv().ok()
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let Some(Ok(Reply::Claimed(grants))) = self.stop() else { return };
        for grant in grants {
            let (answer, _) = oneshot::channel();
            let reason = UNHEARD.to_owned();
            // Where the queue is full the lease runs out by itself.
            let _ = self.handle.send(Message::Carry(Command::Release { lease: grant.lease.id, reason }, answer));
        }
    }
}
