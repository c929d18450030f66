//! What operators measure: `/metrics`.

mod commands;
mod http;
mod open;
mod page;
mod plain;
mod set;

pub use set::{About, Metrics};

pub(crate) use http::{Open, count, remember_route};
pub(crate) use page::page;
