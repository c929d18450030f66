//! Conditions of tasks: a small typed expression over the data of a run.

mod condition;
mod eval;
mod expression;
mod parse;
mod token;

#[cfg(test)]
pub(super) mod tests;

pub use condition::{When, WhenError};
pub(super) use eval::Evaluation;
pub(super) use expression::{Expression, Kind, Operator, Path};
