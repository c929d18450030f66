//! Where data lies while the bench runs.

use std::path::{Path, PathBuf};

use serde::Serialize;
use tempfile::TempDir;

use crate::failure::{Failure, reason};

/// A directory of the bench's own; dropped, it is gone with all that is in it.
#[derive(Debug)]
pub(super) struct Place {
    directory: TempDir,
    pub(super) disk: Disk,
}

/// What a directory lies on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Disk {
    /// The directory in which the bench makes its own.
    pub(super) directory: PathBuf,
    /// Type of its file system, such as `ext4`; none where the system does not tell.
    pub(super) file_system: Option<String>,
}

impl Place {
    /// Makes a directory in `within`, else in the directory for temporary files.
    pub(super) fn new(within: Option<&Path>) -> Result<Self, Failure> {
        let within = within.map_or_else(std::env::temp_dir, Path::to_owned);
        let failed = |error: &std::io::Error| {
            let message = format!("cannot make a directory in '{}': {}", within.display(), reason(error));
            Failure::with_help(message, "name a directory on a disk that can be written to with --dir")
        };
        std::fs::create_dir_all(&within).map_err(|error| failed(&error))?;
        let within = within.canonicalize().map_err(|error| failed(&error))?;
        let directory = tempfile::Builder::new().prefix("capstan-bench-").tempdir_in(&within);
        let file_system = std::fs::read_to_string("/proc/mounts").ok().and_then(|mounts| file_system(&mounts, &within));
        Ok(Self {
            directory: directory.map_err(|error| failed(&error))?,
            disk: Disk { directory: within, file_system },
        })
    }

    /// The directory.
    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A directory in it that goes with what it is returned as.
    pub(super) fn room(&self) -> Result<TempDir, Failure> {
        tempfile::tempdir_in(self.path()).map_err(|error| {
            Failure::plain(format!("cannot make a directory in '{}': {}", self.path().display(), reason(&error)))
        })
    }
}

impl Disk {
    /// Whether it is memory: nothing on it survives a loss of power.
    pub(super) fn is_memory(&self) -> bool {
        matches!(self.file_system.as_deref(), Some("tmpfs" | "ramfs"))
    }
}

/// The type of the file system that `path` lies on, from the text of `/proc/mounts`.
fn file_system(mounts: &str, path: &Path) -> Option<String> {
    let mounts = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        Some((Path::new(fields.next()?), fields.next()?))
    });
    // The last of those that are the longest is on top.
    let on = mounts.filter(|(at, _)| path.starts_with(at)).max_by_key(|(at, _)| at.components().count());
    on.map(|(_, kind)| kind.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_mount_counts() {
        let mounts = "/dev/vda / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/vdb /tmp/disk xfs rw 0 0\nbroken\n";
        let on = |path: &str| file_system(mounts, Path::new(path));
        assert_eq!(on("/home/a").as_deref(), Some("ext4"));
        assert_eq!(on("/tmp/a").as_deref(), Some("tmpfs"));
        assert_eq!(on("/tmp/disk/a").as_deref(), Some("xfs"));
        assert_eq!(on("/tmpest").as_deref(), Some("ext4"));
        assert_eq!(file_system("", Path::new("/")), None);
    }

    #[test]
    fn it_goes_with_all_that_is_in_it() {
        let place = Place::new(None).unwrap();
        let path = place.path().to_owned();
        let room = place.room().unwrap();
        std::fs::write(room.path().join("file"), "x").unwrap();
        drop((room, place));
        assert!(!path.exists());
    }
}
