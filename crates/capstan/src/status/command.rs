//! What is asked for, and what it comes to.

use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::text;
use crate::client::{Connection, OutputArgs, OutputFormat, ProjectArg, ServerArgs};
use crate::exit::Exit;
use crate::failure::{ErrorFormat, Failure};
use crate::gate::runtime;
use crate::terminal::{Look, print};

/// `capstan status`
#[derive(Debug, Args)]
#[command(
    after_help = "Without a project it tells of all, and -o json and yaml put each project's document under its name.

Examples:
  capstan status --project shop
  capstan status -o json"
)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    project: ProjectArg,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    server: ServerArgs,
}

impl StatusArgs {
    pub(crate) fn error_format(&self) -> ErrorFormat {
        self.output.error_format()
    }
}

/// Tells what is where.
pub(crate) fn run(args: &StatusArgs) -> Result<Exit, Failure> {
    runtime()?.block_on(tell(args))
}

async fn tell(args: &StatusArgs) -> Result<Exit, Failure> {
    let server = Connection::open(&args.server)?;
    let (now, look) = (Timestamp::now(), Look::stdout());
    if let Some(project) = args.project.given() {
        let status = server.status(&project).await.map_err(|error| server.failure(error))?;
        args.output.print(&status.raw, || text::matrix(&status.read, now, &look));
        return Ok(Exit::Success);
    }
    let projects = server.projects().await.map_err(|error| server.failure(error))?.read.projects;
    let (mut documents, mut told) = (json!({}), Vec::new());
    for project in &projects {
        let status = server.status(&project.name).await.map_err(|error| server.failure(error))?;
        documents[project.name.as_str()] = status.raw;
        told.push(format!("{}\n{}", look.style.bold(&project.name), text::matrix(&status.read, now, &look)));
    }
    if args.output.format() == OutputFormat::Table && told.is_empty() {
        print("no projects; 'capstan project create' makes one\n");
        return Ok(Exit::Success);
    }
    args.output.print(&documents, || told.join("\n"));
    Ok(Exit::Success)
}
