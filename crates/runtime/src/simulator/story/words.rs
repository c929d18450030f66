//! Facts in the words of the engine, with times and names of one world.

use capstan_engine::orchestrate::words;
pub use capstan_engine::orchestrate::words::span;
use capstan_engine::orchestrate::{Fact, Sequence};
use jiff::Timestamp;

/// Sets times and names of one world.
pub(super) struct Speaker<'a> {
    pub(super) beginning: Timestamp,
    /// What a sequence is called, by its id.
    pub(super) name: &'a dyn Fn(&str) -> String,
    /// What a run is called, by its context.
    pub(super) run: &'a dyn Fn(&str) -> String,
}

impl Speaker<'_> {
    /// A time, as the length since the beginning.
    pub(super) fn time(&self, at: Timestamp) -> String {
        span(at.duration_since(self.beginning))
    }

    /// What a fact says; `sequence` is the one that it is about, as it was last.
    pub(super) fn say(&self, fact: &Fact, sequence: Option<&Sequence>) -> String {
        words::Speaker { time: &|at| self.time(at), name: self.name }.say(fact, sequence)
    }
}
