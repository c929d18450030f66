//! A copy of all repositories beside those who write to them.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::path::Path;

use super::objects::UNFINISHED;
use super::place;

/// Copies the repositories below a folder to another, which is made. Folders and files are for their owner alone.
///
/// Each is copied from its branch to its objects: whatever the copied branch leads to was on disk before it, so that it is
/// in the copy. Projects that are deleted meanwhile may be left out.
///
/// # Errors
/// A file cannot be read or written.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    create_folder(to)?;
    for project in place::all(from)? {
        let (source, target) = (place::of(from, &project), place::of(to, &project));
        create_folder(&target)?;
        let copied = ["HEAD", "config", "packed-refs", "refs", "objects"]
            .into_iter()
            .try_for_each(|part| copy_part(&source.join(part), &target.join(part)));
        if !source.is_dir() {
            fs::remove_dir_all(&target)?;
            continue;
        }
        copied?;
    }
    Ok(())
}

/// A file, or a folder with all in it that is to stay. What is not there, or goes meanwhile, is not copied.
fn copy_part(from: &Path, to: &Path) -> io::Result<()> {
    let found = match fs::symlink_metadata(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found?,
    };
    if !found.is_dir() {
        let mut source = match File::open(from) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            source => source?,
        };
        return io::copy(&mut source, &mut create_file(to)?).map(drop);
    }
    create_folder(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_lock = Path::new(&name).extension().is_some_and(|ending| ending == "lock");
        let is_unfinished = name.to_str().is_some_and(|name| name.starts_with(UNFINISHED));
        if !is_lock && !is_unfinished {
            copy_part(&entry.path(), &to.join(name))?;
        }
    }
    Ok(())
}

fn create_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn create_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
