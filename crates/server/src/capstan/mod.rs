//! Our own API: a run with its whole history and what it waits for.

mod events;
mod history;
pub(crate) mod openapi;
mod problem;
mod run;
mod runs;
mod waiting;
