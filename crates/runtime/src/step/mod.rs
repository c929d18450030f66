//! The only step there is: load, decide, fold, write. Server and simulator drive the same one.

mod begin;
mod cache;
mod claims;
mod control;
mod deliver;
mod ingest;
mod kept;
mod projects;
mod records;
mod rerun;
mod shipyards;
mod work;

pub use cache::Cache;
pub(crate) use ingest::REMEMBERED;
pub use work::{Commit, Outcome, Setting, step, step_and};
