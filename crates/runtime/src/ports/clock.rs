//! Time and new ids: the only place that asks the machine for either.

#![allow(clippy::disallowed_methods, reason = "this is where clock and ids come from")]

use std::time::Instant;

use jiff::Timestamp;

/// Tells the time and makes ids.
pub trait Clock: Send + Sync {
    /// The time of the wall clock; it may jump.
    fn now(&self) -> Timestamp;

    /// Time since some fixed point; it never jumps.
    fn monotonic(&self) -> std::time::Duration;

    /// A `UUIDv7`.
    fn new_id(&self) -> String;
}

/// The clock of the machine.
#[derive(Debug)]
pub struct SystemClock(Instant);

impl SystemClock {
    /// Begins to count.
    pub fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn monotonic(&self) -> std::time::Duration {
        self.0.elapsed()
    }

    fn new_id(&self) -> String {
        uuid::Uuid::now_v7().to_string()
    }
}
