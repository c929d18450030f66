//! What a transaction changes.

use std::collections::BTreeSet;
use std::sync::Arc;

use rusqlite::Connection;

use super::super::statement;
use super::super::trouble::Trouble;
use super::memtable::{Entry, Memtable, under};

/// What is to become of the entries in memory once a transaction is committed.
#[derive(Debug, Clone)]
pub(in super::super) struct Change {
    memtable: Arc<Memtable>,
    /// Those of the events that it has appended.
    pub(super) added: BTreeSet<Entry>,
    /// Those in memory that are in the table now, or whose event is removed.
    pub(super) moved: BTreeSet<Entry>,
    /// The last position that it has appended.
    pub(super) last: i64,
}

impl Change {
    pub(super) fn new(memtable: &Arc<Memtable>) -> Self {
        Self { memtable: Arc::clone(memtable), added: BTreeSet::new(), moved: BTreeSet::new(), last: 0 }
    }

    /// An event was appended.
    pub(in super::super) fn add(&mut self, key: i64, position: i64) {
        self.added.insert((key, position));
        self.last = position;
    }

    /// Whether something holds for a position under a key that is not known to be in the table. The newest are tried first.
    pub(in super::super) fn any(
        &self,
        key: i64,
        mut holds: impl FnMut(i64) -> Result<bool, Trouble>,
    ) -> Result<bool, Trouble> {
        let entries = self.memtable.read();
        for (_, position) in self.added.range(under(key)).rev().chain(entries.range(under(key)).rev()) {
            if holds(*position)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Sees to it that all events under a key are in the table.
    pub(in super::super) fn settle(&mut self, connection: &Connection, key: i64) -> Result<(), Trouble> {
        let added: Vec<Entry> = self.added.range(under(key)).copied().collect();
        for entry in added {
            insert(connection, entry)?;
            self.added.remove(&entry);
        }
        for entry in self.memtable.read().range(under(key)) {
            if !self.moved.contains(entry) {
                insert(connection, *entry)?;
                self.moved.insert(*entry);
            }
        }
        Ok(())
    }

    /// An event was removed.
    pub(in super::super) fn remove(
        &mut self,
        connection: &Connection,
        context: &str,
        position: i64,
    ) -> Result<(), Trouble> {
        let entry = (super::key(context), position);
        self.added.remove(&entry);
        if self.memtable.read().contains(&entry) {
            self.moved.insert(entry);
        }
        let sql = "DELETE FROM contexts WHERE key = ? AND position = ?";
        statement::run(connection, "remove an event", sql, [entry.0, entry.1]).map(drop)
    }
}

/// Puts an entry into the table, unless it is there.
pub(super) fn insert(connection: &Connection, (key, position): Entry) -> Result<(), Trouble> {
    let sql = "INSERT OR IGNORE INTO contexts (key, position) VALUES (?, ?)";
    statement::run(connection, "note the context of an event", sql, [key, position]).map(drop)
}
