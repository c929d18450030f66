//! Where Keptn v1 was weak, and what it did well: the corners 1 to 31 of the contract (core.md 9) and its scenarios (core.md
//! 10), in virtual time on the memory store. Corners 13, 18 and 25 are about parts that do not exist yet.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop where it stands")]

mod bench;
mod claims;
mod concurrency;
mod crashes;
mod data;
mod issue;
mod order;
mod recorded;
mod reruns;
mod retention;
mod scenarios;
mod scenarios_of_state;
mod shipyards;
mod stuck;
