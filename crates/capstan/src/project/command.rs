//! What can be asked of projects, and what it comes to.

use std::path::PathBuf;

use capstan_model::diagnostic::Severity;
use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::{delete, set, text};
use crate::client::{Connection, OutputArgs, ServerArgs};
use crate::exit::Exit;
use crate::failure::{CheckedFile, ErrorFormat, Failure, read_text};
use crate::gate::runtime;
use crate::lint::check_shipyard;
use crate::terminal::{Look, Style, draw, note};

/// `capstan project ...`
#[derive(Debug, Subcommand)]
pub(crate) enum ProjectCommand {
    /// Make a project of a shipyard
    Create(CreateArgs),
    /// List the projects
    List(ListArgs),
    /// Show a project: its stages, sequences, tasks and services, and how long its runs are kept
    Show(ShowArgs),
    /// Say how long the runs of a project are kept
    Set(set::SetArgs),
    /// Delete a project with its configuration and its runs
    Delete(delete::DeleteArgs),
}

/// `capstan project create`
#[derive(Debug, Args)]
#[command(
    after_help = "The file is looked at before anything is sent: what 'capstan lint' calls an error is drawn with its
place, and nothing happens; what it calls a warning is drawn, and the project is made.

Example:
  capstan project create shop --shipyard shipyard.yaml"
)]
pub(crate) struct CreateArgs {
    /// Its name: small letters, digits and hyphens
    #[arg(value_name = "NAME")]
    name: String,
    /// The process
    #[arg(long, value_name = "FILE")]
    shipyard: PathBuf,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    server: ServerArgs,
}

/// `capstan project list`
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    server: ServerArgs,
}

/// `capstan project show`
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The project
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    server: ServerArgs,
}

impl ProjectCommand {
    pub(crate) fn error_format(&self) -> ErrorFormat {
        match self {
            Self::Create(args) => args.output.error_format(),
            Self::List(args) => args.output.error_format(),
            Self::Show(args) => args.output.error_format(),
            Self::Set(args) => args.error_format(),
            Self::Delete(args) => args.error_format(),
        }
    }
}

/// Runs a command on projects.
pub(crate) fn run(command: &ProjectCommand) -> Result<Exit, Failure> {
    match command {
        ProjectCommand::Create(args) => runtime()?.block_on(create(args)),
        ProjectCommand::List(args) => runtime()?.block_on(list(args)),
        ProjectCommand::Show(args) => runtime()?.block_on(show(args)),
        ProjectCommand::Set(args) => runtime()?.block_on(set::run(args)),
        ProjectCommand::Delete(args) => runtime()?.block_on(delete::run(args)),
    }
}

async fn create(args: &CreateArgs) -> Result<Exit, Failure> {
    let server = Connection::open(&args.server)?;
    let mut checked = check_shipyard(&args.shipyard, read_text(&args.shipyard)?);
    if checked.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        checked.diagnostics.retain(|diagnostic| diagnostic.severity == Severity::Error);
        return Err(Failure::Files(vec![checked]));
    }
    warn(&checked, args.output.error_format());
    let created = server.create_project(&args.name, &checked.text).await.map_err(|error| server.failure(error))?;
    args.output.print(&created.raw, || text::created(&created.read));
    Ok(Exit::Success)
}

/// Draws what is doubtful; a program that asked for JSON gets it in the form of errors.
fn warn(checked: &CheckedFile, format: ErrorFormat) {
    if checked.diagnostics.is_empty() {
        return;
    }
    match format {
        ErrorFormat::Drawn => note(&draw(checked, Style::stderr())),
        ErrorFormat::Json => note(&format!("{:#}\n", serde_json::json!({ "diagnostics": checked.to_json() }))),
    }
}

async fn list(args: &ListArgs) -> Result<Exit, Failure> {
    let server = Connection::open(&args.server)?;
    let projects = server.projects().await.map_err(|error| server.failure(error))?;
    args.output.print(&projects.raw, || text::list(&projects.read, Timestamp::now(), &Look::stdout()));
    Ok(Exit::Success)
}

async fn show(args: &ShowArgs) -> Result<Exit, Failure> {
    let server = Connection::open(&args.server)?;
    let project = server.project(&args.name).await.map_err(|error| server.failure(error))?;
    args.output.print(&project.raw, || text::show(&project.read, Timestamp::now(), &Look::stdout()));
    Ok(Exit::Success)
}
