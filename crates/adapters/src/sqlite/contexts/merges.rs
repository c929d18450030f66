//! Events and facts side by side, from commit to commit.

use rusqlite::Connection;

use super::super::trouble::Trouble;
use super::changes::Changes;
use super::merge::{Merge, Next};
use super::table::{EVENTS, FACTS};

/// The merges of both.
#[derive(Debug)]
pub(in super::super) struct Merges {
    pub(in super::super) events: Merge,
    pub(in super::super) facts: Merge,
}

/// How things stand once a transaction is committed.
#[derive(Debug)]
pub(in super::super) struct NextOfBoth {
    events: Next,
    facts: Next,
}

impl Merges {
    /// Those that know of nothing; [`Self::load`] reads it. `limit` holds for each.
    pub(in super::super) fn new(limit: usize) -> Self {
        Self { events: Merge::new(&EVENTS, limit), facts: Merge::new(&FACTS, limit) }
    }

    /// Reads from a file what the tables may not hold.
    pub(in super::super) fn load(&mut self, connection: &Connection) -> Result<(), Trouble> {
        self.events.load(connection)?;
        self.facts.load(connection)
    }

    /// What a transaction is to change, nothing yet.
    pub(in super::super) fn begin(&self) -> Changes {
        Changes::new(self.events.begin(), self.facts.begin())
    }

    /// The last of a transaction before it is committed. After a commit that fails [`Self::load`] puts it right.
    pub(in super::super) fn prepare(
        &self,
        connection: &Connection,
        changes: &mut Changes,
    ) -> Result<NextOfBoth, Trouble> {
        let events = self.events.prepare(connection, &mut changes.events)?;
        Ok(NextOfBoth { events, facts: self.facts.prepare(connection, &mut changes.facts)? })
    }

    /// The transaction is committed.
    pub(in super::super) fn finish(&mut self, next: &NextOfBoth) {
        self.events.finish(&next.events);
        self.facts.finish(&next.facts);
    }
}
