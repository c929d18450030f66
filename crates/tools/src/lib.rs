//! Sources of service level indicators.

#![allow(
    clippy::disallowed_methods,
    reason = "sources of indicators measure and wait for real; what answers a task takes its time from the runtime"
)]

pub mod approval;
pub mod sli;
