//! What the table does not hold yet, in memory.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use rusqlite::Connection;

use super::super::statement;
use super::super::trouble::Trouble;

/// An event: the key of its context, and its position.
pub(super) type Entry = (i64, i64);

/// Entries that are not in the table, or of which nobody knows whether they are. The writer alone changes them.
///
/// All that was committed is here or in the table as it is seen from the same moment on. What is here may not be committed yet,
/// or be removed: it is an event's row that says whether it is there.
#[derive(Debug, Default)]
pub(in super::super) struct Memtable(RwLock<BTreeSet<Entry>>);

impl Memtable {
    /// Positions under a key, for a transaction that has not read anything yet. What it sees was committed before the entries
    /// were looked at and moved after that, so that what is neither here nor in the table is not there.
    pub(in super::super) fn look(&self, connection: &Connection, key: i64) -> Result<Vec<i64>, Trouble> {
        let entries = self.read();
        // From the first read on a transaction sees the same.
        let sql = "SELECT 1 FROM context_mark";
        statement::one(connection, "look for events of a context", sql, [], |_| Ok(()))?;
        Ok(entries.range(under(key)).map(|(_, position)| *position).collect())
    }

    /// All of it.
    #[cfg(test)]
    pub(in super::super) fn entries(&self) -> BTreeSet<Entry> {
        self.read().clone()
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, BTreeSet<Entry>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, BTreeSet<Entry>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All entries under a key.
pub(super) fn under(key: i64) -> RangeInclusive<Entry> {
    (key, i64::MIN)..=(key, i64::MAX)
}
