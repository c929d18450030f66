//! Hostile schedules of chance: a seed makes a scenario, which is played, and made smaller where something does not hold.

mod dice;
mod events;
mod plan;
mod shipyard;
mod shrink;
mod tools;
mod trial;

pub use plan::plan;
pub use shrink::shrink;
pub use trial::{Trial, failure, trial};

#[cfg(test)]
mod tests;
