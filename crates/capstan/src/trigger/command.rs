//! What is asked for, and what it comes to.

use std::time::Duration;

use capstan_model::duration;
use clap::Args;
use uuid::Uuid;

use super::choose;
use super::event::{self, Content};
use crate::client::{Assignment, Connection, OutputArgs, OutputFormat, ProjectArg, ServerArgs, assignment};
use crate::exit::Exit;
use crate::failure::{ErrorFormat, Failure};
use crate::gate::{label, runtime};
use crate::run::{self, EXIT_CODES};
use crate::terminal::note;

/// `capstan trigger`
#[derive(Debug, Args)]
#[command(after_help = format!("Without --stage it is the first stage of the shipyard that has the sequence. Without --wait it
prints the run's context and ends.

{EXIT_CODES}

Examples:
  capstan trigger delivery --project shop --service cart --image ghcr.io/shop/cart:1.2
  capstan trigger delivery --project shop --service cart --wait --timeout 30m
  capstan trigger delivery --project shop --service cart --label build=17 \\
      --data canary.weight:=20 --data note=hotfix --data @more.json"))]
pub(crate) struct TriggerArgs {
    /// The sequence
    #[arg(value_name = "SEQUENCE")]
    sequence: String,
    #[command(flatten)]
    project: ProjectArg,
    /// The service; may be left out where the project has one alone
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// The stage; the first that has the sequence, where it is left out
    #[arg(long, value_name = "NAME")]
    stage: Option<String>,
    /// The image that is to be delivered
    #[arg(long, value_name = "IMAGE", value_parser = event::image)]
    image: Option<String>,
    /// A label of the run, such as build=17; may be given several times
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
    /// Data of the trigger: KEY=TEXT, KEY:=JSON or @FILE; a dot goes one level down; may be given several times
    #[arg(long, value_name = "DATA", value_parser = assignment)]
    data: Vec<Assignment>,
    /// Wait for the run to end, and tell by the exit code how it did
    #[arg(long)]
    wait: bool,
    /// How long to wait at most; the run goes on
    #[arg(long, value_name = "DURATION", requires = "wait", value_parser = patience)]
    timeout: Option<Duration>,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    server: ServerArgs,
}

impl TriggerArgs {
    pub(crate) fn error_format(&self) -> ErrorFormat {
        self.output.error_format()
    }
}

fn patience(text: &str) -> Result<Duration, String> {
    let nanos = duration::parse_with_days(text).map_err(|_| "a duration is a number with a unit: 30s, 5m, 1h30m")?;
    u64::try_from(nanos)
        .ok()
        .filter(|nanos| *nanos > 0)
        .map(Duration::from_nanos)
        .ok_or_else(|| "it must be longer than 0".to_owned())
}

/// Begins a run.
pub(crate) fn run(args: &TriggerArgs) -> Result<Exit, Failure> {
    runtime()?.block_on(trigger(args))
}

async fn trigger(args: &TriggerArgs) -> Result<Exit, Failure> {
    let server = Connection::open(&args.server)?;
    let name = args.project.required()?;
    let data = Content { labels: &args.labels, image: args.image.as_deref(), data: &args.data }.data()?;
    let project = server.project(&name).await.map_err(|error| server.failure(error))?.read;
    let stage = choose::stage(&project, args.stage.as_deref(), &args.sequence)?;
    let status = server.status(&name).await.map_err(|error| server.failure(error))?.read;
    let known: Vec<&str> = status.services.iter().map(|service| service.name.as_str()).collect();
    let service = choose::service(&name, &known, args.service.as_deref())?;
    for remark in [&stage.remark, &service.remark].into_iter().flatten() {
        note(&format!("note: {remark}\n"));
    }
    let id = Uuid::now_v7().to_string();
    let event = event::event(&id, [&name, &stage.name, &service.name], &args.sequence, data);
    let accepted = server.send(&event).await.map_err(|error| server.failure(error))?;
    let context = &accepted.read.context;
    if !args.wait {
        args.output.print(&accepted.raw, || format!("{context}\n"));
        return Ok(Exit::Success);
    }
    if args.output.format() == OutputFormat::Table {
        run::follow(&server, &name, context, args.timeout).await
    } else {
        run::wait(&server, &name, context, args.timeout, args.output).await
    }
}
