//! `capstan gate`: the quality gate.

mod arguments;
mod backtest;
mod history_command;
mod init;
mod inputs;
mod judge;
mod retrieve;
mod run;

use clap::Subcommand;

pub(crate) use arguments::label;
pub(crate) use inputs::SloInput;
pub(crate) use run::{GateRun, RunArgs, runtime};

use crate::exit::Exit;
use crate::failure::{ErrorFormat, Failure};

/// `capstan gate ...`
#[derive(Debug, Subcommand)]
pub(crate) enum GateCommand {
    /// Pull values from a source, judge them, and remember the evaluation
    Run(Box<run::RunArgs>),
    /// Judge values that you already have
    Judge(judge::JudgeArgs),
    /// Try a changed SLO file on past evaluations: which verdicts would flip?
    Backtest(backtest::BacktestArgs),
    /// Look at past evaluations, and curate them
    #[command(subcommand)]
    History(history_command::HistoryCommand),
    /// Write a first slo.yaml and sli.yaml from what a source has on a service
    Init(init::InitArgs),
}

impl GateCommand {
    /// How errors are to be written.
    pub(crate) fn error_format(&self) -> ErrorFormat {
        match self {
            Self::Run(args) => args.error_format(),
            Self::Judge(args) => args.error_format(),
            Self::Backtest(args) => args.error_format(),
            Self::History(command) => command.error_format(),
            Self::Init(_) => ErrorFormat::Drawn,
        }
    }
}

/// Runs a command of the gate.
pub(crate) fn run(command: GateCommand) -> Result<Exit, Failure> {
    match command {
        GateCommand::Run(args) => run::run(&args),
        GateCommand::Judge(args) => judge::run(&args),
        GateCommand::Backtest(args) => backtest::run(&args),
        GateCommand::History(command) => history_command::run(command),
        GateCommand::Init(args) => init::run(&args),
    }
}
