//! How entries get from memory into the table.

use std::collections::BTreeSet;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;

use rusqlite::Connection;

use super::super::statement;
use super::super::trouble::Trouble;
use super::change::{self, Change};
use super::memtable::{Entry, Memtable};
use super::table::Table;

/// How many entries are kept in memory. The more there are the more of those that are moved go to one page; in turn, up to four
/// times as many rows are read when the store is opened: what comes before the cursor in its order joins its round, so that a round
/// lasts until twice as many are added, and the mark lags behind by two rounds.
pub(in super::super) const LIMIT: usize = 8_192;

/// Before all entries.
const START: Entry = (i64::MIN, i64::MIN);

/// The rolling merge of entries, as the writer goes on with it.
#[derive(Debug)]
pub(in super::super) struct Merge {
    memtable: Arc<Memtable>,
    /// How many entries stay in memory, beside those of a commit.
    limit: usize,
    round: Round,
    /// No entry is of a later position.
    newest: i64,
}

/// One way of the cursor through all keys.
#[derive(Debug, Clone, Copy)]
struct Round {
    /// The entry that was moved last; all that were there when the round began, and come before it, are moved.
    cursor: Entry,
    /// The newest position when it began. What came later may have come behind the cursor.
    covers: i64,
}

/// How things stand once a transaction is committed.
#[derive(Debug)]
pub(in super::super) struct Next {
    round: Round,
    newest: i64,
    moved: BTreeSet<Entry>,
}

impl Merge {
    /// One that knows of no rows; [`Self::load`] reads them.
    pub(super) fn new(table: &'static Table, limit: usize) -> Self {
        let round = Round { cursor: START, covers: 0 };
        Self { memtable: Arc::new(Memtable::new(table)), limit, round, newest: 0 }
    }

    /// What readers look at.
    pub(in super::super) fn memtable(&self) -> &Arc<Memtable> {
        &self.memtable
    }

    /// Reads from a file what the table may not hold, in place of all that is in memory.
    pub(in super::super) fn load(&mut self, connection: &Connection) -> Result<(), Trouble> {
        let Table { reading, mark, behind, .. } = self.memtable.table();
        let mark = statement::one(connection, reading, mark, [], |row| row.get(0))?.unwrap_or(0);
        let read = |row: &rusqlite::Row<'_>| {
            let context = row.get_ref(0)?.as_str()?;
            Ok((super::key(context), row.get(1)?))
        };
        let entries: BTreeSet<Entry> = statement::all(connection, reading, behind, [mark], read)?.into_iter().collect();
        self.newest = entries.iter().map(|(_, position)| *position).fold(mark, i64::max);
        self.round = Round { cursor: START, covers: self.newest };
        *self.memtable.write() = Arc::new(entries);
        Ok(())
    }

    /// What a transaction is to change, nothing yet.
    pub(in super::super) fn begin(&self) -> Change {
        Change::new(&self.memtable)
    }

    /// The last of a transaction before it is committed: moves entries into the table, and shows those that it adds, which
    /// have to be found by whoever sees the commit. After a commit that fails [`Self::load`] puts it right.
    pub(in super::super) fn prepare(&self, connection: &Connection, change: &mut Change) -> Result<Next, Trouble> {
        let round = self.advance(connection, change)?;
        let newest = self.newest.max(change.last);
        if !change.added.is_empty() {
            Arc::make_mut(&mut self.memtable.write()).extend(std::mem::take(&mut change.added));
        }
        Ok(Next { round, newest, moved: std::mem::take(&mut change.moved) })
    }

    /// The transaction is committed: what it has moved is found in the table.
    pub(in super::super) fn finish(&mut self, next: &Next) {
        (self.round, self.newest) = (next.round, next.newest);
        if next.moved.is_empty() {
            return;
        }
        let mut entries = self.memtable.write();
        let entries = Arc::make_mut(&mut entries);
        for entry in &next.moved {
            entries.remove(entry);
        }
    }

    /// Moves what is too much in memory, but no more than twice as much as is added: after a start there may be a lot, most of
    /// which is in the table.
    fn advance(&self, connection: &Connection, change: &mut Change) -> Result<Round, Trouble> {
        let mut round = self.round;
        let entries = self.memtable.read();
        let left = entries.len() + change.added.len() - change.moved.len();
        let many = left.saturating_sub(self.limit).min(2 * change.added.len());
        let stays = |entry: &&Entry| !change.moved.contains(entry);
        let mut moving: Vec<Entry> =
            entries.range((Excluded(round.cursor), Unbounded)).filter(stays).take(many).copied().collect();
        if let Some(last) = moving.last() {
            round.cursor = *last;
        }
        if moving.len() < many {
            // The round is over with this transaction: what was there when it began is moved.
            let Table { noting, set_mark, .. } = self.memtable.table();
            statement::run(connection, noting, set_mark, [round.covers])?;
            round = Round { cursor: START, covers: self.newest };
            let again = entries.range(..=self.round.cursor).filter(stays).take(many - moving.len());
            for entry in again {
                round.cursor = *entry;
                moving.push(*entry);
            }
        }
        for entry in &moving {
            change::insert(connection, self.memtable.table(), *entry)?;
        }
        change.moved.extend(moving);
        Ok(round)
    }
}
