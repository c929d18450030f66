//! `capstan fake`: a tool that answers tasks, for tutorials and tests.

mod command;
mod tool;

pub(crate) use command::{FakeArgs, run};
