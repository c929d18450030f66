//! What is asked for.

use std::time::Duration;

use capstan_model::duration;
use clap::{Args, ValueEnum};

use super::shift;
use crate::client::{Assignment, Connection, OutputArgs, OutputFormat, ServerArgs, assign, assignment};
use crate::exit::Exit;
use crate::failure::{ErrorFormat, Failure};
use crate::gate::runtime;
use crate::terminal::print;

/// `capstan fake`
#[derive(Debug, Args)]
#[command(after_help = "It claims tasks of these names, says in time that it is at work, and answers. Ctrl-C ends it:
it gives back what it has not answered and tells what it has; with -o json each answer is an
object on a line of its own. The same seed fails the same tasks, counted from the first.

Examples:
  capstan fake deployment test
  capstan fake deployment --after 2s --fail-rate 0.2 --seed 7
  capstan fake evaluation --result warning --data score:=85 --count 1")]
pub(crate) struct FakeArgs {
    /// Names of tasks
    #[arg(value_name = "TASK", required = true, value_parser = task)]
    pub(super) tasks: Vec<String>,
    /// How long it works on each
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = span)]
    pub(super) after: Duration,
    /// How it answers
    #[arg(long, value_enum, value_name = "RESULT", default_value_t = FakeResult::Pass)]
    pub(super) result: FakeResult,
    /// How many of the answers are 'fail' instead, from 0 for none to 1 for all
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    pub(super) fail_rate: f64,
    /// Begins the chance that --fail-rate leaves; another one each time where it is left out
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    /// Data of each answer: KEY=TEXT, KEY:=JSON or @FILE; a dot goes one level down; may be given several times
    #[arg(long, value_name = "DATA", value_parser = assignment)]
    pub(super) data: Vec<Assignment>,
    /// End after so many answers
    #[arg(long, value_name = "N")]
    pub(super) count: Option<usize>,
    /// Work on so many at once
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=100))]
    pub(super) parallel: u64,
    /// How long the server may hear nothing of a task before it offers it to others
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = lease)]
    pub(super) lease: Duration,
    /// What the tool is called; the source of its events. Those of one name share the work
    #[arg(long, value_name = "NAME", default_value = "fake")]
    pub(super) name: String,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    #[command(flatten)]
    server: ServerArgs,
}

impl FakeArgs {
    pub(crate) fn error_format(&self) -> ErrorFormat {
        self.output.error_format()
    }
}

/// How a task is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FakeResult {
    Pass,
    Warning,
    Fail,
}

impl FakeResult {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warning => "warning",
            Self::Fail => "fail",
        }
    }
}

fn task(text: &str) -> Result<String, String> {
    let is_name = !text.is_empty() && !text.contains(|c: char| c == '.' || c.is_whitespace());
    if is_name { Ok(text.to_owned()) } else { Err("the name of a task has neither blanks nor dots".to_owned()) }
}

fn span(text: &str) -> Result<Duration, String> {
    let nanos = duration::parse(text).map_err(|_| "a duration is a number with a unit: 30s, 5m, 1h30m".to_owned())?;
    u64::try_from(nanos).map(Duration::from_nanos).map_err(|_| "a duration cannot be negative here".to_owned())
}

fn lease(text: &str) -> Result<Duration, String> {
    let lease = span(text)?;
    let known = Duration::from_secs(1)..=Duration::from_secs(3_600);
    if known.contains(&lease) { Ok(lease) } else { Err("a lease is 1s to 1h long".to_owned()) }
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "a share is a number from 0 to 1, such as 0.2".to_owned())
}

/// Answers tasks until it has answered enough, or somebody ends it.
pub(crate) fn run(args: &FakeArgs) -> Result<Exit, Failure> {
    let server = Connection::open(&args.server)?;
    let mut data = serde_json::Map::new();
    assign(&mut data, &args.data)?;
    let tally = runtime()?.block_on(shift::work(&server, args, &data))?;
    if args.output.format() == OutputFormat::Table {
        print(&tally.text());
    }
    Ok(Exit::Success)
}
