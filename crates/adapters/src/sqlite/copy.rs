//! A copy of a store beside those who work with it, and whether a copy is whole.

use std::path::Path;

use capstan_runtime::ports::StoreError;
use rusqlite::{Connection, OpenFlags};

use super::open::make_private;
use super::trouble::{Doing, Trouble};
use super::{SqliteStore, migrate, statement};

/// What a store says of itself without being read by the rules of this version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreOutline {
    /// The version of its schema.
    pub schema: u64,
    /// Projects by name, and the commit of its configuration that each is at.
    pub commits: Vec<(String, String)>,
}

impl SqliteStore {
    /// The newest schema that this version knows.
    pub const SCHEMA: u64 = migrate::STEPS.len() as u64;

    /// Writes all that is committed to a file of its own, which is not there yet or empty. Nobody who writes to the store
    /// waits for it, in this process or another.
    ///
    /// # Errors
    /// The store is none of ours or of a newer schema, or one of the two files cannot be read or written.
    pub fn copy(from: &Path, to: &Path) -> Result<StoreOutline, StoreError> {
        make_private(to);
        let copied = read_only(from).and_then(|connection| {
            migrate::check(&connection)?;
            // One read from beginning to end: what is committed meanwhile goes to the log, and stays out.
            let name = to.to_string_lossy();
            statement::run(&connection, "copy the store", "VACUUM INTO ?", [&*name])?;
            Ok(())
        });
        copied.map_err(|trouble| trouble.at(from))?;
        Self::outline(to)
    }

    /// Reads every page of a store that nobody writes to.
    ///
    /// # Errors
    /// It is none of ours, of a newer schema, or damaged.
    pub fn check(path: &Path) -> Result<StoreOutline, StoreError> {
        let checked = read_only(path).and_then(|connection| {
            migrate::check(&connection)?;
            let doing = "check the store";
            let found: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).doing(doing)?;
            if found == "ok" { Ok(()) } else { Err(Trouble::Unreadable { what: "the database", why: found }) }
        });
        checked.map_err(|trouble| trouble.at(path))?;
        Self::outline(path)
    }

    fn outline(path: &Path) -> Result<StoreOutline, StoreError> {
        let outline = read_only(path).and_then(|connection| {
            let doing = "read the projects";
            let schema = statement::number(&connection, doing, "PRAGMA user_version", [])?;
            let sql = "SELECT name, commit_id FROM projects WHERE dead = 0 AND commit_id IS NOT NULL ORDER BY name";
            let commits = statement::all(&connection, doing, sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(StoreOutline { schema, commits })
        });
        outline.map_err(|trouble| trouble.at(path))
    }
}

fn read_only(path: &Path) -> Result<Connection, Trouble> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).doing("open the store")?;
    connection.busy_timeout(super::open::PATIENCE).doing("open the store")?;
    Ok(connection)
}
