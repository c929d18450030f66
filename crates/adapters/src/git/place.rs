//! Whole repositories: made and removed at once, so that a crash leaves one, or none, and never a half.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use capstan_runtime::ports::{Change, FileChange};
use gix::ObjectId;

use super::objects::UNFINISHED;
use super::repository::Repository;
use super::trouble::{Trouble, failed};
use super::{branch, sync, write};

/// How a repository begins to be called until it is whole.
const NEW: &str = ".new-";
/// How a repository begins to be called once it is deleted.
const GONE: &str = ".gone-";
/// How a repository's folder ends.
const ENDING: &str = ".git";

/// What git needs to take a folder for a bare repository. No reflog: the branch only ever goes forward.
const CONFIG: &str = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n";

/// The folder of a project's repository, whether it exists or not.
pub(super) fn of(root: &Path, project: &str) -> PathBuf {
    root.join(format!("{project}{ENDING}"))
}

/// Projects by the folders that are there, sorted bytewise.
pub(super) fn all(root: &Path) -> io::Result<Vec<String>> {
    let mut projects = Vec::new();
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(project) = name.to_str().and_then(|name| name.strip_suffix(ENDING)) else { continue };
        if super::name::check_project(project).is_ok() && entry.path().is_dir() {
            projects.push(project.to_owned());
        }
    }
    projects.sort_unstable();
    Ok(projects)
}

/// Makes a repository with its first commit, beside its place, and moves it there when all of it is synced.
///
/// The caller holds the project's lock, and there is no repository of that project.
pub(super) fn create(root: &Path, project: &str, files: &[FileChange], change: &Change) -> Result<ObjectId, Trouble> {
    let new = root.join(format!("{NEW}{project}"));
    let made = build(&new, files, change).and_then(|commit| {
        fs::rename(&new, of(root, project)).map_err(failed("cannot move the repository into place"))?;
        sync::folder(root).map_err(failed("cannot sync the folder of repositories"))?;
        Ok(commit)
    });
    if made.is_err() {
        // What cannot be removed now goes with the next attempt, or when the folder of repositories is opened again.
        let _ = remove(&new);
    }
    made
}

/// Moves a repository out of sight, which is when it is deleted, and then removes it. One that is gone is no error.
///
/// The caller holds the project's lock.
pub(super) fn delete(root: &Path, project: &str) -> Result<(), Trouble> {
    let gone = root.join(format!("{GONE}{project}"));
    remove(&gone).map_err(failed("cannot remove what an earlier deletion left"))?;
    match fs::rename(of(root, project), &gone) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        moved => moved.map_err(failed("cannot move the repository away"))?,
    }
    sync::folder(root).map_err(failed("cannot sync the folder of repositories"))?;
    if let Err(error) = remove(&gone) {
        tracing::warn!(project, %error, "files of a deleted project remain until the next start");
    }
    Ok(())
}

/// Removes what a crash left: repositories that were not yet whole or no longer there, unfinished objects, and the lock
/// of a branch that nobody holds any more.
pub(super) fn sweep(root: &Path) -> io::Result<()> {
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| name.starts_with(NEW) || name.starts_with(GONE)) {
            remove(&entry.path())?;
        }
    }
    for project in all(root)? {
        let folder = of(root, &project);
        remove(&folder.join(format!("{}.lock", branch::MAIN)))?;
        let objects = match fs::read_dir(folder.join("objects")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue, // whoever uses it is told
            objects => objects?,
        };
        for entry in objects {
            let entry = entry?;
            if entry.file_name().to_str().is_some_and(|name| name.starts_with(UNFINISHED)) {
                remove(&entry.path())?;
            }
        }
    }
    Ok(())
}

fn build(folder: &Path, files: &[FileChange], change: &Change) -> Result<ObjectId, Trouble> {
    skeleton(folder).map_err(failed("cannot make the repository"))?;
    let commit = write::commit(&Repository::open(folder)?, None, files, change)?;
    // The commit synced what is in `objects` and `refs/heads`.
    for parent in [folder.join("refs"), folder.to_owned()] {
        sync::folder(&parent).map_err(failed("cannot sync the repository"))?;
    }
    Ok(commit)
}

fn skeleton(folder: &Path) -> io::Result<()> {
    remove(folder)?;
    for inner in ["objects/info", "objects/pack", "refs/heads", "refs/tags"] {
        fs::create_dir_all(folder.join(inner))?;
    }
    for (name, content) in [("HEAD", format!("ref: {}\n", branch::MAIN)), ("config", CONFIG.to_owned())] {
        let mut file = File::create(folder.join(name))?;
        file.write_all(content.as_bytes())?;
        file.sync_data()?;
    }
    Ok(())
}

/// Removes a folder with all that is in it, or a file, if it is there.
fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
