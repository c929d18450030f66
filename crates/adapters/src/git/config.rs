//! The port.

use std::io;
use std::path::{Path, PathBuf};

use capstan_runtime::ports::{Change, CommitId, ConfigError, ConfigRepo, FileChange, ReadFile};

use super::copy;
use super::lock::Locks;
use super::repository::Repository;
use super::trouble::{Trouble, failed};
use super::{name, place, read, sync, write};

/// The configuration of projects in bare git repositories below one folder.
///
/// # What is on disk when
///
/// A write syncs, in this order: the file of each new object, the folders that name these files, the file of the
/// branch, the folder of that. The branch moves after all that it leads to is on disk. A new repository is built under
/// another name and, whole and synced, renamed; a deleted one is renamed before it is removed; both then sync the
/// folder of repositories.
///
/// # Who may use it
///
/// Any number of threads; writers of one project queue up, readers never wait. Of processes one, which is ensured
/// elsewhere; git commands may read at any time, and their `gc` and `push` keep to the same lock of the branch.
#[derive(Debug)]
pub struct GitConfig {
    root: PathBuf,
    locks: Locks,
}

impl GitConfig {
    /// Opens the folder of repositories, and makes it if need be. What a crash left half done is removed.
    ///
    /// # Errors
    /// The folder cannot be made, read or swept.
    pub fn open(root: PathBuf) -> io::Result<Self> {
        // An absolute path stays right when the process changes its folder.
        let root = std::path::absolute(root)?;
        make(&root)?;
        place::sweep(&root)?;
        Ok(Self { root, locks: Locks::default() })
    }

    /// Copies the repositories below a folder to another, which is made, while others may write to them. A copy has all
    /// that was committed before it began; projects that are deleted meanwhile may be left out.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub fn copy(from: &Path, to: &Path) -> io::Result<()> {
        copy::copy(from, to)
    }

    /// The folder of a project's repository, for a git command to read from.
    ///
    /// # Errors
    /// [`ConfigError::BadProject`], [`ConfigError::UnknownProject`].
    pub fn folder(&self, project: &str) -> Result<PathBuf, ConfigError> {
        name::check_project(project)?;
        let folder = place::of(&self.root, project);
        if folder.is_dir() { Ok(folder) } else { Err(ConfigError::UnknownProject(project.to_owned())) }
    }

    /// Does something with a project's repository. Where that failed because the project was deleted meanwhile, it is
    /// unknown, not broken.
    fn with<T>(&self, project: &str, work: impl FnOnce(&Repository) -> Result<T, Trouble>) -> Result<T, ConfigError> {
        let folder = self.folder(project)?;
        let done = Repository::open(&folder).and_then(|repository| work(&repository));
        done.map_err(|trouble| match trouble {
            Trouble::Failed(_) if !folder.is_dir() => ConfigError::UnknownProject(project.to_owned()),
            trouble => trouble.of(project),
        })
    }
}

impl ConfigRepo for GitConfig {
    fn create(&self, project: &str, files: &[FileChange], change: &Change) -> Result<CommitId, ConfigError> {
        name::check_project(project)?;
        self.locks.hold(project, || {
            if place::of(&self.root, project).exists() {
                return Err(ConfigError::Exists(project.to_owned()));
            }
            let commit = place::create(&self.root, project, files, change).map_err(|trouble| trouble.of(project))?;
            Ok(commit.to_string())
        })
    }

    fn write(&self, project: &str, changes: &[FileChange], change: &Change) -> Result<CommitId, ConfigError> {
        self.locks.hold(project, || {
            self.with(project, |repository| {
                let head = repository.at(None)?;
                Ok(write::commit(repository, Some(head), changes, change)?.to_string())
            })
        })
    }

    fn read(&self, project: &str, path: &str, at: Option<&str>) -> Result<ReadFile, ConfigError> {
        let parts = name::parts(path)?;
        self.with(project, |repository| {
            let snapshot = repository.at(at)?;
            let commit = snapshot.commit.to_string();
            match read::file(repository, snapshot.tree, &parts)? {
                Some(id) => Ok(ReadFile { content: repository.blob(id)?, commit }),
                None => Err(ConfigError::UnknownFile { path: path.to_owned(), commit }.into()),
            }
        })
    }

    fn list(&self, project: &str, folder: &str, at: Option<&str>) -> Result<Vec<String>, ConfigError> {
        let parts = if folder.is_empty() { Vec::new() } else { name::parts(folder)? };
        self.with(project, |repository| read::files(repository, repository.at(at)?.tree, &parts))
    }

    fn head(&self, project: &str) -> Result<CommitId, ConfigError> {
        self.with(project, |repository| Ok(repository.head()?.to_string()))
    }

    fn delete(&self, project: &str) -> Result<(), ConfigError> {
        name::check_project(project)?;
        let deleted = self.locks.hold(project, || place::delete(&self.root, project));
        deleted.map_err(|trouble| trouble.of(project))
    }

    fn projects(&self) -> Result<Vec<String>, ConfigError> {
        let projects = place::all(&self.root).map_err(failed("cannot list the repositories"));
        // No project of its own: it is the folder of all.
        projects.map_err(|trouble| trouble.of("*"))
    }
}

/// Makes a folder, and makes its name last in each folder above that was made too.
fn make(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        make(parent)?;
        create_dir(folder)?;
        sync::folder(parent)?;
    }
    Ok(())
}

fn create_dir(folder: &Path) -> io::Result<()> {
    match std::fs::create_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        made => made,
    }
}
