//! How a project goes: out of all answers at once, out of the file bit by bit.

use capstan_runtime::ports::ProjectId;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::column;
use super::contexts::Changes;
use super::expire;
use super::facts;
use super::statement;
use super::trouble::Trouble;

const DOING: &str = "remove a buried project";

/// How many facts, whosever they are, are looked at in one go.
pub(super) const LOOKED_AT: i64 = 4_096;

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
const REMAINS: [&str; 8] = [
    "DELETE FROM runs WHERE number IN (SELECT number FROM runs INDEXED BY runs_by_time WHERE project = ? LIMIT ?)",
    "DELETE FROM sequences WHERE number IN
     (SELECT number FROM sequences INDEXED BY sequences_by_time WHERE project = ? LIMIT ?)",
    "DELETE FROM queues WHERE (project, name) IN (SELECT project, name FROM queues WHERE project = ? LIMIT ?)",
    "DELETE FROM service_views WHERE rowid IN (SELECT rowid FROM service_views WHERE project = ? LIMIT ?)",
    "DELETE FROM services WHERE (project, name) IN (SELECT project, name FROM services WHERE project = ? LIMIT ?)",
    "DELETE FROM buried_runs WHERE (project, context) IN
     (SELECT project, context FROM buried_runs WHERE project = ? LIMIT ?)",
    "DELETE FROM event_counts WHERE (project, kind) IN
     (SELECT project, kind FROM event_counts WHERE project = ? LIMIT ?)",
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
        left -= remove_events(connection, changes, project, left)?;
        if left > 0 {
            left -= remove_facts(connection, changes, project, left)?;
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

/// Removes at most so many attempts and events of a project. How many that were.
fn remove_events(connection: &Connection, changes: &mut Changes, project: i64, limit: i64) -> Result<i64, Trouble> {
    // Those of as many events as go next.
    let sql = "DELETE FROM attempts WHERE project = ?1 AND triggered_id IN
               (SELECT id FROM events INDEXED BY events_by_project WHERE project = ?1 LIMIT ?2)";
    let attempts = statement::run(connection, DOING, sql, params![project, limit])? as i64;
    let sql = "DELETE FROM events WHERE position IN
               (SELECT position FROM events INDEXED BY events_by_project WHERE project = ? LIMIT ?)
               RETURNING position, context";
    let rows = statement::all(connection, DOING, sql, params![project, limit - attempts], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, Option<String>>(1)?))
    })?;
    for (position, context) in &rows {
        if let Some(context) = context {
            let key = changes.key(context);
            changes.events.remove(connection, key, *position)?;
        }
    }
    Ok(attempts + rows.len() as i64)
}

/// Removes at most so many facts of a project. How many that were, or the limit where there are facts yet to be looked at.
///
/// Their contexts cannot tell which they are: an event that names none is ignored with a fact under '', and a late one may leave a
/// fact with a run whose events are removed already. So all facts are looked at, from the newest on, so that it ends whatever
/// others append meanwhile.
fn remove_facts(connection: &Connection, changes: &mut Changes, project: i64, limit: i64) -> Result<i64, Trouble> {
    let sql = "SELECT MAX(position) FROM facts
               WHERE position <= (SELECT COALESCE(facts, ?) FROM projects WHERE id = ?)";
    let last = statement::one(connection, DOING, sql, params![i64::MAX, project], |row| row.get::<_, Option<i64>>(0))?;
    let Some(last) = last.flatten() else { return Ok(0) };
    let first = last - LOOKED_AT + 1;
    let sql = "SELECT position, context FROM facts WHERE position BETWEEN ? AND ? AND project = ?
               ORDER BY position DESC LIMIT ?";
    let rows = statement::all(connection, DOING, sql, params![first, last, project, limit], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
    })?;
    for (position, context) in &rows {
        let key = changes.key(context);
        facts::remove_one(connection, changes, key, *position)?;
    }
    let is_cut_short = rows.len() as i64 == limit;
    let reached = rows.last().filter(|_| is_cut_short).map_or(first, |(position, _)| *position);
    statement::run(connection, DOING, "UPDATE projects SET facts = ? WHERE id = ?", [reached - 1, project])?;
    let more = statement::one(connection, DOING, "SELECT 1 FROM facts WHERE position < ?", [reached], |_| Ok(()))?;
    Ok(more.map_or(rows.len() as i64, |()| limit))
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
