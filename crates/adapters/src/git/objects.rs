//! New objects, on disk before anything names them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::objs::{Exists, Kind, WriteTo};
use gix::zlib::{Compression, stream::deflate};

use super::repository::{HASH, Repository};
use super::sync;
use super::trouble::{Trouble, failed};

/// How an object's file begins to be called while it is written; git's own name for it, so that its `gc` clears such
/// files too.
pub(super) const UNFINISHED: &str = "tmp_obj_";

/// Files that are open at once.
const AT_ONCE: usize = 64;

/// Objects to write together. Nothing is on disk before [`Batch::store`].
#[derive(Debug, Default)]
pub(super) struct Batch<'a> {
    objects: BTreeMap<ObjectId, (Kind, Cow<'a, [u8]>)>,
}

impl<'a> Batch<'a> {
    /// Adds the content of a file.
    pub(super) fn blob(&mut self, content: &'a [u8]) -> Result<ObjectId, Trouble> {
        self.add(Kind::Blob, content.into())
    }

    /// Adds a folder or a commit.
    pub(super) fn object(&mut self, object: &impl WriteTo) -> Result<ObjectId, Trouble> {
        let mut bytes = Vec::new();
        object.write_to(&mut bytes).map_err(failed("cannot put an object into words"))?;
        self.add(object.kind(), bytes.into())
    }

    fn add(&mut self, kind: Kind, bytes: Cow<'a, [u8]>) -> Result<ObjectId, Trouble> {
        let id = gix::objs::compute_hash(HASH, kind, &bytes).map_err(failed("cannot hash an object"))?;
        self.objects.insert(id, (kind, bytes));
        Ok(id)
    }

    /// Writes what the repository does not have. When it returns, each object is on disk under its name: each file is
    /// synced before it gets its name, so that no crash leaves a name with half a content that a later write would take
    /// for the whole; then each folder that names one is synced, and the folder of these folders.
    ///
    /// The caller holds the project's lock: names of unfinished files are made of ids.
    pub(super) fn store(self, repository: &Repository) -> Result<(), Trouble> {
        let root = repository.objects_folder();
        let mut touched = BTreeSet::new();
        let mut missing = Vec::new();
        for (id, object) in &self.objects {
            let (folder, path) = place(&root, *id);
            if path.exists() {
                // It may come from a write that failed before it could sync the folder.
                touched.insert(folder);
            } else if !repository.objects().exists(id) {
                missing.push((id, object, path));
                touched.insert(folder);
            }
        }
        for some in missing.chunks(AT_ONCE) {
            write(&root, some).map_err(|error| {
                // A full disk has no room for them, and what cannot be removed goes at the next start.
                for (id, ..) in some {
                    let _ = fs::remove_file(unfinished(&root, id));
                }
                failed("cannot write objects")(error)
            })?;
        }
        touched.insert(root);
        for folder in &touched {
            sync::folder(folder).map_err(failed(format_args!("cannot sync '{}'", folder.display())))?;
        }
        Ok(())
    }
}

type Missing<'o, 'a> = (&'o ObjectId, &'o (Kind, Cow<'a, [u8]>), PathBuf);

/// Writes all, then syncs all, then names all: a file system that syncs by a journal then has most of the work done at
/// the first sync.
fn write(root: &Path, missing: &[Missing<'_, '_>]) -> io::Result<()> {
    let mut files = Vec::with_capacity(missing.len());
    for (id, (kind, bytes), path) in missing {
        let unfinished = unfinished(root, id);
        let mut to = deflate::Write::new(File::create(&unfinished)?, Compression::BEST_SPEED);
        to.write_all(&gix::objs::encode::loose_header(*kind, bytes.len() as u64))?;
        to.write_all(bytes)?;
        to.flush()?;
        files.push((to.into_inner(), unfinished, path));
    }
    for (file, ..) in &files {
        file.sync_data()?;
    }
    for (_, unfinished, path) in &files {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::rename(unfinished, path)?;
    }
    Ok(())
}

/// Where an object is while it is written.
fn unfinished(root: &Path, id: &ObjectId) -> PathBuf {
    root.join(format!("{UNFINISHED}{id}"))
}

/// The folder of an object's file, and the file.
fn place(root: &Path, id: ObjectId) -> (PathBuf, PathBuf) {
    let name = id.to_string();
    let (folder, file) = name.split_at(2);
    let folder = root.join(folder);
    let path = folder.join(file);
    (folder, path)
}
