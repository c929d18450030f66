//! What the folders become: read where a change leads, and nowhere else.

use std::collections::BTreeMap;

use gix::ObjectId;
use gix::objs::Tree;
use gix::objs::tree::{Entry, EntryKind, EntryMode};

use super::objects::Batch;
use super::repository::Repository;
use super::trouble::Trouble;

/// A folder whose entries are known. The root's may be none; any other folder without entries is on its way to be
/// removed.
#[derive(Debug, Default)]
pub(super) struct Folder {
    entries: BTreeMap<Vec<u8>, Node>,
}

#[derive(Debug)]
enum Node {
    /// A file, or what else is no folder: links and the like that came from outside are kept as they are.
    File(EntryMode, ObjectId),
    /// A folder as it was.
    Kept(ObjectId),
    /// A folder that was looked into.
    Folder(Folder),
}

/// Why a file cannot be put where it should.
#[derive(Debug)]
pub(super) enum PutError {
    /// A file is at the first so many parts of the path.
    FileAt(usize),
    /// A folder is at the path.
    FolderThere,
    /// Something else.
    Trouble(Trouble),
}

impl Folder {
    /// Reads a folder's entries.
    pub(super) fn read(repository: &Repository, id: ObjectId) -> Result<Self, Trouble> {
        let mut buffer = Vec::new();
        let tree = repository.tree(id, &mut buffer)?;
        let node = |mode: EntryMode, id| if mode.is_tree() { Node::Kept(id) } else { Node::File(mode, id) };
        let entries =
            tree.entries.iter().map(|entry| (entry.filename.to_vec(), node(entry.mode, entry.oid.to_owned())));
        Ok(Self { entries: entries.collect() })
    }

    /// Puts a file at a path, in place of one that is there; folders on the way are made.
    pub(super) fn put(&mut self, repository: &Repository, parts: &[&str], id: ObjectId) -> Result<(), PutError> {
        let Some((name, way)) = parts.split_last() else { return Err(PutError::FolderThere) };
        let mut folder = self;
        for (depth, part) in way.iter().enumerate() {
            let node = folder.entries.entry(part.as_bytes().to_vec()).or_insert_with(|| Node::Folder(Self::default()));
            folder = node.open(repository).map_err(PutError::Trouble)?.ok_or(PutError::FileAt(depth + 1))?;
        }
        let entry = folder.entries.entry(name.as_bytes().to_vec()).or_insert(Node::File(EntryKind::Blob.into(), id));
        match entry {
            Node::File(..) => *entry = Node::File(EntryKind::Blob.into(), id),
            Node::Kept(_) | Node::Folder(_) => return Err(PutError::FolderThere),
        }
        Ok(())
    }

    /// Removes a file, or a folder with all that is in it, and folders that are empty then. Says whether it was there.
    pub(super) fn remove(&mut self, repository: &Repository, parts: &[&str]) -> Result<bool, Trouble> {
        match parts {
            [] => Ok(false),
            [name] => Ok(self.entries.remove(name.as_bytes()).is_some()),
            [part, rest @ ..] => {
                let Some(node) = self.entries.get_mut(part.as_bytes()) else { return Ok(false) };
                let Some(folder) = node.open(repository)? else { return Ok(false) };
                let removed = folder.remove(repository, rest)?;
                if folder.entries.is_empty() {
                    self.entries.remove(part.as_bytes());
                }
                Ok(removed)
            }
        }
    }

    /// Adds the folders that were looked into to a batch. Returns the id of this one.
    pub(super) fn add_to(&self, batch: &mut Batch<'_>) -> Result<ObjectId, Trouble> {
        let mut entries = Vec::with_capacity(self.entries.len());
        for (name, node) in &self.entries {
            let (mode, oid) = match node {
                Node::File(mode, id) => (*mode, *id),
                Node::Kept(id) => (EntryKind::Tree.into(), *id),
                Node::Folder(folder) => (EntryKind::Tree.into(), folder.add_to(batch)?),
            };
            entries.push(Entry { mode, filename: name.clone().into(), oid });
        }
        entries.sort(); // git's order: a folder as if its name ended in `/`
        batch.object(&Tree { entries })
    }
}

impl Node {
    /// The folder, its entries read; none where it is none.
    fn open(&mut self, repository: &Repository) -> Result<Option<&mut Folder>, Trouble> {
        if let Self::Kept(id) = self {
            *self = Self::Folder(Folder::read(repository, *id)?);
        }
        match self {
            Self::Folder(folder) => Ok(Some(folder)),
            Self::Kept(_) | Self::File(..) => Ok(None),
        }
    }
}
