//! `shipyard.yaml`: the stages of a project and the sequences that run in them.

mod types;

pub use types::{Sequence, Shipyard, Stage, Task, Trigger};
