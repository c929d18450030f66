//! How a run goes that has ended long ago: out of all answers at once, out of the file bit by bit, its evaluations later.

use capstan_runtime::ports::Retention;
use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, params};

use super::column;
use super::contexts::{self, Changes};
use super::events;
use super::facts;
use super::projects;
use super::statement;
use super::trouble::Trouble;

const DOING: &str = "remove runs that are past their time";

/// A run that is gone and of which something is to be removed.
pub(super) struct BuriedRun {
    project: i64,
    context: String,
    /// Of its context.
    key: i64,
    /// The last positions that can be of it.
    event: i64,
    fact: i64,
    with_evaluations: bool,
}

/// Buries at most so many runs and left evaluations that are past their time. Whether there may be more.
pub(super) fn expire(connection: &Connection, now: Timestamp, server: Retention, limit: u64) -> Result<bool, Trouble> {
    let limit = column::from_count(limit);
    let kept = |keep: Option<_>| keep.map(projects::from_keep);
    let values = |left: i64| params_of(now, kept(server.runs), kept(server.evaluations), left);
    // Where there is nothing to compare with, all stay.
    let runs = "CASE WHEN COALESCE(p.keep_runs, ?2, -1) >= 0 THEN ?1 - COALESCE(p.keep_runs, ?2) END";
    let sql = format!(
        "SELECT r.number, r.project, r.context, r.ended FROM projects p
         CROSS JOIN runs r INDEXED BY runs_by_end ON r.project = p.id AND r.ended <= {runs}
         WHERE p.dead = 0 LIMIT ?4"
    );
    let gone = statement::all(connection, DOING, &sql, values(limit), |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?, row.get::<_, i64>(3)?))
    })?;
    let last = |table: &str| {
        let sql = "SELECT seq FROM sqlite_sequence WHERE name = ?";
        statement::number(connection, DOING, sql, [table]).map(|last| last as i64)
    };
    let left = limit - gone.len() as i64;
    // What such runs have left behind goes before there are more of them.
    let evaluations =
        "CASE WHEN COALESCE(p.keep_evaluations, ?3, -1) >= 0 THEN ?1 - COALESCE(p.keep_evaluations, ?3) END";
    let sql = format!(
        "UPDATE buried_runs SET remains = 2 WHERE (project, context) IN (
             SELECT b.project, b.context FROM projects p
             CROSS JOIN buried_runs b INDEXED BY buried_runs_by_end
                 ON b.project = p.id AND b.remains = 1 AND b.ended <= MIN({runs}, {evaluations})
             WHERE p.dead = 0 LIMIT ?4)"
    );
    let again = statement::run(connection, DOING, &sql, values(left))? as i64;
    if !gone.is_empty() {
        let (event, fact) = (last("events")?, last("facts")?);
        for (number, project, context, ended) in &gone {
            statement::run(connection, DOING, "DELETE FROM runs WHERE number = ?", [number])?;
            let sql = "INSERT OR REPLACE INTO buried_runs (project, context, ended, event, fact, remains)
                       VALUES (?, ?, ?, ?, ?, 0)";
            statement::run(connection, DOING, sql, params![project, context, ended, event, fact])?;
        }
    }
    Ok(gone.len() as i64 + again == limit)
}

fn params_of(now: Timestamp, runs: Option<i64>, evaluations: Option<i64>, limit: i64) -> impl rusqlite::Params {
    let number = |kept: Option<i64>| kept.map_or(Value::Null, Value::Integer);
    let now = Value::Integer(column::from_time(now));
    rusqlite::params_from_iter([now, number(runs), number(evaluations), Value::Integer(limit)])
}

