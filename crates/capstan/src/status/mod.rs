//! `capstan status`: which version of each service is in which stage.

mod command;
mod text;

pub(crate) use command::{StatusArgs, run};
