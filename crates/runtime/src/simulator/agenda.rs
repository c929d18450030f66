//! What is going to happen, in the order in which it will.

use std::collections::BTreeMap;

use capstan_engine::orchestrate::{Control, Origin, Wish};
use capstan_model::event::CloudEvent;
use jiff::SignedDuration;

use super::tool::Answer;
use crate::command;
use crate::ports::Configuration;

/// Something that happens to a [`super::World`] from outside.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// An event arrives.
    Event(Box<CloudEvent>),
    /// A tool says that it is still at work, and says so again until it is done.
    Beat {
        /// What it says; each time it gets an id of its own.
        event: Box<CloudEvent>,
        /// How often.
        every: SignedDuration,
        /// Not any more then, since the beginning.
        until: SignedDuration,
    },
    /// A tool claims a task like this one, the oldest that there is.
    Claim {
        /// Which of the tools, by its place.
        tool: usize,
        /// The `.triggered` event that it has heard of.
        offer: Box<CloudEvent>,
        /// What it does with the task.
        answer: Box<Answer>,
        /// Under which a repeat is known; empty: it gets one.
        key: String,
    },
    /// A tool asks for what there is, or for what comes next.
    Ask {
        /// Which of the tools, by its place.
        tool: usize,
        /// Under which a repeat is known; empty: it gets one.
        key: String,
    },
    /// A tool is still at work on what it has claimed, and says so again until it is done.
    Alive {
        /// The lease.
        lease: String,
        /// What it says of its work.
        progress: Option<String>,
        /// How often.
        every: SignedDuration,
        /// Not any more then, since the beginning.
        until: SignedDuration,
    },
    /// A tool gives back what it has claimed.
    Release {
        /// Which of the tools, by its place.
        tool: usize,
        /// The `.triggered` event of the task.
        offer: Box<CloudEvent>,
        /// The lease.
        lease: String,
        /// Why; may be empty.
        reason: String,
    },
    /// A tool answers what it has claimed.
    Answer(Box<command::Answer>),
    /// Somebody steers a run.
    Control {
        /// Name of its project.
        project: String,
        /// Its context.
        context: String,
        /// One stage alone.
        stage: Option<String>,
        /// How.
        control: Control,
    },
    /// Somebody has done again what failed.
    Rerun {
        /// Name of its project.
        project: String,
        /// Its context.
        context: String,
        /// The stage; may be left out where there is one.
        stage: Option<String>,
        /// From where it goes on.
        origin: Origin,
        /// Who wants it, and why.
        wish: Wish,
    },
    /// The server is killed and comes back after a while.
    Kill {
        /// How long it is away.
        away: SignedDuration,
    },
    /// The clock of the server is set.
    Jump {
        /// By how much.
        by: SignedDuration,
    },
    /// A project comes to be or gets another configuration: its name, that configuration, and the text of its shipyard.
    Configure(Box<(String, Configuration, String)>),
    /// What was said already reaches the server, as it was; nothing goes wrong on its way any more.
    Again(Box<Act>),
    /// The server looks for what it has to do, after something went wrong.
    Look,
    /// The writer is not busy any more.
    Serve,
}

impl Act {
    /// Whether somebody says something to the server, so that it can come late, twice, or after what was said later.
    pub(super) fn is_said(&self) -> bool {
        !matches!(
            self,
            Self::Beat { .. } | Self::Again(_) | Self::Kill { .. } | Self::Jump { .. } | Self::Look | Self::Serve
        )
    }
}

/// Acts by time and, at one time, in the order in which they were planned. Time is that since the beginning: it does not
/// jump with the clock.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    acts: BTreeMap<(SignedDuration, u64), Act>,
    planned: u64,
}

impl Agenda {
    pub(super) fn plan(&mut self, at: SignedDuration, act: Act) {
        self.planned += 1;
        self.acts.insert((at, self.planned), act);
    }

    pub(super) fn next(&self) -> Option<SignedDuration> {
        self.acts.first_key_value().map(|((at, _), _)| *at)
    }

    pub(super) fn take(&mut self) -> Option<Act> {
        self.acts.pop_first().map(|(_, act)| act)
    }
}
