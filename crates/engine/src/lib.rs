//! Capstan's pure decisions. No async, no I/O, no clock, no random: time and ids are inputs.

pub mod approval;
pub mod backtest;
pub mod evaluate;
pub mod orchestrate;
