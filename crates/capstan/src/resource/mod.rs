//! `capstan resource`: the files of projects, stages and services.

mod command;
mod file;
mod text;

pub(crate) use command::{ResourceCommand, run};
