//! What can be asked of resources, and what it comes to.

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{file, text};
use crate::client::{Change, Connection, Level, OutputArgs, OutputFormat, ProjectArg, ServerArgs};
use crate::exit::Exit;
use crate::failure::{ErrorFormat, Failure, reason};
use crate::gate::runtime;
use crate::terminal::Look;

/// `capstan resource ...`
#[derive(Debug, Subcommand)]
pub(crate) enum ResourceCommand {
    /// Write files to the configuration of a project, a stage or a service, all in one commit
    Add(AddArgs),
    /// Get a resource
    Get(GetArgs),
    /// List the resources of a project, a stage or a service
    List(TargetArgs),
    /// Delete resources, all in one commit
    Delete(DeleteArgs),
}

/// Whose resources on which server, and how to write what it says of them.
#[derive(Debug, Args)]
pub(crate) struct TargetArgs {
    #[command(flatten)]
    project: ProjectArg,
    /// Those of this stage; without it, those of the project
    #[arg(long, value_name = "NAME")]
    stage: Option<String>,
    /// Those of this service in the stage
    #[arg(long, value_name = "NAME", requires = "stage")]
    service: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    server: ServerArgs,
}

/// `capstan resource add`
#[derive(Debug, Args)]
#[command(after_help = "A file is stored under the path by which it is named here, unless --path says another one.

Examples:
  capstan resource add slo.yaml --project shop --stage staging --service cart
  capstan resource add job/config.yaml scripts/test.sh --project shop
  capstan resource add ../old/sli.yaml --path prometheus/sli.yaml --project shop")]
pub(crate) struct AddArgs {
    /// What to store
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Where to store it, if it is one file
    #[arg(long, value_name = "PATH")]
    path: Option<String>,
    #[command(flatten)]
    target: TargetArgs,
}

/// `capstan resource get`
#[derive(Debug, Args)]
#[command(
    after_help = "Its bytes go to the standard output as they are; -o json or yaml writes the document of the API, with the
content in base64.

Example:
  capstan resource get slo.yaml --project shop --stage staging --service cart > slo.yaml"
)]
pub(crate) struct GetArgs {
    /// The resource
    #[arg(value_name = "PATH")]
    path: String,
    /// As it was at this commit
    #[arg(long, value_name = "ID")]
    commit: Option<String>,
    /// Where it is not there, take that of the stage, and else that of the project
    #[arg(long)]
    inherit: bool,
    #[command(flatten)]
    target: TargetArgs,
}

/// `capstan resource delete`
#[derive(Debug, Args)]
#[command(after_help = "What is deleted stays in the history: 'capstan resource get --commit' still finds it.")]
pub(crate) struct DeleteArgs {
    /// The resources
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<String>,
    #[command(flatten)]
    target: TargetArgs,
}

impl ResourceCommand {
    pub(crate) fn error_format(&self) -> ErrorFormat {
        let target = match self {
            Self::Add(args) => &args.target,
            Self::Get(args) => &args.target,
            Self::List(target) => target,
            Self::Delete(args) => &args.target,
        };
        target.output.error_format()
    }
}

impl TargetArgs {
    fn level(&self) -> Result<Level, Failure> {
        let project = self.project.required()?;
        Ok(Level { project, stage: self.stage.clone(), service: self.service.clone() })
    }
}

/// Runs a command on resources.
pub(crate) fn run(command: &ResourceCommand) -> Result<Exit, Failure> {
    match command {
        ResourceCommand::Add(args) => runtime()?.block_on(add(args)),
        ResourceCommand::Get(args) => runtime()?.block_on(get(args)),
        ResourceCommand::List(args) => runtime()?.block_on(list(args)),
        ResourceCommand::Delete(args) => runtime()?.block_on(delete(args)),
    }
}

async fn add(args: &AddArgs) -> Result<Exit, Failure> {
    change(&args.target, "written", || file::read(&args.files, args.path.as_deref())).await
}

async fn delete(args: &DeleteArgs) -> Result<Exit, Failure> {
    let deleted = args.paths.iter().map(|path| Change { path: path.clone(), content: None });
    change(&args.target, "deleted", || Ok(deleted.collect())).await
}

async fn change(
    target: &TargetArgs,
    done: &str,
    changes: impl FnOnce() -> Result<Vec<Change>, Failure>,
) -> Result<Exit, Failure> {
    let (level, changes) = (target.level()?, changes()?);
    let server = Connection::open(&target.server)?;
    let committed = server.change_resources(&level, &changes).await.map_err(|error| server.failure(error))?;
    let paths = changes.iter().map(|change| change.path.as_str()).collect::<Vec<_>>();
    target
        .output
        .print(&committed.raw, || text::changed(&paths, done, &level, &committed.read.commit, &Look::stdout()));
    Ok(Exit::Success)
}

async fn get(args: &GetArgs) -> Result<Exit, Failure> {
    let (server, level) = (Connection::open(&args.target.server)?, args.target.level()?);
    let found = server.resource(&level, &args.path, args.commit.as_deref(), args.inherit).await;
    let found = found.map_err(|error| server.failure(error))?;
    if args.target.output.format() != OutputFormat::Table {
        args.target.output.print(&found.raw, String::new);
        return Ok(Exit::Success);
    }
    let bytes = found.read.bytes();
    let bytes = bytes.ok_or_else(|| Failure::plain("the server answers with a content that is no base64"))?;
    let mut out = std::io::stdout().lock();
    match out.write_all(&bytes).and_then(|()| out.flush()) {
        // Whoever reads has enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(Exit::Success),
        written => written
            .map(|()| Exit::Success)
            .map_err(|error| Failure::plain(format!("cannot write the resource: {}", reason(&error)))),
    }
}

async fn list(target: &TargetArgs) -> Result<Exit, Failure> {
    let (server, level) = (Connection::open(&target.server)?, target.level()?);
    let resources = server.resources(&level).await.map_err(|error| server.failure(error))?;
    target.output.print(&resources.raw, || text::list(&resources.read, &level));
    Ok(Exit::Success)
}
