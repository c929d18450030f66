//! Everything that depends on who looks: a person at a terminal, or a program at a pipe.

mod diagnostics;
mod output;
mod panics;
mod progress;
mod style;

pub(crate) use diagnostics::draw;
pub(crate) use output::{note, print};
pub(crate) use panics::quiet_contained_panics;
pub(crate) use progress::Progress;
pub(crate) use style::Style;
