//! From a commit to files.

use gix::ObjectId;
use gix::objs::tree::EntryMode;

use super::repository::Repository;
use super::trouble::Trouble;

/// The id of a file's content; none where there is no file.
///
/// Links are no files: what they point to may lie outside.
pub(super) fn file(repository: &Repository, root: ObjectId, parts: &[&str]) -> Result<Option<ObjectId>, Trouble> {
    Ok(entry(repository, root, parts)?.filter(|(mode, _)| mode.is_blob()).map(|(_, id)| id))
}

/// Paths of all files below a folder, in bytewise order. A name that is no UTF-8, which only another tool can have
/// made, cannot be asked for, and so is not listed.
pub(super) fn files(repository: &Repository, root: ObjectId, folder: &[&str]) -> Result<Vec<String>, Trouble> {
    let (top, prefix) = match entry(repository, root, folder)? {
        _ if folder.is_empty() => (root, String::new()),
        Some((mode, id)) if mode.is_tree() => (id, folder.join("/") + "/"),
        _ => return Ok(Vec::new()),
    };
    let mut files = Vec::new();
    let mut folders = vec![(top, prefix)];
    while let Some((id, prefix)) = folders.pop() {
        let mut buffer = Vec::new();
        for entry in repository.tree(id, &mut buffer)?.entries {
            let Ok(name) = std::str::from_utf8(entry.filename) else { continue };
            if entry.mode.is_tree() {
                folders.push((entry.oid.to_owned(), format!("{prefix}{name}/")));
            } else if entry.mode.is_blob() {
                files.push(format!("{prefix}{name}"));
            }
        }
    }
    files.sort_unstable();
    Ok(files)
}

fn entry(repository: &Repository, root: ObjectId, parts: &[&str]) -> Result<Option<(EntryMode, ObjectId)>, Trouble> {
    let mut found = None;
    let mut folder = Some(root);
    let mut buffer = Vec::new();
    for part in parts {
        let Some(id) = folder else { return Ok(None) };
        let tree = repository.tree(id, &mut buffer)?;
        let Some(entry) = tree.entries.iter().find(|entry| entry.filename == part.as_bytes()) else { return Ok(None) };
        found = Some((entry.mode, entry.oid.to_owned()));
        folder = entry.mode.is_tree().then(|| entry.oid.to_owned());
    }
    Ok(found)
}
