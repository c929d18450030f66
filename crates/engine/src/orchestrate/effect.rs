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
    /// Enter the queue of its project, stage and service.
    WantSlot,
    /// Leave the slot or the queue.
    FreeSlot,
    /// Start whatever the run's shipyard lets follow; [`super::followers`] says what.
    Follow,
}

/// What a sequence can wait for; it has at most one timer of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimerKind {
    /// The end of a task's delay.
    Delay,
    /// The deadline of the open task.
    Deadline,
    /// The next reminder.
    Reminder,
}

impl TimerKind {
    /// The word under which it is stored.
    pub fn word(self) -> &'static str {
        match self {
            Self::Delay => "delay",
            Self::Deadline => "deadline",
            Self::Reminder => "reminder",
        }
    }

    /// Reads the word under which it is stored.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Delay, Self::Deadline, Self::Reminder].into_iter().find(|kind| kind.word() == word)
    }
}
