//! What a transaction changes.

use std::collections::BTreeSet;
use std::sync::Arc;

use rusqlite::Connection;

use super::super::statement;
use super::super::trouble::Trouble;
use super::memtable::{Entry, Memtable, behind, under};
use super::recent::Recent;
use super::table::Table;

/// What is to become of the entries in memory once a transaction is committed.
#[derive(Debug, Clone)]
pub(in super::super) struct Change {
    memtable: Arc<Memtable>,
    /// Those of the rows that it has appended.
    pub(super) added: BTreeSet<Entry>,
    /// Those in memory that are in the table now, or whose row is removed.
    pub(super) moved: BTreeSet<Entry>,
    /// The last position that it has appended.
    pub(super) last: i64,
}

impl Change {
    pub(super) fn new(memtable: &Arc<Memtable>) -> Self {
        Self { memtable: Arc::clone(memtable), added: BTreeSet::new(), moved: BTreeSet::new(), last: 0 }
    }

    /// A row was appended.
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

    /// Sees to it that all rows under a key are in the table.
    pub(in super::super) fn settle(&mut self, connection: &Connection, key: i64) -> Result<(), Trouble> {
        let added: Vec<Entry> = self.added.range(under(key)).copied().collect();
        for entry in added {
            insert(connection, self.memtable.table(), entry)?;
            self.added.remove(&entry);
        }
        for entry in self.memtable.read().range(under(key)) {
            if !self.moved.contains(entry) {
                insert(connection, self.memtable.table(), *entry)?;
                self.moved.insert(*entry);
            }
        }
        Ok(())
    }

    /// A row was removed.
    pub(in super::super) fn remove(&mut self, connection: &Connection, key: i64, position: i64) -> Result<(), Trouble> {
        let entry = (key, position);
        self.added.remove(&entry);
        if self.memtable.read().contains(&entry) {
            self.moved.insert(entry);
        }
        let table = self.memtable.table();
        statement::run(connection, table.removing, table.remove, [key, position]).map(drop)
    }
}

impl Recent for Change {
    fn positions(&self, key: i64, after: i64) -> Vec<i64> {
        let entries = self.memtable.read();
        let behind = || behind(key, after);
        entries.range(behind()).chain(self.added.range(behind())).map(|(_, position)| *position).collect()
    }
}

/// Puts an entry into the table, unless it is there.
pub(super) fn insert(connection: &Connection, table: &Table, (key, position): Entry) -> Result<(), Trouble> {
    statement::run(connection, table.noting, table.note, [key, position]).map(drop)
}
