//! Events as lists find them: noted late, many at a time, so that a commit writes fewer pages.
//!
//! `listed_events` and `event_counts` know all events up to the last position in the table, and none behind it. Whoever asks looks
//! at both: at the table by one of its indexes, and at the few rows behind it.

use rusqlite::Connection;

use super::statement;
use super::trouble::Trouble;

const DOING: &str = "list events";

/// So many events and those of a commit may be behind the table. The more there are the more of them share a page when they are
/// listed, and the longer takes whoever looks at them: some 50 µs for so many.
pub(super) const LIMIT: u64 = 512;

/// The last position in the table, in SQL.
pub(super) const LAST: &str = "(SELECT COALESCE(MAX(position), 0) FROM listed_events)";

/// The last of a transaction that may have appended events: lists and counts those that are not, when they are too many.
pub(super) fn catch_up(connection: &Connection, limit: u64) -> Result<(), Trouble> {
    let behind = format!("SELECT MAX((SELECT COALESCE(MAX(position), 0) FROM events) - {LAST}, 0)");
    if statement::number(connection, DOING, &behind, [])? <= limit {
        return Ok(());
    }
    let count = format!(
        "INSERT INTO event_counts (project, kind, n)
         SELECT COALESCE(project, 0), kind, COUNT(*) FROM events WHERE position > {LAST} GROUP BY 1, 2
         ON CONFLICT (project, kind) DO UPDATE SET n = n + excluded.n"
    );
    let list = format!(
        "INSERT INTO listed_events (position, project, time, id, kind, stage, service)
         SELECT position, project, time, id, kind, stage, service FROM events WHERE position > {LAST} ORDER BY position"
    );
    for sql in [count, list] {
        statement::run(connection, DOING, &sql, [])?;
    }
    Ok(())
}

/// Takes an event out of the table and out of the counts, if it is in them.
pub(super) fn remove(connection: &Connection, position: i64) -> Result<(), Trouble> {
    let sql = "DELETE FROM listed_events WHERE position = ? RETURNING COALESCE(project, 0), kind";
    let removed = statement::all(connection, DOING, sql, [position], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
    })?;
    for (project, kind) in removed {
        let sql = "UPDATE event_counts SET n = n - 1 WHERE project = ? AND kind = ?";
        statement::run(connection, DOING, sql, (project, &kind))?;
        let sql = "DELETE FROM event_counts WHERE project = ? AND kind = ? AND n = 0";
        statement::run(connection, DOING, sql, (project, &kind))?;
    }
    Ok(())
}
