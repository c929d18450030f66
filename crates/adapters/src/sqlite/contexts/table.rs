//! What differs between events and facts.

/// The statements of a table, and what they are for.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) reading: &'static str,
    /// The mark.
    pub(super) mark: &'static str,
    /// Context and position of the rows behind a position.
    pub(super) behind: &'static str,
    pub(super) noting: &'static str,
    /// Puts a key and a position into the table, unless they are there.
    pub(super) note: &'static str,
    /// Writes the mark.
    pub(super) set_mark: &'static str,
    pub(super) removing: &'static str,
    /// Takes a key and a position out of the table.
    pub(super) remove: &'static str,
}

pub(super) static EVENTS: Table = Table {
    reading: "read which events are of a context",
    mark: "SELECT position FROM context_marks WHERE of = 'events'",
    behind: "SELECT context, position FROM events WHERE position > ? AND context IS NOT NULL",
    noting: "note the context of an event",
    note: "INSERT OR IGNORE INTO event_contexts (key, position) VALUES (?, ?)",
    set_mark: "UPDATE context_marks SET position = ? WHERE of = 'events'",
    removing: "remove an event",
    remove: "DELETE FROM event_contexts WHERE key = ? AND position = ?",
};

pub(super) static FACTS: Table = Table {
    reading: "read which facts are of a context",
    mark: "SELECT position FROM context_marks WHERE of = 'facts'",
    behind: "SELECT context, position FROM facts WHERE position > ?",
    noting: "note the context of a fact",
    note: "INSERT OR IGNORE INTO fact_contexts (key, position) VALUES (?, ?)",
    set_mark: "UPDATE context_marks SET position = ? WHERE of = 'facts'",
    removing: "remove a fact",
    remove: "DELETE FROM fact_contexts WHERE key = ? AND position = ?",
};
