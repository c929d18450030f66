//! Black-box tests: they know the binary, its files and its output, and nothing of its insides.

mod errors;
mod formats;
mod help;
mod history;
mod judge;
mod lint;
mod schema;
mod support;
