//! The events that tools and control plane exchange, with their typed data.

pub mod cloud_event;
pub mod evaluation;
pub mod explanation;
pub mod result;
pub mod sli;

pub use cloud_event::{CloudEvent, EnvelopeError};
