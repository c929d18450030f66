//! `capstan simulate`: shipyards at work in virtual time.

mod command;
mod prepare;
mod text;

pub(crate) use command::{SimulateArgs, run};
