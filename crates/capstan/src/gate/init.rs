//! `capstan gate init`: first files, from what a source has on a service.

mod draft;
mod look;
mod objectives;
mod queries;
mod summary;
mod text;

use std::io::Write;
use std::path::{Path, PathBuf};

use capstan_tools::sli::SourceSpec;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use jiff::Timestamp;

use super::arguments::SourceParser;
use super::run::runtime;
use crate::exit::Exit;
use crate::failure::{Failure, reason};
use crate::terminal::{Progress, Style, print};

/// `capstan gate init`
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
The limits come from what the source has now, so the service should have had some load within the
last minutes. They are a beginning: the files say what each key means and where each limit comes
from. Sources and their credentials are those of 'capstan gate run'.

Examples:
  capstan gate init --source prom=http://localhost:9090 --service carts
  capstan gate init --source prom=https://mon.example.org --service carts \\
      --project shop --stage staging --sli prometheus/sli.yaml
  capstan gate init --source load=k6:summary.json --service carts")]
pub(crate) struct InitArgs {
    /// Where values come from; this one is looked at
    #[arg(long, value_name = "NAME=TARGET", value_parser = SourceParser)]
    source: SourceSpec,
    /// Service that is to be judged
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    service: String,
    /// Project that the service belongs to
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    project: String,
    /// Stage that is to be judged, such as staging
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    stage: String,
    /// Where to write the objectives
    #[arg(long, value_name = "FILE", default_value = "slo.yaml")]
    slo: PathBuf,
    /// Where to write the queries
    #[arg(long, value_name = "FILE", default_value = "sli.yaml")]
    sli: PathBuf,
    /// Overwrite files that are there already
    #[arg(long)]
    force: bool,
}

/// Looks at the source, writes the files, and tells what is in them.
pub(crate) fn run(args: &InitArgs) -> Result<Exit, Failure> {
    print(&begin(args)?);
    Ok(Exit::Success)
}

/// Writes the files; what is to be printed then.
fn begin(args: &InitArgs) -> Result<String, Failure> {
    // Told before anyone waits.
    check_paths(args)?;
    let progress = Progress::on_terminal();
    let draft = runtime()?.block_on(look::look(args, Timestamp::now(), &progress));
    progress.clear();
    let draft = draft?;
    write(&args.sli, &queries::write(&draft), args.force)?;
    write(&args.slo, &objectives::write(&draft), args.force)?;
    Ok(summary::write(&draft, args, Style::stdout()))
}

fn check_paths(args: &InitArgs) -> Result<(), Failure> {
    if args.slo == args.sli {
        let message = format!("--slo and --sli are both '{}'", args.slo.display());
        return Err(Failure::with_help(message, "the objectives and the queries are two files"));
    }
    let mut paths = [&args.slo, &args.sli].into_iter();
    // A link that leads nowhere is there as well, and would decide where the file comes to lie.
    match paths.find(|path| !args.force && path.symlink_metadata().is_ok()) {
        Some(path) => Err(exists(path)),
        None => Ok(()),
    }
}

fn exists(path: &Path) -> Failure {
    let message = format!("'{}' exists already and is left as it is", path.display());
    Failure::with_help(message, "name other files with --slo and --sli, or overwrite with --force")
}

fn write(path: &Path, text: &str, force: bool) -> Result<(), Failure> {
    let failed = |error| Failure::plain(format!("cannot write '{}': {}", path.display(), reason(&error)));
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut options = std::fs::OpenOptions::new();
    // Another one may have written the file in the meantime; that one stays too.
    let options = if force { options.create(true).truncate(true) } else { options.create_new(true) };
    let mut file = options.write(true).open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => exists(path),
        _ => failed(error),
    })?;
    file.write_all(text.as_bytes()).map_err(failed)
}

#[cfg(test)]
mod tests;
