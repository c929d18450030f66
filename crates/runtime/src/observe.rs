//! What the writer does, told to whoever counts it. Nothing here decides anything.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use capstan_engine::orchestrate::{AttemptEnd, Fact, RunResult, TaskEnd};

use crate::command::{Command, CommandError, Reply};

/// Hears of each batch after its commit, on the thread of the writer: it has to be quick.
pub trait Observer: Send + Sync {
    /// A batch was committed.
    fn committed(&self, batch: &CommittedBatch<'_>);

    /// A batch with these commands was not; nothing of it has happened.
    fn failed(&self, commands: &[Command]);
}

/// Nobody counts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn committed(&self, _: &CommittedBatch<'_>) {}
    fn failed(&self, _: &[Command]) {}
}

/// A batch that is on disk.
#[derive(Debug, Clone, Copy)]
pub struct CommittedBatch<'a> {
    /// What was asked for.
    pub commands: &'a [Command],
    /// What became of each, in the same order.
    pub replies: &'a [Result<Reply, CommandError>],
    /// What happened in it.
    pub tally: Tally,
    /// How long the work took, without the commit.
    pub work: Duration,
    /// How long the commit took, with its sync.
    pub commit: Duration,
}

/// How often what happened in a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Events from outside that were stored; a repeat is not stored again.
    pub events_taken_in: u64,
    /// Events that the control plane made.
    pub events_derived: u64,
    /// Events that changed nothing.
    pub events_ignored: u64,
    /// Sequences that were triggered.
    pub sequences_triggered: u64,
    /// Triggers that could start no sequence.
    pub sequences_refused: u64,
    /// Sequences that ended, by [`Tally::RESULTS`].
    pub sequences_ended: [u64; Self::RESULTS.len()],
    /// Attempts of tasks that were offered.
    pub tasks_offered: u64,
    /// Starts of tools by a claim.
    pub tasks_claimed: u64,
    /// Starts of tools by an event of their own.
    pub tasks_started: u64,
    /// Answers of tools.
    pub tasks_answered: u64,
    /// Tasks that ended, by [`Tally::ENDS`].
    pub tasks_ended: [u64; Self::ENDS.len()],
    /// Attempts that came to nothing and that another one follows, by [`Tally::RETRIES`].
    pub attempts_retried: [u64; Self::RETRIES.len()],
    /// Leases that were given back.
    pub leases_released: u64,
    /// Heartbeats of leases, and events that said that a tool is still at work.
    pub signs_of_life: u64,
}

impl Tally {
    /// How a sequence can end.
    pub const RESULTS: [RunResult; 5] =
        [RunResult::Pass, RunResult::Warning, RunResult::Fail, RunResult::TimedOut, RunResult::Aborted];
    /// How a task can end.
    pub const ENDS: [TaskEnd; 5] =
        [TaskEnd::Answered, TaskEnd::TimedOut, TaskEnd::Impossible, TaskEnd::Skipped, TaskEnd::Cancelled];
    /// How an attempt that another one follows can end.
    pub const RETRIES: [AttemptEnd; 3] = [AttemptEnd::Failed, AttemptEnd::TimedOut, AttemptEnd::LeaseLost];

    /// Something happened.
    pub fn note(&mut self, fact: &Fact) {
        let one = |all: &mut [u64], at: Option<usize>| {
            if let Some(count) = at.and_then(|at| all.get_mut(at)) {
                *count += 1;
            }
        };
        match fact {
            Fact::Triggered(_) => self.sequences_triggered += 1,
            Fact::Refused { .. } => self.sequences_refused += 1,
            Fact::Ended(ending) => {
                let result = RunResult::of(ending);
                one(&mut self.sequences_ended, Self::RESULTS.iter().position(|known| *known == result));
            }
            Fact::TaskOffered { .. } => self.tasks_offered += 1,
            Fact::TaskStarted { lease: Some(_), .. } => self.tasks_claimed += 1,
            Fact::TaskStarted { lease: None, .. } => self.tasks_started += 1,
            Fact::TaskAnswered { .. } => self.tasks_answered += 1,
            Fact::TaskDone { .. } => self.tasks_ended[0] += 1,
            Fact::TaskEnded { end, .. } => {
                one(&mut self.tasks_ended, Self::ENDS.iter().position(|known| known == end));
            }
            Fact::AttemptEnded { end, .. } => {
                one(&mut self.attempts_retried, Self::RETRIES.iter().position(|known| known == end));
            }
            Fact::LeaseReleased { .. } => self.leases_released += 1,
            Fact::SignOfLife { .. } => self.signs_of_life += 1,
            Fact::Ignored { .. } => self.events_ignored += 1,
            _ => {}
        }
    }

    /// What happened in a part of the batch.
    pub(crate) fn add(&mut self, part: &Self) {
        self.events_taken_in += part.events_taken_in;
        self.events_derived += part.events_derived;
        self.events_ignored += part.events_ignored;
        self.sequences_triggered += part.sequences_triggered;
        self.sequences_refused += part.sequences_refused;
        self.tasks_offered += part.tasks_offered;
        self.tasks_claimed += part.tasks_claimed;
        self.tasks_started += part.tasks_started;
        self.tasks_answered += part.tasks_answered;
        self.leases_released += part.leases_released;
        self.signs_of_life += part.signs_of_life;
        let pairs = self.sequences_ended.iter_mut().zip(part.sequences_ended);
        let pairs = pairs.chain(self.tasks_ended.iter_mut().zip(part.tasks_ended));
        for (all, some) in pairs.chain(self.attempts_retried.iter_mut().zip(part.attempts_retried)) {
            *all += some;
        }
    }
}

/// What stands before the writer.
#[derive(Debug, Default)]
pub struct Load {
    queued: AtomicU64,
    refused: AtomicU64,
    claims: AtomicU64,
}

impl Load {
    /// Commands that wait to be carried out.
    pub fn queued(&self) -> u64 {
        self.queued.load(Ordering::Relaxed)
    }

    /// Commands that were refused because too many waited already, since the start.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Claims that wait for a task.
    pub fn claims(&self) -> u64 {
        self.claims.load(Ordering::Relaxed)
    }

    /// One is about to be sent; before it is, so that nobody takes it off who has not seen it.
    pub(crate) fn sending(&self) {
        self.queued.fetch_add(1, Ordering::Relaxed);
    }

    /// So many were taken off, or not taken on.
    pub(crate) fn taken(&self, count: u64) {
        self.queued.fetch_sub(count, Ordering::Relaxed);
    }

    pub(crate) fn refuse(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn set_claims(&self, count: usize) {
        self.claims.store(count as u64, Ordering::Relaxed);
    }
}
