//! W2 and W3: runs of twelve tasks, with tools that answer at once.

mod answered;
mod check;
mod field;
mod job;
mod measure;
mod source;
mod worker;

pub(super) use job::Way;
pub(super) use measure::{Arrivals, Sequences};
