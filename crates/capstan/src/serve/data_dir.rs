//! The directory in which one server keeps everything.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::failure::{Failure, reason};

/// The file that says whose it is.
pub(crate) const LOCK: &str = "lock";

/// A data directory that belongs to this process until it is dropped, or the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    /// The lock is the system's and goes with the file handle; nothing stale can be left behind.
    _lock: File,
}

impl DataDir {
    /// Makes the directory where it is not there, for its owner alone, and takes it for this process. `from` says who named
    /// it, for errors.
    pub(crate) fn open(path: &Path, from: &str) -> Result<Self, Failure> {
        let failed = |what: &str, error: &io::Error| {
            let message = format!("cannot {what} data directory '{}' ({from}): {}", path.display(), reason(error));
            match error.kind() {
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Failure::with_help(
                    message,
                    "let the user that runs the server write there, or name another directory with --data",
                ),
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    Failure::with_help(message, "free some space there, or name another directory with --data")
                }
                _ => Failure::with_help(
                    message,
                    "look at the messages of the system about the disk, or name another directory with --data",
                ),
            }
        };
        // The system's own words for this differ, and mislead where the file is further up.
        if let Some(file) = path.ancestors().find(|path| path.exists()).filter(|path| !path.is_dir()) {
            let message = format!("cannot make data directory '{}' ({from}): ", path.display());
            let message = format!("{message}'{}' is a file", file.display());
            return Err(Failure::with_help(message, "name a directory with --data"));
        }
        make(path).map_err(|error| failed("make", &error))?;
        let mut lock = open_private(&path.join(LOCK)).map_err(|error| failed("write to", &error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(taken(path, &mut lock)),
            Err(TryLockError::Error(error)) => return Err(failed("lock", &error)),
        }
        // For people and for the error above; the lock itself needs no content.
        let written = lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id()));
        written.map_err(|error| failed("write to", &error))?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// As it was named.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Makes a directory with all above it. The directory itself is for its owner alone: it holds events and hashes of tokens.
fn make(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
        std::fs::create_dir_all(above)?;
    }
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    // Two servers may begin at once; the lock decides between them, not this.
    match builder.create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        made => made,
    }
}

fn open_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn taken(path: &Path, lock: &mut File) -> Failure {
    let mut content = String::new();
    let owner = match lock.read_to_string(&mut content) {
        Ok(_) if content.trim().parse::<u32>().is_ok() => format!("a server (process {})", content.trim()),
        _ => "a server".to_owned(),
    };
    let message = format!("data directory '{}' is in use by {owner}", path.display());
    Failure::with_help(message, "stop that server, or name another directory with --data")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::Style;

    fn refused(path: &Path) -> String {
        DataDir::open(path, "--data").unwrap_err().draw(Style { colour: false })
    }

    #[test]
    fn a_directory_is_made_for_its_owner_and_belongs_to_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        let first = DataDir::open(&path, "--data").unwrap();
        assert_eq!(first.path(), path);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&path), mode(&path.join("lock"))), (0o700, 0o600));
        }
        let seen = refused(&path);
        assert!(seen.contains(&format!("is in use by a server (process {})", std::process::id())), "{seen}");
        drop(first);
        DataDir::open(&path, "--data").unwrap();
    }

    #[test]
    fn a_file_is_no_directory() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(refused(&file).contains("/file' is a file"));
        assert!(refused(&file.join("below")).contains("/file' is a file"));
    }
}
