//! How many events a transaction has appended: counted once for all of them.

use std::collections::BTreeMap;

use capstan_runtime::ports::ProjectId;
use rusqlite::{Connection, params};

use super::statement;
use super::trouble::Trouble;

/// Events by project, 0 for none, and type.
#[derive(Debug, Clone, Default)]
pub(super) struct Appended(BTreeMap<(i64, String), i64>);

impl Appended {
    /// One more.
    pub(super) fn note(&mut self, project: Option<ProjectId>, kind: &str) {
        *self.0.entry((project.unwrap_or(0) as i64, kind.to_owned())).or_default() += 1;
    }

    /// Adds them to those that were counted before.
    pub(super) fn write(&mut self, connection: &Connection) -> Result<(), Trouble> {
        let sql = "INSERT INTO event_counts (project, kind, n) VALUES (?, ?, ?)
                   ON CONFLICT (project, kind) DO UPDATE SET n = n + excluded.n";
        for ((project, kind), count) in &self.0 {
            statement::run(connection, "count events", sql, params![project, kind, count])?;
        }
        self.0.clear();
        Ok(())
    }
}
