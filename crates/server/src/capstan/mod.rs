//! Our own API: a run with its whole history and what it waits for, and what happens as it happens.

mod claims;
mod events;
mod handled;
mod history;
pub(crate) mod openapi;
mod part;
mod problem;
mod projects;
mod resources;
mod retention;
mod run;
mod runs;
mod sequence;
mod status;
mod steer;
mod stream;
mod task;
mod told;
mod unknown;
mod waiting;
mod waiting_list;
