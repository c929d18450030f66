//! Files of this machine, as resources.

use std::path::{Component, Path, PathBuf};

use crate::client::Change;
use crate::failure::Failure;

/// Reads files, each with the path under which it is to be stored.
pub(super) fn read(files: &[PathBuf], path: Option<&str>) -> Result<Vec<Change>, Failure> {
    match (files, path) {
        ([file], Some(path)) => Ok(vec![change(path.to_owned(), file)?]),
        (_, Some(path)) => Err(Failure::with_help(
            format!("{} files cannot all be stored as '{path}'", files.len()),
            "give --path with one file alone",
        )),
        (files, None) => files.iter().map(|file| change(stored(file)?, file)).collect(),
    }
}

fn change(path: String, file: &Path) -> Result<Change, Failure> {
    let content = std::fs::read(file).map_err(|error| Failure::unreadable(file, &error))?;
    Ok(Change { path, content: Some(content) })
}

/// The path by which a file is named, if that leads to somewhere below the folder where the command runs.
fn stored(file: &Path) -> Result<String, Failure> {
    let named = file.components().filter(|part| *part != Component::CurDir).map(|part| match part {
        Component::Normal(name) => name.to_str(),
        _ => None,
    });
    let parts = named.collect::<Option<Vec<_>>>().filter(|parts| !parts.is_empty());
    parts.map(|parts| parts.join("/")).ok_or_else(|| {
        Failure::with_help(
            format!("'{}' is no path of a resource: it leads out of this folder", file.display()),
            "say with --path where to store it",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_stored_under_the_path_by_which_it_is_named() {
        for (file, path) in [("slo.yaml", "slo.yaml"), ("./job//config.yaml", "job/config.yaml"), ("a/./b", "a/b")] {
            assert_eq!(stored(Path::new(file)).ok().as_deref(), Some(path));
        }
        for file in ["../slo.yaml", "/etc/slo.yaml", "a/../b", ".", ""] {
            assert!(stored(Path::new(file)).is_err(), "{file}");
        }
    }
}
