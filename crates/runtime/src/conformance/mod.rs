//! What every store has to do, as tests that an adapter runs on itself: [`run_all`] for each sentence of the ports one
//! by one, [`differential()`] for two stores that have to agree on whatever [`ops`] thinks of.
//!
//! What the ports leave open is not tested: runs and sequences of the same time, offers whose order by time is not that
//! of their commits, events without a time, an answer at the very moment at which it is forgotten.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "this is test code, and how it fails is its purpose"
)]

mod build;
mod burial;
mod census;
mod claims;
mod differential;
mod event_filters;
mod events;
mod expiry;
mod facts;
mod lab;
mod offers;
mod projects;
mod runs;
mod sequences;
mod snapshot;
mod suite;
mod totals;
mod transactions;
mod waiting;
mod writes;

pub use differential::{EventOp, Op, differential, ops};
pub use suite::{Behaviour, behaviours, run_all};
