//! What joins the pure engine to time, storage and configuration: the ports, the step, and the few loops that drive it.

pub mod command;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod memory;
pub mod observe;
pub mod polled;
pub mod ports;
pub mod projects;
pub mod simulator;
pub mod step;
pub mod views;
pub mod writer;
