//! Capstan's pure vocabulary: files, events and their diagnostics. No I/O, no clock, no async.

pub mod event;
pub mod number;
