//! `capstan bench gate`: what a gate takes beyond its queries.
//!
//! A gate and the same queries sent bare take turns, so that both see the same machine, and what counts is the
//! difference within each pair. The gate is what `capstan gate run -o json --history none` does once its arguments are
//! read: it reads its files, makes a runtime and a client, connects, asks, judges, explains, and writes its event,
//! here to nowhere. The bare queries come from a client that was warm before, and their answers are read but not
//! looked into. Nothing is kept, so nothing waits for a disk.

mod arguments;
mod bare;
mod cell;
mod contestant;
mod measure;
mod provider;
mod record;
mod run;
mod stub;
mod table;
mod workload;

pub(super) use arguments::GateArgs;
pub(super) use run::run;
