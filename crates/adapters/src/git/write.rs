//! From changes to a commit.

use capstan_runtime::ports::{Change, ConfigError, FileChange};
use gix::ObjectId;
use gix::objs::Commit;

use super::objects::Batch;
use super::repository::{HASH, Repository, Snapshot};
use super::tree::{Folder, PutError};
use super::trouble::Trouble;
use super::{branch, name, signature};

/// Commits changes on top of a state, or as the first commit, and moves `main` there. All of it is on disk when it
/// returns; when it fails before `main` moved, nothing but objects that nobody names was written.
///
/// The caller holds the project's lock.
pub(super) fn commit(
    repository: &Repository,
    parent: Option<Snapshot>,
    changes: &[FileChange],
    change: &Change,
) -> Result<ObjectId, Trouble> {
    let mut batch = Batch::default();
    let mut root = match parent {
        Some(snapshot) => Folder::read(repository, snapshot.tree)?,
        None => Folder::default(),
    };
    let parent = parent.map(|snapshot| snapshot.commit);
    for file in changes {
        apply(repository, &mut root, &mut batch, file, parent)?;
    }
    let tree = root.add_to(&mut batch)?;
    let author = signature::of(change);
    let commit = batch.object(&Commit {
        tree,
        parents: parent.into_iter().collect(),
        committer: author.clone(),
        author,
        encoding: None,
        message: signature::message(change).into(),
        extra_headers: Vec::new(),
    })?;
    batch.store(repository)?;
    branch::advance(repository.refs(), parent, commit)?;
    Ok(commit)
}

fn apply<'a>(
    repository: &Repository,
    root: &mut Folder,
    batch: &mut Batch<'a>,
    file: &'a FileChange,
    parent: Option<ObjectId>,
) -> Result<(), Trouble> {
    let parts = name::parts(&file.path)?;
    let path = || file.path.clone();
    let Some(content) = &file.content else {
        if root.remove(repository, &parts)? {
            return Ok(());
        }
        let commit = parent.unwrap_or_else(|| ObjectId::null(HASH)).to_string();
        return Err(ConfigError::UnknownFile { path: path(), commit }.into());
    };
    let id = batch.blob(content)?;
    root.put(repository, &parts, id).map_err(|error| match error {
        PutError::Trouble(trouble) => trouble,
        PutError::FolderThere => ConfigError::Blocked { path: path(), reason: "it is a folder".to_owned() }.into(),
        PutError::FileAt(depth) => {
            let reason = format!("'{}' is a file, not a folder", parts[..depth].join("/"));
            ConfigError::Blocked { path: path(), reason }.into()
        }
    })
}
