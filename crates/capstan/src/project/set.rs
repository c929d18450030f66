//! `capstan project set`: how long the runs of a project are kept.

use clap::Args;

use super::text;
use crate::client::{Connection, OutputArgs, ServerArgs};
use crate::exit::Exit;
use crate::failure::{ErrorFormat, Failure};

/// `capstan project set`
#[derive(Debug, Args)]
#[command(
    group = clap::ArgGroup::new("what").args(["keep_runs", "keep_evaluations"]).multiple(true).required(true),
    after_help = "Runs count from their end; one that is open is never removed. What is past its time by what is said now \
is removed at once, and for good.

Example:
  capstan project set shop --keep-runs 30d --keep-evaluations 1y"
)]
pub(crate) struct SetArgs {
    /// The project
    #[arg(value_name = "NAME")]
    name: String,
    /// How long runs are kept with their events: a duration such as 30d, 'all', or 'default' for what the server says
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    keep_runs: Option<String>,
    /// How long their evaluations are kept; never shorter than the runs
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    keep_evaluations: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    server: ServerArgs,
}

impl SetArgs {
    pub(super) fn error_format(&self) -> ErrorFormat {
        self.output.error_format()
    }
}

pub(super) async fn run(args: &SetArgs) -> Result<Exit, Failure> {
    let server = Connection::open(&args.server)?;
    let (runs, evaluations) = (args.keep_runs.as_deref(), args.keep_evaluations.as_deref());
    let project = server.retain(&args.name, runs, evaluations).await.map_err(|error| server.failure(error))?;
    args.output.print(&project.raw, || {
        let kept = project.read.retention.as_ref().map(text::kept).unwrap_or_default();
        format!("project '{}' keeps {kept}\n", project.read.name)
    });
    Ok(Exit::Success)
}
