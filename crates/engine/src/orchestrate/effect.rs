//! What is to be done once the facts stand.

use capstan_model::event::CloudEvent;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::fact::Fact;

/// What follows from an input.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Decision {
    /// What happened, in order.
    pub facts: Vec<Fact>,
    /// What is to be done, in order; written in the transaction that holds the facts.
    pub effects: Vec<Effect>,
}

/// An intention; its ids are the same whenever the same input is decided again.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Make an event known.
    Publish(CloudEvent),
    /// Make a task's `.triggered` event known and list it until it is withdrawn.
    Offer(CloudEvent),
    /// List it no more.
    Withdraw {
        /// Id of the `.triggered` event.
        triggered_id: String,
    },
    /// Wake this sequence at that time; replaces its timer of the same kind.
    Arm(TimerKind, Timestamp),
    /// Do not wake it.
    Disarm(TimerKind),
    /// Enter the queue of its key.
    WantSlot,
    /// Leave the slot or the queue for a while.
    StepAside,
    /// Leave the slot or the queue for good.
    FreeSlot,
    /// Start whatever the run's shipyard lets follow; [`super::followers`] says what.
    Follow,
}

/// What a sequence can wait for; it has at most one timer of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimerKind {
    /// The end of a task's delay or backoff.
    Delay,
    /// The earliest deadline of an attempt or a lease.
    Deadline,
    /// The timeout of the sequence.
    Timeout,
    /// The next reminder.
    Reminder,
}

impl TimerKind {
    /// Each of them.
    pub const ALL: [Self; 4] = [Self::Delay, Self::Deadline, Self::Timeout, Self::Reminder];

    /// The word under which it is stored.
    pub fn word(self) -> &'static str {
        match self {
            Self::Delay => "delay",
            Self::Deadline => "deadline",
            Self::Timeout => "timeout",
            Self::Reminder => "reminder",
        }
    }

    /// Reads the word under which it is stored.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}
