//! `capstan serve`: what surrounds the server. Settings, logging, the data directory, the token, and a decent end.

mod command;
pub(crate) mod data_dir;
pub(crate) mod house;
mod logging;
pub(crate) mod settings;
pub(crate) mod token;
mod traces;

pub(crate) use command::{ServeArgs, run};
