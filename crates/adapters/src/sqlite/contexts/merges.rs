//! Contexts of events, contexts of facts and ids of events side by side, from commit to commit.

use rusqlite::Connection;

use super::super::trouble::Trouble;
use super::changes::Changes;
use super::merge::{Merge, Next};
use super::table::{EVENTS, FACTS, IDS};

/// The merges of all.
#[derive(Debug)]
pub(in super::super) struct Merges {
    pub(in super::super) events: Merge,
    pub(in super::super) facts: Merge,
    pub(in super::super) ids: Merge,
}

/// How things stand once a transaction is committed.
#[derive(Debug)]
pub(in super::super) struct NextOfAll {
    events: Next,
    facts: Next,
    ids: Next,
}

impl Merges {
    /// Those that know of nothing; [`Self::load`] reads it. `limit` holds for each.
    pub(in super::super) fn new(limit: usize) -> Self {
        let merge = |table| Merge::new(table, limit);
        Self { events: merge(&EVENTS), facts: merge(&FACTS), ids: merge(&IDS) }
    }

    /// Reads from a file what the tables may not hold.
    pub(in super::super) fn load(&mut self, connection: &Connection) -> Result<(), Trouble> {
        self.events.load(connection)?;
        self.facts.load(connection)?;
        self.ids.load(connection)
    }

    /// What a transaction is to change, nothing yet.
    pub(in super::super) fn begin(&self) -> Changes {
        Changes::new(self.events.begin(), self.facts.begin(), self.ids.begin())
    }

    /// The last of a transaction before it is committed. After a commit that fails [`Self::load`] puts it right.
    pub(in super::super) fn prepare(
        &self,
        connection: &Connection,
        changes: &mut Changes,
    ) -> Result<NextOfAll, Trouble> {
        let events = self.events.prepare(connection, &mut changes.events)?;
        let facts = self.facts.prepare(connection, &mut changes.facts)?;
        Ok(NextOfAll { events, facts, ids: self.ids.prepare(connection, &mut changes.ids)? })
    }

    /// The transaction is committed.
    pub(in super::super) fn finish(&mut self, next: &NextOfAll) {
        self.events.finish(&next.events);
        self.facts.finish(&next.facts);
        self.ids.finish(&next.ids);
    }
}
