//! The events that tools and control plane exchange, with their typed data.

pub mod cloud_event;
pub mod evaluation;
pub mod event_type;
pub mod explanation;
pub mod rest;
pub mod result;
pub mod sli;

pub use cloud_event::{CloudEvent, EnvelopeError};
pub use event_type::EventType;
