//! Capstan: an event-driven control plane for delivery and operations, in one binary.

#![allow(
    clippy::disallowed_methods,
    reason = "commands are the edge of the house; the server takes its time from the runtime"
)]

mod bench;
mod cli;
mod config;
mod demo;
mod exit;
mod failure;
mod gate;
mod history;
mod lint;
mod report;
mod schema;
mod serve;
mod simulate;
mod terminal;

use clap::Parser;

fn main() -> std::process::ExitCode {
    terminal::quiet_contained_panics();
    cli::run(cli::Cli::parse()).into()
}
