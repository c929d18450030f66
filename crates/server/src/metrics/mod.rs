//! What operators measure: `/metrics`.

mod commands;
mod http;
mod open;
mod page;
mod plain;
mod set;

pub use set::{About, Metrics};

pub(crate) use http::{Count, Open, count};
pub(crate) use page::page;
pub(crate) use set::Asked;
