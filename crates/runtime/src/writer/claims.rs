//! Claims that wait for something to be offered.

use tokio::sync::oneshot;

use crate::command::{CommandError, Grant, Reply, Wanted};

/// Where an answer goes.
pub(super) type Asked = oneshot::Sender<Result<Reply, CommandError>>;

/// Who is to be told what was granted.
pub(super) struct Claimer {
    /// Like that of no other.
    pub(super) number: u64,
    pub(super) answer: Asked,
}

/// Claims that nothing could be granted to so far, the oldest first.
#[derive(Default)]
pub(super) struct WaitingClaims {
    wanted: Vec<Wanted>,
    /// In the same order.
    claimers: Vec<Claimer>,
    /// Leases that were granted to somebody who had stopped waiting.
    unheard: Vec<String>,
}

impl WaitingClaims {
    /// What they want.
    pub(super) fn wanted(&self) -> &[Wanted] {
        &self.wanted
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.wanted.len()
    }

    /// One more waits.
    pub(super) fn add(&mut self, wanted: Wanted, claimer: Claimer) {
        self.wanted.push(wanted);
        self.claimers.push(claimer);
    }

    /// Nothing is granted to those who have stopped waiting.
    pub(super) fn forget_the_gone(&mut self) {
        let mut at = 0;
        while at < self.claimers.len() {
            if self.claimers[at].answer.is_closed() {
                self.remove(at);
            } else {
                at += 1;
            }
        }
    }

    /// The claim of this number waits no longer; one that was granted something has been told.
    pub(super) fn cease(&mut self, number: u64) {
        if let Some(at) = self.claimers.iter().position(|claimer| claimer.number == number) {
            let answer = self.remove(at);
            self.tell(answer, Ok(Reply::Nothing));
        }
    }

    /// Tells those who waited what they were granted, by their index.
    pub(super) fn hand_out(&mut self, mut granted: Vec<(usize, Vec<Grant>)>) {
        // From the last on, so that the indices of those before stay what they are.
        granted.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        for (at, grants) in granted {
            let answer = self.remove(at);
            self.tell(answer, Ok(Reply::Claimed(grants)));
        }
    }

    fn remove(&mut self, at: usize) -> Asked {
        self.wanted.remove(at);
        self.claimers.remove(at).answer
    }

    /// Answers somebody; what was granted to one who has gone in this very moment is to be given back.
    pub(super) fn tell(&mut self, answer: Asked, reply: Result<Reply, CommandError>) {
        if let Err(Ok(Reply::Claimed(grants))) = answer.send(reply) {
            self.unheard.extend(grants.into_iter().map(|grant| grant.lease.id));
        }
    }

    /// Whether there is something to be given back.
    pub(super) fn has_unheard(&self) -> bool {
        !self.unheard.is_empty()
    }

    /// Leases of which nobody was told.
    pub(super) fn take_unheard(&mut self) -> Vec<String> {
        std::mem::take(&mut self.unheard)
    }
}
