//! `capstan project`: the projects of a server.

mod command;
mod delete;
mod set;
mod text;

pub(crate) use command::{ProjectCommand, run};
