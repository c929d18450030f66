//! What of a data directory is kept, part by part. The lock and the log of the database are not: the copy of the database has
//! what is in its log.

use std::io;
use std::path::Path;

use capstan_adapters::git::GitConfig;
use capstan_adapters::sqlite::{SqliteStore, StoreOutline};
use capstan_runtime::ports::{ConfigError, ConfigRepo as _};

use super::private;
use crate::failure::{Failure, reason};
use crate::serve::house::{CONFIGURATION, STORE};
use crate::serve::token;

/// How often a copy is begun anew where a project was deleted while it was made.
const ATTEMPTS: u32 = 5;

/// Copies all parts of a data directory. The database first: each commit that it names is then in the repositories.
pub(super) fn copy(data: &Path, to: &Path) -> Result<StoreOutline, Failure> {
    let mut attempt = 1;
    loop {
        let outline = copy_store(data, to)?;
        copy_configuration(data, to)?;
        match missing_commit(&outline, to)? {
            None => {
                copy_token(data, to)?;
                return Ok(outline);
            }
            Some(why) if attempt == ATTEMPTS => return Err(Failure::plain(format!("the copy is not whole: {why}"))),
            Some(_) => clear(to)?,
        }
        attempt += 1;
    }
}

fn copy_store(data: &Path, to: &Path) -> Result<StoreOutline, Failure> {
    let store = data.join(STORE);
    if !store.is_file() {
        let message = format!("'{}' is no data directory: there is no '{STORE}' in it", data.display());
        return Err(Failure::with_help(message, "name the one of the server with --data"));
    }
    let outline = SqliteStore::copy(&store, &to.join(STORE));
    outline.map_err(|error| Failure::plain(error.to_string()))
}

fn copy_configuration(data: &Path, to: &Path) -> Result<(), Failure> {
    let from = data.join(CONFIGURATION);
    GitConfig::copy(&from, &to.join(CONFIGURATION))
        .map_err(|error| Failure::plain(format!("cannot copy '{}': {}", from.display(), reason(&error))))
}

/// The hash of the token; a server that has its token from the variable has none.
fn copy_token(data: &Path, to: &Path) -> Result<(), Failure> {
    let from = data.join(token::FILE);
    let text = match std::fs::read(&from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        text => text.map_err(|error| Failure::unreadable(&from, &error))?,
    };
    let to = to.join(token::FILE);
    let written = private::file(&to).and_then(|mut file| io::Write::write_all(&mut file, &text));
    written.map_err(|error| Failure::plain(format!("cannot write '{}': {}", to.display(), reason(&error))))
}

fn clear(copy: &Path) -> Result<(), Failure> {
    let cleared =
        std::fs::remove_file(copy.join(STORE)).and_then(|()| std::fs::remove_dir_all(copy.join(CONFIGURATION)));
    cleared.map_err(|error| Failure::plain(format!("cannot write '{}': {}", copy.display(), reason(&error))))
}

/// Why the repositories of a copy do not have what its database names; none where they have.
pub(super) fn missing_commit(outline: &StoreOutline, copy: &Path) -> Result<Option<String>, Failure> {
    let folder = copy.join(CONFIGURATION);
    let repositories = GitConfig::open(folder.clone())
        .map_err(|error| Failure::plain(format!("cannot open '{}': {}", folder.display(), reason(&error))))?;
    for (project, commit) in &outline.commits {
        match repositories.list(project, "", Some(commit)) {
            Ok(_) => {}
            Err(ConfigError::UnknownProject(_) | ConfigError::UnknownCommit(_)) => {
                return Ok(Some(format!("the repository of project '{project}' has no commit '{commit}'")));
            }
            Err(error) => return Err(Failure::plain(format!("the copy of a repository cannot be read: {error}"))),
        }
    }
    Ok(None)
}
