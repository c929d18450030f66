//! Runs as traces, to a receiver of OTLP. Spans are made from the stored facts once what they are of is over: nothing is held
//! in memory for what is open, and a receiver that is away is waited for by a position.

mod follow;
mod position;
mod receiver;
mod span;
mod tree;

pub(super) use follow::Exporter;
pub(super) use receiver::Receiver;
