//! What can be asked of runs.

use clap::{Args, Subcommand, ValueEnum};

use super::{EXIT_CODES, list, steer, watch};
use crate::client::{OutputArgs, ProjectArg, ServerArgs, Steer};
use crate::exit::Exit;
use crate::failure::{ErrorFormat, Failure};
use crate::gate::runtime;

/// `capstan run ...`
#[derive(Debug, Subcommand)]
pub(crate) enum RunCommand {
    /// List runs, newest first
    List(ListArgs),
    /// Show a run: stages, tasks, what it waits for, and how it ended
    Show(ShowArgs),
    /// Follow a run to its end
    Watch(WatchArgs),
    /// Let the open task end, and offer no further one
    Pause(SteerArgs),
    /// Go on after a pause
    Resume(SteerArgs),
    /// End whatever is open
    Abort(SteerArgs),
    /// Try again what did not go well
    Rerun(RerunArgs),
}

/// `capstan run list`
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(super) project: ProjectArg,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=500))]
    pub(super) limit: u64,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    #[command(flatten)]
    pub(super) server: ServerArgs,
}

/// Which run.
#[derive(Debug, Args)]
pub(crate) struct OneArgs {
    /// The run: its context, an unambiguous beginning or end of it, or 'latest'
    #[arg(value_name = "RUN")]
    pub(super) run: String,
    #[command(flatten)]
    pub(super) project: ProjectArg,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    #[command(flatten)]
    pub(super) server: ServerArgs,
}

/// `capstan run show`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  capstan run show latest --project shop
  capstan run show 5c0a3b2e -o json")]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    pub(super) one: OneArgs,
}

/// `capstan run watch`
#[derive(Debug, Args)]
#[command(after_help = format!("On a terminal it shows where the run stands; elsewhere it prints a line for each thing that
happens, with -o json an object a line. It goes on when the server is started again.

{EXIT_CODES}"))]
pub(crate) struct WatchArgs {
    #[command(flatten)]
    pub(super) one: OneArgs,
}

/// `capstan run pause`, `resume` and `abort`
#[derive(Debug, Args)]
pub(crate) struct SteerArgs {
    #[command(flatten)]
    pub(super) one: OneArgs,
    /// One stage of it alone
    #[arg(long, value_name = "NAME")]
    pub(super) stage: Option<String>,
}

/// `capstan run rerun`
#[derive(Debug, Args)]
pub(crate) struct RerunArgs {
    #[command(flatten)]
    pub(super) one: OneArgs,
    /// The stage; may be left out where it went wrong in one alone
    #[arg(long, value_name = "NAME")]
    pub(super) stage: Option<String>,
    /// Where to begin
    #[arg(long, value_enum, value_name = "WHERE", default_value_t = From::Task)]
    pub(super) from: From,
    /// Who wants it, for whoever asks later [default: the user's name]
    #[arg(long, value_name = "NAME")]
    pub(super) by: Option<String>,
    /// Why, likewise
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: Option<String>,
}

/// Where a rerun begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum From {
    /// With the task that did not go well
    Task,
    /// With the first task of the stage
    Stage,
}

impl RunCommand {
    pub(crate) fn error_format(&self) -> ErrorFormat {
        match self {
            Self::List(args) => args.output,
            Self::Show(args) => args.one.output,
            Self::Watch(args) => args.one.output,
            Self::Pause(args) | Self::Resume(args) | Self::Abort(args) => args.one.output,
            Self::Rerun(args) => args.one.output,
        }
        .error_format()
    }
}

/// Runs a command on runs.
pub(crate) fn run(command: &RunCommand) -> Result<Exit, Failure> {
    let runtime = runtime()?;
    match command {
        RunCommand::List(args) => runtime.block_on(list::run(args)),
        RunCommand::Show(args) => runtime.block_on(watch::show(&args.one)),
        RunCommand::Watch(args) => runtime.block_on(watch::run(&args.one)),
        RunCommand::Pause(args) => runtime.block_on(steer::run(args, Steer::Pause)),
        RunCommand::Resume(args) => runtime.block_on(steer::run(args, Steer::Resume)),
        RunCommand::Abort(args) => runtime.block_on(steer::run(args, Steer::Abort)),
        RunCommand::Rerun(args) => runtime.block_on(steer::rerun(args)),
    }
}
