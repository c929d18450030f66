//! The history file: JSON Lines of `CloudEvents`, appended by every gate.

mod assemble;
mod events;
mod file;

pub(crate) use assemble::assemble;
pub(crate) use events::{invalidated, pin_event};
pub(crate) use file::{HistoryFile, HistoryPath, Loaded};
