//! What must hold after each step, whatever came in.

mod check;
mod queue;
mod sequence;

pub(super) use check::check;
