//! What must hold after each step, whatever came in.

mod checker;
mod clock;
mod fold;
mod offers;
mod queue;
mod run;
mod sequence;

pub(super) use checker::{Checker, Terms};
