//! Capstan's pure vocabulary: files, events and their diagnostics. No I/O, no clock, no async.

pub mod diagnostic;
pub mod duration;
pub mod entity_name;
pub mod event;
pub mod number;
pub mod shipyard;
pub mod sli;
pub mod slo;
pub mod timeframe;
pub mod yaml;
