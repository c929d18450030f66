//! `capstan project delete`: asks first, for it cannot be taken back.

use std::io::{BufRead as _, IsTerminal as _};

use clap::Args;

use crate::client::{Connection, OutputArgs, ServerArgs};
use crate::exit::Exit;
use crate::failure::{ErrorFormat, Failure};
use crate::terminal::note;

/// `capstan project delete`
#[derive(Debug, Args)]
#[command(after_help = "On a terminal it asks first; elsewhere it wants --yes.")]
pub(crate) struct DeleteArgs {
    /// The project
    #[arg(value_name = "NAME")]
    name: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    server: ServerArgs,
}

impl DeleteArgs {
    pub(super) fn error_format(&self) -> ErrorFormat {
        self.output.error_format()
    }
}

pub(super) async fn run(args: &DeleteArgs) -> Result<Exit, Failure> {
    let server = Connection::open(&args.server)?;
    if !args.yes {
        // It is there, and it is the one that was meant.
        server.project(&args.name).await.map_err(|error| server.failure(error))?;
        if !confirmed(&args.name)? {
            note("nothing was deleted\n");
            return Ok(Exit::Fail);
        }
    }
    let answer = server.delete_project(&args.name).await.map_err(|error| server.failure(error))?;
    args.output.print(&answer.raw, || format!("project '{}' is deleted\n", args.name));
    Ok(Exit::Success)
}

fn confirmed(name: &str) -> Result<bool, Failure> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(Failure::with_help(
            format!("project '{name}' is not deleted without a word, and there is nobody to ask"),
            "add --yes where it is meant",
        ));
    }
    note(&format!("Delete project '{name}' with its configuration and all its runs? [y/N] "));
    let mut answer = String::new();
    stdin
        .lock()
        .read_line(&mut answer)
        .map_err(|error| Failure::plain(format!("cannot read the answer: {}", crate::failure::reason(&error))))?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
