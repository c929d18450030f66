//! How long, how much and how many.

use jiff::SignedDuration;

/// What the server's settings say; a shipyard may say otherwise for a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long an offered task waits for its first sign of life.
    pub start_timeout: SignedDuration,
    /// How long a started task may be silent.
    pub task_timeout: SignedDuration,
    /// How often an open approval and a paused sequence remind.
    pub reminder: SignedDuration,
    /// Leases of one task that may be lost in a row; the last one of them ends the attempt as a timeout does.
    pub leases: u32,
    /// Bytes of an event's data.
    pub payload: usize,
    /// Sequences in a run.
    pub sequences: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            start_timeout: SignedDuration::from_mins(10),
            task_timeout: SignedDuration::from_hours(24),
            reminder: SignedDuration::from_hours(24),
            leases: 3,
            payload: 1 << 20,
            sequences: 1_000,
        }
    }
}
