//! The store as its writer sees it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use capstan_runtime::ports::{Store, StoreError, StoreReader, StoreTx};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::checkpoint::Checkpointer;
use super::contexts::{self, Merges};
use super::listed;
use super::migrate;
use super::reader::SqliteReader;
use super::transaction::SqliteTx;
use super::trouble::{Doing, Trouble};

/// How long a lock of somebody else is waited for: a backup or a person with a shell, never a part of this process.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// More than there are statements; those of filters come and go.
const STATEMENTS: usize = 160;

/// A store in one file, with its log beside it (`-wal`, `-shm`).
///
/// A commit is on the disk when it returns. What is asked through a reader never waits for the writer, nor the writer for
/// it. One process at a time may write to a file.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    /// None after a commit that failed: what is on the disk is to be read anew.
    pub(super) writer: Option<Connection>,
    pub(super) merges: Merges,
    /// How many events may not be listed.
    unlisted: u64,
    reader: Arc<SqliteReader>,
    /// Only kept open, and with it the index of the log: to make that anew takes room, which a full disk does not have, and
    /// without it nobody could read either. What a failed commit has left in the log is not in the index.
    _index: Connection,
    checkpointer: Checkpointer,
}

impl SqliteStore {
    /// Opens a file, makes it if it is not there, and brings it to the schema of this version. Its directory has to exist.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_with(path, Merges::new(contexts::LIMIT), listed::LIMIT)
    }

    pub(super) fn open_with(path: &Path, mut merges: Merges, unlisted: u64) -> Result<Self, StoreError> {
        let opened = writer(path).and_then(|mut writer| {
            merges.load(&writer)?;
            let started = Checkpointer::start(path);
            let what = "the log of the store";
            let checkpointer = started.map_err(|cause| Trouble::Unwritable { what, why: cause.to_string() })?;
            checkpointer.watch(&mut writer)?;
            Ok((writer, looking(path)?, checkpointer))
        });
        let (writer, index, checkpointer) = opened.map_err(|trouble| trouble.at(path))?;
        let reader = Arc::new(SqliteReader::new(path, &merges));
        Ok(Self { path: path.to_owned(), writer: Some(writer), merges, unlisted, reader, _index: index, checkpointer })
    }
}

impl Store for SqliteStore {
    fn begin(&mut self) -> Result<Box<dyn StoreTx + '_>, StoreError> {
        Ok(Box::new(SqliteTx::begin(&mut self.writer, &self.path, &mut self.merges, self.unlisted)?))
    }

    fn reopen(&mut self) -> Result<(), StoreError> {
        // What was in memory is forgotten. What a failed commit may have left in the log is overwritten by the proof.
        self.writer = None;
        let connection = writer(&self.path).and_then(|mut connection| {
            prove(&connection)?;
            self.merges.load(&connection)?;
            self.checkpointer.watch(&mut connection)?;
            Ok(connection)
        });
        self.writer = Some(connection.map_err(|trouble| trouble.at(&self.path))?);
        Ok(())
    }

    fn reader(&self) -> Arc<dyn StoreReader> {
        Arc::<SqliteReader>::clone(&self.reader)
    }
}

impl Drop for SqliteStore {
    /// Writes the log back, so that the file alone is all there is to a store that nobody uses.
    fn drop(&mut self) {
        self.checkpointer.stop(self.writer.as_mut());
        let Some(writer) = &self.writer else { return };
        // Where it cannot be done, or a question is still being answered, the next one who opens the store does it.
        let _ = writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }
}

/// Makes the file, if it is not there, for its owner alone: events may hold what is not for everybody. The log beside it
/// gets the same mode. Where this fails, opening it says why.
pub(super) fn make_private(path: &Path) {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    drop(options.open(path));
}

/// A connection that may write, to a file of this version's schema.
fn writer(path: &Path) -> Result<Connection, Trouble> {
    make_private(path);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open(path, flags)?;
    migrate::check(&connection)?;
    let doing = "set up the store";
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0)).doing(doing)?;
    if mode != "wal" {
        let why = format!("its file system allows no write-ahead log (it offers '{mode}'); put it on a local disk");
        return Err(Trouble::Unwritable { what: "the log of the store", why });
    }
    let settings: [(&str, i64); 6] = [
        // A commit is synced before it returns: FULL.
        ("synchronous", 2),
        // The log is written back beside this connection. It is not cut off, unless a long read made it huge.
        ("wal_autocheckpoint", 0),
        ("journal_size_limit", 256 << 20),
        // Rows of projects go in slices, in an order that no constraint would allow.
        ("foreign_keys", 0),
        // KiB, when negative. With each commit that has moved pages of an index SQLite goes through all of it.
        ("cache_size", -8_192),
        // Memory.
        ("temp_store", 2),
    ];
    for (name, value) in settings {
        connection.pragma_update(None, name, value).doing(doing)?;
    }
    migrate::migrate(&connection)?;
    Ok(connection)
}

/// Commits a page as it was. A disk that was full or failed lets files be opened long before it takes anything.
fn prove(connection: &Connection) -> Result<(), Trouble> {
    let doing = "write";
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).doing(doing)?;
    connection.pragma_update(None, "user_version", version).doing(doing)
}

/// A connection that only looks, and has the index of the log open.
pub(super) fn looking(path: &Path) -> Result<Connection, Trouble> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    for (name, value) in [("cache_size", -8_192_i64), ("temp_store", 2)] {
        connection.pragma_update(None, name, value).doing("open the store to read it")?;
    }
    // Reads the schema, which takes long: the first question may be asked under a lock.
    connection.query_row("SELECT 1 FROM sqlite_schema LIMIT 1", [], |_| Ok(())).doing("open the store to read it")?;
    Ok(connection)
}

pub(super) fn open(path: &Path, flags: OpenFlags) -> Result<Connection, Trouble> {
    let connection = Connection::open_with_flags(path, flags).doing("open the store")?;
    connection.busy_timeout(PATIENCE).doing("open the store")?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // A plan does not depend on the values that are bound. Without this a statement is prepared anew for other values, as
    // they might ask for another index.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).doing("open the store")?;
    Ok(connection)
}
