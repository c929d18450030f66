//! The events that tools and control plane exchange, with their typed data.

pub mod evaluation;
pub mod sli;
