//! Black-box tests: they know the binary, its files and its output, and nothing of its insides.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "a test may stop where it stands, and wait"
)]

mod bench;
mod client;
mod crowd;
mod demo;
mod desk;
mod disk;
mod docs;
mod errors;
mod fake;
mod formats;
mod help;
mod history;
mod hostile;
mod judge;
mod kills;
mod ledger;
mod lint;
mod measured;
mod operation;
mod prometheus;
mod prometheus_server;
mod schema;
mod schemathesis;
mod serve;
mod server;
mod simulate;
mod stream;
mod support;
mod survive;
mod traces;
mod transcript;
