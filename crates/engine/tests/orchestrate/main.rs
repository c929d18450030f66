//! One sequence at a time, without store and queue: inputs go in, facts and effects come out.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop where it stands")]

mod answers;
mod claims;
mod clock;
mod concurrency;
mod conditions;
mod control;
mod driver;
mod ends;
mod finally;
mod groups;
mod limits;
mod payload;
mod properties;
mod refusals;
mod reruns;
mod retries;
mod selectors;
mod tasks;
