//! `capstan fake`: a tool that answers tasks, for tutorials and tests.

mod command;
mod job;
mod shift;
mod tally;

pub(crate) use command::{FakeArgs, run};
