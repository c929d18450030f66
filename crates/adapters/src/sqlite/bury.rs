//! How a project goes: out of all answers at once, out of the file bit by bit.

use capstan_runtime::ports::ProjectId;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::column;
use super::contexts::Changes;
use super::events;
use super::expire;
use super::facts;
use super::statement;
use super::trouble::Trouble;

const DOING: &str = "remove a buried project";

/// How many events or facts, whosever they are, are looked at in one go: an event takes a kilobyte or more.
pub(super) const LOOKED_AT: i64 = 1_024;

/// Takes a project out of all answers, with all that is open in it.
pub(super) fn bury(connection: &Connection, project: ProjectId) -> Result<(), Trouble> {
    let statements = [
        "UPDATE projects SET dead = 1 WHERE id = ?",
        "DELETE FROM takers WHERE triggered_id IN (SELECT triggered_id FROM offers WHERE project = ?)",
        "DELETE FROM offers WHERE project = ?",
        // There are fewer timers than sequences.
        "DELETE FROM timers WHERE (SELECT project FROM sequences WHERE id = timers.sequence) = ?",
        "DELETE FROM queues WHERE project = ?",
        "DELETE FROM deferred WHERE project = ?",
    ];
    for sql in statements {
        statement::run(connection, "bury a project", sql, [project as i64])?;
    }
    Ok(())
}

/// What is removed of a project once it is dead and has no events nor facts, piece by piece. The project itself goes last: it is what
/// hides the rest.
const REMAINS: [&str; 7] = [
    "DELETE FROM runs WHERE number IN (SELECT number FROM runs INDEXED BY runs_by_time WHERE project = ? LIMIT ?)",
    "DELETE FROM sequences WHERE number IN
     (SELECT number FROM sequences INDEXED BY sequences_by_time WHERE project = ? LIMIT ?)",
    "DELETE FROM queues WHERE (project, name) IN (SELECT project, name FROM queues WHERE project = ? LIMIT ?)",
    "DELETE FROM service_views WHERE rowid IN (SELECT rowid FROM service_views WHERE project = ? LIMIT ?)",
    "DELETE FROM services WHERE (project, name) IN (SELECT project, name FROM services WHERE project = ? LIMIT ?)",
    "DELETE FROM buried_runs WHERE (project, context) IN
     (SELECT project, context FROM buried_runs WHERE project = ? LIMIT ?)",
    "DELETE FROM projects WHERE id IN (SELECT id FROM projects WHERE id = ? AND dead = 1 LIMIT ?)",
];

/// Removes at most so many rows that nobody can see any more. Whether there is more to remove.
pub(super) fn purge(
    connection: &Connection,
    changes: &mut Changes,
    now: Timestamp,
    limit: u64,
) -> Result<bool, Trouble> {
    let now = column::from_time(now);
    let mut left = column::from_count(limit);
    let sql = "DELETE FROM answers WHERE key IN
               (SELECT key FROM answers INDEXED BY answers_by_end WHERE until <= ? LIMIT ?)";
    left -= statement::run(connection, "forget old answers", sql, params![now, left])? as i64;
    while left > 0
        && let Some(run) = expire::first(connection)?
    {
        left -= expire::purge(connection, changes, &run, left)?;
    }
    while left > 0
        && let Some(project) = first_buried(connection)?
    {
        for sifted in [&EVENTS, &FACTS] {
            if left > 0 {
                left -= sifted.remove(connection, changes, project, left)?;
            }
        }
        for sql in REMAINS {
            if left <= 0 {
                break;
            }
            left -= statement::run(connection, DOING, sql, params![project, left])? as i64;
        }
    }
    Ok(any(connection)? || has_old_answers(connection, now)?)
}

/// Events or facts, of which no index says which are of a project. Their contexts cannot tell either: an event that names none is
/// ignored with a fact under '', and a late one may leave a fact with a run whose events are removed already. So all are looked
/// at, from the newest on, so that it ends whatever others append meanwhile.
struct Sifted {
    /// Their table, and the column of `projects` that says how far it was looked at.
    table: &'static str,
    /// The column of the `triggeredid` under which they may have been offered.
    id: &'static str,
    /// Removes one.
    remove: fn(&Connection, &mut Changes, i64) -> Result<(), Trouble>,
}

static EVENTS: Sifted = Sifted { table: "events", id: "id", remove: events::remove_one };

static FACTS: Sifted = Sifted { table: "facts", id: "NULL", remove: facts::remove_one };

impl Sifted {
    /// Removes at most so many rows of a project, with events the attempts that they are. How many that were, or the limit where
    /// there are some yet to be looked at.
    fn remove(&self, connection: &Connection, changes: &mut Changes, project: i64, limit: i64) -> Result<i64, Trouble> {
        let Self { table, id, remove } = self;
        let sql = format!(
            "SELECT MAX(position) FROM {table}
             WHERE position <= (SELECT COALESCE({table}, ?) FROM projects WHERE id = ?)"
        );
        let last = statement::one(connection, DOING, &sql, [i64::MAX, project], |row| row.get::<_, Option<i64>>(0))?;
        let Some(last) = last.flatten() else { return Ok(0) };
        let first = last - LOOKED_AT + 1;
        let sql = format!(
            "SELECT position, {id} FROM {table} WHERE position BETWEEN ? AND ? AND project = ?
             ORDER BY position DESC LIMIT ?"
        );
        let rows = statement::all(connection, DOING, &sql, [first, last, project, limit], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Option<String>>(1)?))
        })?;
        let (mut removed, mut reached) = (0, first - 1);
        for (position, id) in rows {
            if let Some(id) = id {
                let sql = "DELETE FROM attempts WHERE triggered_id = ? AND project = ?";
                removed += statement::run(connection, DOING, sql, params![id, project])? as i64;
            }
            if removed == limit {
                reached = position;
                break;
            }
            remove(connection, changes, position)?;
            removed += 1;
            if removed == limit {
                reached = position - 1;
                break;
            }
        }
        let sql = format!("UPDATE projects SET {table} = ? WHERE id = ?");
        statement::run(connection, DOING, &sql, [reached, project])?;
        let sql = format!("SELECT 1 FROM {table} WHERE position <= ?");
        let more = statement::one(connection, DOING, &sql, [reached], |_| Ok(()))?;
        Ok(more.map_or(removed, |()| limit))
    }
}

/// Whether a project or a run waits to be removed.
pub(super) fn any(connection: &Connection) -> Result<bool, Trouble> {
    Ok(first_buried(connection)?.is_some() || expire::first(connection)?.is_some())
}

fn first_buried(connection: &Connection) -> Result<Option<i64>, Trouble> {
    let sql = "SELECT id FROM projects INDEXED BY projects_dead WHERE dead = 1 ORDER BY id LIMIT 1";
    statement::one(connection, "look for buried projects", sql, [], |row| row.get(0))
}

fn has_old_answers(connection: &Connection, now: i64) -> Result<bool, Trouble> {
    let sql = "SELECT 1 FROM answers INDEXED BY answers_by_end WHERE until <= ? LIMIT 1";
    Ok(statement::one(connection, "look for old answers", sql, [now], |_| Ok(()))?.is_some())
}
