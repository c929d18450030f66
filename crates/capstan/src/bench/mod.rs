//! `capstan bench`: what Capstan costs on this machine, beside what the machine itself takes for the same work.

mod contention;
mod figure;
mod gate;
mod machine;
mod server;
mod spread;

use clap::Subcommand;

use crate::exit::Exit;
use crate::failure::Failure;

/// `capstan bench ...`
#[derive(Debug, Subcommand)]
pub(crate) enum BenchCommand {
    /// What a gate takes beyond the queries that it sends
    Gate(gate::GateArgs),
    /// What a server takes in, moves and keeps, beside what the machine does alone
    Server(server::ServerArgs),
    /// What a server is held against; the bench starts it by itself
    #[command(hide = true)]
    Prototype(server::PrototypeArgs),
}

/// Runs a bench.
pub(crate) fn run(command: &BenchCommand) -> Result<Exit, Failure> {
    match command {
        BenchCommand::Gate(args) => gate::run(args),
        BenchCommand::Server(args) => server::run(args),
        BenchCommand::Prototype(args) => server::prototype(args),
    }
}
