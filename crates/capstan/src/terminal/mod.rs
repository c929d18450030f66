//! Everything that depends on who looks: a person at a terminal, or a program at a pipe.

mod diagnostics;
mod output;
mod progress;
mod style;

pub(crate) use diagnostics::draw;
pub(crate) use output::{note, print};
pub(crate) use progress::Progress;
pub(crate) use style::Style;
