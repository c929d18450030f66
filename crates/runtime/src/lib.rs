//! What joins the pure engine to time, storage and configuration: the ports, the step, and the few loops that drive it.

pub mod ports;
