//! `capstan bench`: what Capstan costs on this machine, beside what the machine itself takes for the same work.

mod contention;
mod gate;
mod machine;
mod spread;

use clap::Subcommand;

use crate::exit::Exit;
use crate::failure::Failure;

/// `capstan bench ...`
#[derive(Debug, Subcommand)]
pub(crate) enum BenchCommand {
    /// What a gate takes beyond the queries that it sends
    Gate(gate::GateArgs),
}

/// Runs a bench.
pub(crate) fn run(command: &BenchCommand) -> Result<Exit, Failure> {
    match command {
        BenchCommand::Gate(args) => gate::run(args),
    }
}