/// The first of which something is to be removed.
pub(super) fn first(connection: &Connection) -> Result<Option<BuriedRun>, Trouble> {
    let sql = "SELECT project, context, event, fact, remains = 2 FROM buried_runs INDEXED BY buried_runs_to_purge
               WHERE remains <> 1 ORDER BY project, context LIMIT 1";
    statement::one(connection, DOING, sql, [], |row| {
        let (project, context, event): (i64, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(BuriedRun {
            project,
            key: contexts::key(&context),
            context,
            event,
            fact: row.get(3)?,
            with_evaluations: row.get(4)?,
        })
    })
}

/// Removes at most so many rows of it, at least one. How many that were.
pub(super) fn purge(
    connection: &Connection,
    changes: &mut Changes,
    run: &BuriedRun,
    limit: i64,
) -> Result<i64, Trouble> {
    let mut left = limit;
    left -= remove_sequences(connection, run, left)?;
    if left > 0 {
        // From here on the table alone says which facts are of the run, and then which events.
        changes.facts.settle(connection, run.key)?;
        left -= remove_facts(connection, changes, run, left)?;
    }
    if left > 0 {
        changes.events.settle(connection, run.key)?;
        left -= remove_events(connection, changes, run, left)?;
    }
    if left > 0 {
        close(connection, run)?;
        left -= 1;
    }
    Ok(limit - left)
}

fn remove_sequences(connection: &Connection, run: &BuriedRun, limit: i64) -> Result<i64, Trouble> {
    let sql = "SELECT number, id FROM sequences INDEXED BY sequences_by_context
               WHERE context = ? AND project = ? AND ordinal <= ? LIMIT ?";
    let values = params![run.context, run.project, run.event, limit];
    let rows =
        statement::all(connection, DOING, sql, values, |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
    for (number, id) in &rows {
        statement::run(connection, DOING, "DELETE FROM timers WHERE sequence = ?", [id])?;
        statement::run(connection, DOING, "DELETE FROM sequences WHERE number = ?", [number])?;
    }
    Ok(rows.len() as i64)
}

fn remove_facts(connection: &Connection, changes: &mut Changes, run: &BuriedRun, limit: i64) -> Result<i64, Trouble> {
    let sql = "SELECT f.position FROM fact_contexts k CROSS JOIN facts f ON f.position = k.position
               WHERE k.key = ? AND k.position <= ? AND f.context = ? AND f.project = ? LIMIT ?";
    let values = params![run.key, run.fact, run.context, run.project, limit];
    let rows = statement::all(connection, DOING, sql, values, |row| row.get::<_, i64>(0))?;
    for position in &rows {
        facts::remove_one(connection, changes, *position)?;
    }
    Ok(rows.len() as i64)
}

/// Removes events, and with those of tasks who offered and who has them.
fn remove_events(connection: &Connection, changes: &mut Changes, run: &BuriedRun, limit: i64) -> Result<i64, Trouble> {
    let [finished, invalidated] = Retention::EVALUATIONS;
    let sql = "SELECT e.position, e.id FROM event_contexts k CROSS JOIN events e ON e.position = k.position
               WHERE k.key = ? AND k.position <= ? AND e.context = ? AND e.project = ? AND (? OR e.kind NOT IN (?, ?))
               LIMIT ?";
    let values =
        params![run.key, run.event, run.context, run.project, run.with_evaluations, finished, invalidated, limit];
    let rows =
        statement::all(connection, DOING, sql, values, |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
    for (position, id) in &rows {
        for table in ["attempts", "offers", "takers"] {
            let sql = format!("DELETE FROM {table} WHERE triggered_id = ? AND project = ?");
            let removed = statement::run(connection, DOING, &sql, params![id, run.project])?;
            if removed == 0 {
                break;
            }
        }
        events::remove_one(connection, changes, *position)?;
    }
    Ok(rows.len() as i64)
}

/// What was to be removed of a run is gone: where evaluations are left they wait for their time.
fn close(connection: &Connection, run: &BuriedRun) -> Result<(), Trouble> {
    let sql = "SELECT 1 FROM event_contexts k CROSS JOIN events e ON e.position = k.position
               WHERE k.key = ? AND k.position <= ? AND e.context = ? AND e.project = ? LIMIT 1";
    let values = params![run.key, run.event, run.context, run.project];
    let left = statement::one(connection, DOING, sql, values, |_| Ok(()))?;
    let sql = match left {
        Some(()) => "UPDATE buried_runs SET remains = 1 WHERE project = ? AND context = ?",
        None => "DELETE FROM buried_runs WHERE project = ? AND context = ?",
    };
    statement::run(connection, DOING, sql, params![run.project, run.context]).map(drop)
}
