//! The demo: a sample service in three builds, real load, and all that a gate needs to judge them. Everything is on
//! loopback and in a temporary directory, and nothing is left behind.

mod command;
mod directory;
mod error;
mod http;
mod latency;
mod load;
mod metrics;
mod perform;
mod prometheus;
mod service;
mod stage;
#[cfg(test)]
mod testing;

pub(crate) use command::{DemoCommand, run};
pub(crate) use error::DemoError;
pub(crate) use perform::perform_on;
pub(crate) use prometheus::find as find_prometheus;
pub(crate) use stage::{ACTS, Cue, Stage};
