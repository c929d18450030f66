//! A directory that is gone when the demo is.

use std::fs::DirBuilder;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::DemoError;

/// A directory of its own below the system's for temporary files, readable by its owner alone. Dropped, it is removed
/// with all that is in it.
#[derive(Debug)]
pub(crate) struct Directory(PathBuf);

impl Directory {
    /// Makes the directory.
    pub(crate) fn new() -> Result<Self, DemoError> {
        let path = std::env::temp_dir().join(format!("capstan-demo-{}", uuid::Uuid::now_v7()));
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.create(&path) {
            Ok(()) => Ok(Self(path)),
            Err(cause) => Err(DemoError::Write { path, cause }),
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes `text` to the file `name` in it, and says where that is.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<PathBuf, DemoError> {
        let path = self.0.join(name);
        match std::fs::write(&path, text) {
            Ok(()) => Ok(path),
            Err(cause) => Err(DemoError::Write { path, cause }),
        }
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // A Prometheus that was killed but is not gone yet may still write into it.
        for _ in 0..20 {
            match std::fs::remove_dir_all(&self.0) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    std::thread::sleep(Duration::from_millis(25));
                }
                _ => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_behind() -> Result<(), DemoError> {
        let directory = Directory::new()?;
        let path = directory.path().to_owned();
        let file = directory.write("a.txt", "a")?;
        assert!(file.starts_with(&path) && file.is_file());
        drop(directory);
        assert!(!path.exists());
        Ok(())
    }
}
