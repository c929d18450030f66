//! `capstan trigger`: begins a run.

mod choose;
mod command;
mod event;

pub(crate) use command::{TriggerArgs, run};
