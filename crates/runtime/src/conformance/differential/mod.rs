//! Two stores that are told the same have to answer the same.

mod apply;
mod book;
mod compare;
mod look;
mod op;

pub use compare::differential;
pub use op::{EventOp, Op, ops};
