//! `capstan bench server`: what a server takes in, moves and keeps, beside what disk, HTTP and `SQLite` do alone in the same
//! run.

mod arguments;
mod candidate;
mod child;
mod connection;
mod contest;
mod event;
mod goal;
mod ingest;
mod latency;
mod place;
mod plan;
mod population;
mod process;
mod prototype;
mod record;
mod reference;
mod run;
mod sample;
mod sequences;
mod stored;
mod table;

pub(crate) use arguments::ServerArgs;
pub(crate) use prototype::{PrototypeArgs, run as prototype};
pub(crate) use run::run;
