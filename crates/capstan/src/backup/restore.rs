//! `capstan restore`.

use std::io;
use std::path::{Path, PathBuf};

use capstan_adapters::sqlite::SqliteStore;
use capstan_model::timeframe;
use clap::Args;

use super::command::DataArgs;
use super::manifest::{Manifest, damaged};
use super::parts;
use super::place::Place;
use crate::exit::Exit;
use crate::failure::{Failure, reason};
use crate::serve::data_dir::{DataDir, LOCK};
use crate::serve::house::STORE;
use crate::terminal::print;

/// `capstan restore`
#[derive(Debug, Args)]
#[command(
    after_help = "The data directory has to be empty, or not there. Each file is held against the manifest and the database \
is checked before anything is in its place. Then start the server: clients have the token that they \
had, unless CAPSTAN_TOKEN gives another.

Example:
  capstan restore /backup/capstan-monday --data /var/lib/capstan"
)]
pub(crate) struct RestoreArgs {
    /// The backup: a directory that 'capstan backup' has made
    #[arg(value_name = "BACKUP")]
    backup: PathBuf,
    /// Not how the data directory is named; told so.
    #[arg(hide = true)]
    into: Option<PathBuf>,
    #[command(flatten)]
    data: DataArgs,
}

/// Fills an empty data directory.
pub(crate) fn run(args: &RestoreArgs) -> Result<Exit, Failure> {
    let backup = &args.backup;
    if let Some(into) = &args.into {
        let (backup, into) = (backup.display(), into.display());
        let message = format!("'{into}' is one argument too many");
        return Err(Failure::with_help(message, format!("write 'capstan restore {backup} --data {into}'")));
    }
    let settings = args.data.resolve()?;
    let data = &settings.settings.data;
    if !backup.is_dir() {
        let message = format!("there is no backup '{}'", backup.display());
        return Err(Failure::with_help(message, "name a directory that 'capstan backup' has made"));
    }
    let manifest = Manifest::read(backup)?;
    let lock = data.join(LOCK);
    if data.is_dir() && !lock.exists() {
        // Before a lock is made in what is none of ours.
        refuse_full(data)?;
    }
    let new: Vec<&Path> = lock.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists()).collect();
    // From here on no server can begin there.
    let _held = DataDir::open(data, &settings.source("data").to_string())?;
    let filled = fill(data, backup, &manifest);
    if filled.is_err() {
        // What was made for nothing, from the lock upwards; what somebody else has put there meanwhile stays.
        for path in new {
            let _ = if path == lock { std::fs::remove_file(path) } else { std::fs::remove_dir(path) };
        }
    }
    filled?;
    print(&format!(
        "'{}' holds what was there at {}: {} files, {} bytes\n",
        data.display(),
        timeframe::display(manifest.made),
        manifest.files.len(),
        manifest.size()
    ));
    Ok(Exit::Success)
}

/// Puts all of a backup into a directory that is held.
fn fill(data: &Path, backup: &Path, manifest: &Manifest) -> Result<(), Failure> {
    refuse_full(data)?;
    let unwritable = |error: io::Error| {
        Failure::plain(format!("cannot write data directory '{}': {}", data.display(), reason(&error)))
    };
    let place = Place::within(data).map_err(unwritable)?;
    manifest.copy(backup, place.path())?;
    check(backup, place.path())?;
    place.unpack(STORE).map_err(unwritable)
}

/// What is restored has to be whole, whatever the manifest says.
fn check(backup: &Path, restored: &Path) -> Result<(), Failure> {
    let store = restored.join(STORE);
    if !store.is_file() {
        return Err(damaged(backup, &format!("it has no '{STORE}'")));
    }
    let outline = SqliteStore::check(&store).map_err(|error| damaged(backup, &error.to_string()))?;
    match parts::missing_commit(&outline, restored)? {
        Some(why) => Err(damaged(backup, &why)),
        None => Ok(()),
    }
}

/// The lock alone is nothing.
fn refuse_full(data: &Path) -> Result<(), Failure> {
    for entry in std::fs::read_dir(data).map_err(|error| Failure::unreadable(data, &error))? {
        let name = entry.map_err(|error| Failure::unreadable(data, &error))?.file_name();
        if name != LOCK {
            let message = format!("data directory '{}' is not empty: it holds '{}'", data.display(), name.display());
            return Err(Failure::with_help(message, "move away what is in it, or name another directory with --data"));
        }
    }
    Ok(())
}
