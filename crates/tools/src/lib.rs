//! Sources of service level indicators.

#![allow(clippy::disallowed_methods, reason = "until a runtime crate owns clock and ids")]

pub mod approval;
pub mod sli;
