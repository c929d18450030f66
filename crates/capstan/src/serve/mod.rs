//! `capstan serve`: what surrounds the server. Settings, logging, the data directory, the token, and a decent end.

mod command;
mod data_dir;
mod house;
mod logging;
pub(crate) mod settings;
pub(crate) mod token;

pub(crate) use command::{ServeArgs, run};
