//! Everything that depends on who looks: a person at a terminal, or a program at a pipe.

mod canvas;
mod columns;
mod diagnostics;
mod look;
mod output;
mod panics;
mod progress;
mod style;
mod time;

pub(crate) use canvas::Canvas;
pub(crate) use columns::Columns;
pub(crate) use diagnostics::draw;
pub(crate) use look::Look;
pub(crate) use output::{note, print};
pub(crate) use panics::{quiet_contained_panics, quiet_panics};
pub(crate) use progress::Progress;
pub(crate) use style::Style;
pub(crate) use time::{took, until, when};
