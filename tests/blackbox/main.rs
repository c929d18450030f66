//! Black-box tests: they know the binary, its files and its output, and nothing of its insides.

mod docs;
mod errors;
mod formats;
mod help;
mod history;
mod judge;
mod lint;
mod prometheus_server;
mod schema;
mod support;
