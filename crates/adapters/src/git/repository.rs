//! One repository, opened by its folders.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use capstan_runtime::ports::ConfigError;
use gix::ObjectId;
use gix::hash::Prefix;
use gix::objs::{Find, FindExt, Kind, TreeRef};
use gix::odb;
use gix::refs;

use super::branch;
use super::trouble::{Trouble, failed};

/// How objects are named. Git's other hash is not read by many of its servers.
pub(super) const HASH: gix::hash::Kind = gix::hash::Kind::Sha1;

/// An open repository. It is opened for each call: that reads a few folders, and never sees another's stale state.
pub(super) struct Repository {
    objects: odb::Handle,
    refs: refs::file::Store,
}

/// A commit and the folder it is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Snapshot {
    /// The commit.
    pub(super) commit: ObjectId,
    /// Its root.
    pub(super) tree: ObjectId,
}

impl Repository {
    /// Opens the repository of a folder, which exists.
    pub(super) fn open(folder: &Path) -> Result<Self, Trouble> {
        let options = odb::store::init::Options {
            // Else the process's own folder is looked up, which may be gone.
            current_dir: Some(folder.to_owned()),
            ..Default::default()
        };
        let objects =
            odb::at_opts(folder.join("objects"), HASH, None, options).map_err(failed("cannot open the objects"))?;
        let options =
            refs::store::init::Options { write_reflog: refs::store::WriteReflog::Disable, ..Default::default() };
        Ok(Self { objects, refs: refs::file::Store::at_opts(folder.to_owned(), HASH, options) })
    }

    /// Where objects are kept.
    pub(super) fn objects_folder(&self) -> PathBuf {
        self.refs.git_dir().join("objects")
    }

    /// All objects.
    pub(super) fn objects(&self) -> &odb::Handle {
        &self.objects
    }

    /// All references.
    pub(super) fn refs(&self) -> &refs::file::Store {
        &self.refs
    }

    /// The newest commit.
    pub(super) fn head(&self) -> Result<ObjectId, Trouble> {
        branch::tip(&self.refs)?.ok_or_else(|| Trouble::Failed("there is no branch 'main'".to_owned()))
    }

    /// The state at a commit, by its id or the beginning of it, or else at the newest.
    pub(super) fn at(&self, id: Option<&str>) -> Result<Snapshot, Trouble> {
        let Some(text) = id else {
            let commit = self.head()?;
            return self
                .snapshot(commit)?
                .ok_or_else(|| Trouble::Failed("the branch 'main' is at no commit".to_owned()));
        };
        let unknown = || ConfigError::UnknownCommit(text.to_owned());
        let mut candidates = HashSet::new();
        if let Ok(id) = ObjectId::from_hex(text.as_bytes()) {
            candidates.insert(id);
        } else {
            let prefix = Prefix::from_hex(text).map_err(|_| unknown())?;
            self.objects.lookup_prefix(prefix, Some(&mut candidates)).map_err(failed("cannot look up a commit"))?;
        }
        let mut found = None;
        for id in candidates {
            if let Some(snapshot) = self.snapshot(id)?
                && found.replace(snapshot).is_some()
            {
                return Err(unknown().into());
            }
        }
        found.ok_or_else(|| unknown().into())
    }

    /// A folder's entries.
    pub(super) fn tree<'b>(&self, id: ObjectId, buffer: &'b mut Vec<u8>) -> Result<TreeRef<'b>, Trouble> {
        self.objects.find_tree(&id, buffer).map_err(failed(format_args!("cannot read the folder {id}")))
    }

    /// A file's content.
    pub(super) fn blob(&self, id: ObjectId) -> Result<Vec<u8>, Trouble> {
        let mut content = Vec::new();
        let found =
            self.objects.try_find(&id, &mut content).map_err(failed(format_args!("cannot read the file {id}")))?;
        match found.map(|data| data.kind) {
            Some(Kind::Blob) => Ok(content),
            Some(kind) => Err(Trouble::Failed(format!("the file {id} is a {kind}"))),
            None => Err(Trouble::Failed(format!("the file {id} is missing"))),
        }
    }

    /// None where there is no such object, or it is no commit.
    fn snapshot(&self, id: ObjectId) -> Result<Option<Snapshot>, Trouble> {
        let mut buffer = Vec::new();
        let found =
            self.objects.try_find(&id, &mut buffer).map_err(failed(format_args!("cannot read the commit {id}")))?;
        let Some(mut commit) = found.and_then(gix::objs::Data::try_into_commit_iter) else { return Ok(None) };
        let tree = commit.tree_id().map_err(failed(format_args!("the commit {id} is broken")))?;
        Ok(Some(Snapshot { commit: id, tree }))
    }
}
