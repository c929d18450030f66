//! How a writer is set up.

use capstan_engine::orchestrate::Limits;

use crate::ports::Retention;

/// What a writer goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// How long, how much and how many.
    pub limits: Limits,
    /// How long runs are kept where their project does not say.
    pub retention: Retention,
    /// Commands that may wait; beyond, senders are told to come back.
    pub queue: usize,
    /// Commands that share a sync at most.
    pub batch: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { limits: Limits::default(), retention: Retention::default(), queue: 4_096, batch: 256 }
    }
}
