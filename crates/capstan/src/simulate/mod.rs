//! `capstan simulate`: shipyards at work in virtual time.

mod command;
mod prepare;
mod seeds;
mod summary;
mod text;

pub(crate) use command::{SimulateArgs, run};
