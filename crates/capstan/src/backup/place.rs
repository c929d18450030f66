//! A directory that comes to be as a whole, beside its place or within it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// What a directory begins to be called until it is whole.
const UNFINISHED: &str = ".capstan-unfinished-";

/// A directory that is being made, for its owner alone. Dropped before it is whole it is removed.
pub(super) struct Place {
    made: TempDir,
    to: PathBuf,
}

impl Place {
    /// Begins one beside its place, on the same disk.
    pub(super) fn begin(to: &Path) -> io::Result<Self> {
        let to = std::path::absolute(to)?;
        let above = to.parent().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        std::fs::create_dir_all(above)?;
        let made = make(above)?;
        Ok(Self { made, to })
    }

    /// Begins one within a directory that is there: it may be a disk of its own, which nothing can be moved onto.
    pub(super) fn within(to: &Path) -> io::Result<Self> {
        let to = std::path::absolute(to)?;
        let made = make(&to)?;
        Ok(Self { made, to })
    }

    /// Where it is for now.
    pub(super) fn path(&self) -> &Path {
        self.made.path()
    }

    /// Moves it to its place, synced. What is there already is in the way, but for an empty directory.
    pub(super) fn finish(self) -> io::Result<()> {
        sync(self.path())?;
        std::fs::rename(self.path(), &self.to)?;
        // Nothing of it is left under its first name.
        let _ = self.made.keep();
        sync_folder(self.to.parent().unwrap_or(&self.to))
    }

    /// Moves all that is in it to the directory around it, synced: this last.
    pub(super) fn unpack(self, last: &str) -> io::Result<()> {
        sync(self.path())?;
        let mut names = Vec::new();
        for entry in std::fs::read_dir(self.path())? {
            names.push(entry?.file_name());
        }
        names.sort_unstable_by_key(|name| name == last);
        for name in names {
            std::fs::rename(self.path().join(&name), self.to.join(&name))?;
        }
        self.made.close()?;
        sync_folder(&self.to)
    }
}

/// For its owner alone: it holds events, and later what is more secret.
fn make(above: &Path) -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir_in(above)
}

/// Makes all that is in a folder last.
fn sync(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync(&entry.path())?;
        } else {
            File::open(entry.path())?.sync_all()?;
        }
    }
    sync_folder(folder)
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
