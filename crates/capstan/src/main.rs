//! Capstan: an event-driven control plane for delivery and operations, in one binary.

#![allow(
    clippy::disallowed_methods,
    reason = "commands are the edge of the house; the server takes its time from the runtime"
)]

mod backup;
mod bench;
mod cli;
mod client;
mod config;
mod demo;
mod exit;
mod failure;
mod fake;
mod gate;
mod history;
mod lint;
mod project;
mod report;
mod resource;
mod run;
mod schema;
mod serve;
mod signals;
mod simulate;
mod status;
mod terminal;
mod trigger;

use clap::Parser;

/// Quicker with many small records on several threads than that of the system.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    terminal::quiet_contained_panics();
    cli::run(cli::Cli::parse()).into()
}
