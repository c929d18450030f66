//! A world told: what happened, line by line, how everything stands, and what still waits for what.

mod lines;
mod standing;
mod waiting;
mod words;

pub use lines::{Line, Note};
pub use standing::{RunStanding, SequenceStanding};
pub use waiting::Waiting;
pub use words::span;
