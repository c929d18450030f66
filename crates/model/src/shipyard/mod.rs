//! `shipyard.yaml`: the stages of a project and the sequences that run in them.

mod concurrency;
pub mod file;
mod flow;
mod lint;
mod read;
mod strays;
mod types;
mod version;
mod when;
mod write;

#[cfg(test)]
mod tests;

pub use lint::lint;
pub use read::{ReadShipyard, Rejection, Rejections, read};
pub use types::{Concurrency, Join, Policy, Retry, Sequence, Shipyard, Stage, Task, Trigger};
pub use when::{When, WhenError};
pub use write::write;
