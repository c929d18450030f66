//! `capstan backup`.

use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;

use super::manifest::Manifest;
use super::parts;
use super::place::Place;
use crate::exit::Exit;
use crate::failure::{Failure, reason};
use crate::serve::settings::{Resolved, SettingsArgs, resolve};
use crate::terminal::print;

/// `capstan backup`
#[derive(Debug, Args)]
#[command(
    after_help = "It reads the data directory itself, whether a server runs on it or not, and a server that runs goes on. \
The backup has all that was acknowledged before it began. It is a directory for its owner alone: \
the database, the repositories, the hash of the token, and a manifest with checksums.

Examples:
  capstan backup /backup/capstan-monday
  capstan backup --data /var/lib/capstan /backup/capstan-monday"
)]
pub(crate) struct BackupArgs {
    /// The backup: a directory that is not there yet
    #[arg(value_name = "BACKUP")]
    backup: PathBuf,
    #[command(flatten)]
    data: DataArgs,
}

/// Which data directory is meant, told as to the server.
#[derive(Debug, Args)]
pub(super) struct DataArgs {
    #[arg(
        long,
        value_name = "DIR",
        help = "Directory for everything that the server keeps [env: CAPSTAN_DATA] [default: ./capstan-data]"
    )]
    data: Option<String>,
    #[arg(
        long,
        value_name = "FILE",
        help = "TOML file with settings [env: CAPSTAN_CONFIG] [default: ./capstan.toml, if it is there]"
    )]
    config: Option<PathBuf>,
}

impl DataArgs {
    /// The settings, of which the directory counts.
    pub(super) fn resolve(&self) -> Result<Resolved, Failure> {
        let values = self.data.iter().map(|data| ("data", data.clone())).collect();
        let args = SettingsArgs { config: self.config.clone(), values };
        resolve(&args, &|name| std::env::var_os(name))
    }
}

/// Makes a backup.
pub(crate) fn run(args: &BackupArgs) -> Result<Exit, Failure> {
    let data = args.data.resolve()?.settings.data;
    let backup = &args.backup;
    if backup.symlink_metadata().is_ok() {
        let message = format!("'{}' is there already", backup.display());
        return Err(Failure::with_help(message, "each backup has a directory of its own; name one that is not there"));
    }
    if !data.is_dir() {
        let message = format!("there is no data directory '{}'", data.display());
        return Err(Failure::with_help(message, "name the one of the server with --data"));
    }
    refuse_inside(backup, &data)?;
    let made = Timestamp::now();
    let place = Place::begin(backup).map_err(|error| unwritable(backup, &error))?;
    let outline = parts::copy(&data, place.path())?;
    let manifest = Manifest::of(place.path(), outline.schema, made);
    let manifest = manifest.and_then(|manifest| manifest.write(place.path()).map(|()| manifest));
    let manifest = manifest.map_err(|error| unwritable(backup, &error))?;
    place.finish().map_err(|error| unwritable(backup, &error))?;
    print(&format!(
        "'{}' is in '{}': {} projects, {} files, {} bytes\n",
        data.display(),
        backup.display(),
        outline.commits.len(),
        manifest.files.len(),
        manifest.size()
    ));
    Ok(Exit::Success)
}

/// A backup within what it is a copy of would go with it, and be copied by the next one.
fn refuse_inside(backup: &Path, data: &Path) -> Result<(), Failure> {
    let data = data.canonicalize().map_err(|error| Failure::unreadable(data, &error))?;
    let place = std::path::absolute(backup).map_err(|error| unwritable(backup, &error))?;
    // Links on the way are followed as far as it is there.
    let above = place.ancestors().find_map(|above| above.canonicalize().ok());
    if above.is_some_and(|above| above.starts_with(&data)) {
        let message = format!("'{}' is in the data directory itself", backup.display());
        return Err(Failure::with_help(message, "name a place outside of it, best on another disk"));
    }
    Ok(())
}

fn unwritable(backup: &Path, error: &std::io::Error) -> Failure {
    let message = format!("cannot write backup '{}': {}", backup.display(), reason(error));
    Failure::with_help(message, "name a place where directories can be made, with room for all that the server keeps")
}
