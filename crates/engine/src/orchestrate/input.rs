//! What a sequence hears of.

use jiff::Timestamp;
use serde_json::Value;

use super::effect::TimerKind;
use super::lease::Claim;

/// Something that a sequence has to react to.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// It came to be.
    Born,
    /// It is its turn in the queue.
    SlotGranted,
    /// It stands behind others in the queue.
    Blocked {
        /// Ids of the sequences that hold the slot or stand before it.
        behind: Vec<String>,
    },
    /// A tool says something about a task.
    Reaction(Reaction),
    /// A timer elapsed.
    Timer {
        /// Which.
        kind: TimerKind,
        /// Since when the server has been up and its clock even: nobody could answer before.
        up_since: Timestamp,
    },
    /// The clock was set back, so what it waits for may be farther off than it ever was.
    ClockSetBack,
    /// A tool wants a task.
    Claimed(Claim),
    /// Something was heard of a claim.
    Heartbeat {
        /// The lease.
        lease: String,
        /// What the tool says of its work; none: what it said before.
        progress: Option<String>,
    },
    /// A tool gives a claim back.
    Released {
        /// The lease.
        lease: String,
        /// Why; may be empty.
        reason: String,
    },
    /// Another run takes its place.
    Superseded {
        /// Context of that run.
        by: String,
    },
    /// Somebody steers.
    Control(Control),
}

/// What a tool says about a task.
#[derive(Debug, Clone, PartialEq)]
pub struct Reaction {
    /// Id of the event.
    pub event_id: String,
    /// Its type.
    pub event_type: String,
    /// What it says.
    pub kind: ReactionKind,
    /// Who sent it.
    pub source: String,
    /// The run that it names.
    pub context: String,
    /// The task that it answers.
    pub triggered_id: String,
    /// The claim by which it answers; none where it sent the event itself.
    pub lease: Option<String>,
    /// Its data.
    pub data: Value,
}

/// What a tool can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReactionKind {
    /// It has taken the task up.
    Started,
    /// It answers.
    Finished,
    /// It is still at work.
    StatusChanged,
}

/// How a run can be steered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// Let the open task end, offer no further one.
    Pause,
    /// Go on.
    Resume,
    /// End it at once.
    Abort,
}

impl Control {
    /// The word of the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Abort => "abort",
        }
    }

    /// Reads the word of the API; it has to match exactly, as in v1.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Pause, Self::Resume, Self::Abort].into_iter().find(|control| control.word() == word)
    }
}
