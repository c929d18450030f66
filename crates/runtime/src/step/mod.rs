//! The only step there is: load, decide, fold, write. Server and simulator drive the same one.

mod begin;
mod claims;
mod control;
mod deliver;
mod ingest;
mod projects;
mod rerun;
mod shipyards;
mod work;

pub(crate) use ingest::REMEMBERED;
pub use shipyards::Shipyards;
pub use work::{Outcome, Setting, step};
