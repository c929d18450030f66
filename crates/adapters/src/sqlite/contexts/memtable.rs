//! What the table does not hold yet, in memory.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use rusqlite::Connection;

use super::super::statement;
use super::super::trouble::Trouble;
use super::recent::Recent;
use super::table::Table;

/// An event or a fact: the key of its context, and its position.
pub(super) type Entry = (i64, i64);

/// Entries that are not in the table, or of which nobody knows whether they are. The writer alone changes them.
///
/// All that was committed is here or in the table as it is seen from the same moment on. What is here may not be committed yet,
/// or be removed: it is the row that says whether it is there.
#[derive(Debug)]
pub(in super::super) struct Memtable {
    table: &'static Table,
    /// Whoever looks shares them for as long as they need them; what is changed meanwhile is a copy.
    entries: RwLock<Arc<BTreeSet<Entry>>>,
}

/// The entries as they were when a transaction that looks began.
#[derive(Debug)]
pub(in super::super) struct Seen(Arc<BTreeSet<Entry>>);

impl Memtable {
    pub(super) fn new(table: &'static Table) -> Self {
        Self { table, entries: RwLock::default() }
    }

    /// The entries, for a transaction that has not read anything yet. What it sees was committed before they were looked at,
    /// and moved after that, so that what is neither here nor in the table is not there.
    pub(in super::super) fn look(&self, connection: &Connection) -> Result<Seen, Trouble> {
        let entries = self.read();
        // From the first read on a transaction sees the same.
        statement::one(connection, self.table.reading, self.table.mark, [], |_| Ok(()))?;
        Ok(Seen(Arc::clone(&entries)))
    }

    /// All of it.
    #[cfg(test)]
    pub(in super::super) fn entries(&self) -> BTreeSet<Entry> {
        BTreeSet::clone(&self.read())
    }

    pub(super) fn table(&self) -> &'static Table {
        self.table
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, Arc<BTreeSet<Entry>>> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, Arc<BTreeSet<Entry>>> {
        self.entries.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recent for Seen {
    fn positions(&self, key: i64, after: i64) -> Vec<i64> {
        self.0.range(behind(key, after)).map(|(_, position)| *position).collect()
    }
}

/// All entries under a key.
pub(super) fn under(key: i64) -> RangeInclusive<Entry> {
    behind(key, 0)
}

/// All entries under a key whose position, 1 or more, is behind another.
pub(super) fn behind(key: i64, position: i64) -> RangeInclusive<Entry> {
    (key, position.saturating_add(1))..=(key, i64::MAX)
}
