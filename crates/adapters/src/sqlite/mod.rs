//! The embedded store: one file, one writer, many readers.
//!
//! [`SqliteStore`] is the port; what it keeps is in `schema/`, one file a version. Each noun has its module with all that
//! is asked and written of it, for the writer (`transaction`) and for those who only look (`reader`) alike.

mod answers;
mod bury;
mod census;
mod checkpoint;
mod column;
mod conditions;
mod contexts;
mod copy;
mod deferred;
mod events;
mod expire;
mod facts;
mod filter;
mod json;
mod listed;
mod migrate;
mod offers;
mod open;
mod projects;
mod queues;
mod reader;
mod runs;
mod sequences;
mod services;
mod shipyards;
mod statement;
mod takers;
#[cfg(test)]
mod tests;
mod timers;
mod transaction;
mod trouble;

pub use copy::StoreOutline;
pub use open::SqliteStore;
