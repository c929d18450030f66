//! What sequences wait for.

use capstan_engine::orchestrate::TimerKind;
use capstan_runtime::ports::Timer;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::column;
use super::statement;
use super::trouble::Trouble;

/// Sets a timer; replaces that of the same kind.
pub(super) fn arm(connection: &Connection, timer: &Timer) -> Result<(), Trouble> {
    let sql = "INSERT INTO timers (sequence, kind, due) VALUES (?, ?, ?)
               ON CONFLICT (sequence, kind) DO UPDATE SET due = excluded.due WHERE due <> excluded.due";
    let values = params![timer.sequence, timer.kind.word(), column::from_time(timer.due)];
    statement::run(connection, "set a timer", sql, values).map(drop)
}

/// Removes a timer.
pub(super) fn disarm(connection: &Connection, sequence: &str, kind: TimerKind) -> Result<(), Trouble> {
    let sql = "DELETE FROM timers WHERE sequence = ? AND kind = ?";
    statement::run(connection, "remove a timer", sql, params![sequence, kind.word()]).map(drop)
}

/// Timers that have elapsed, the oldest first.
pub(super) fn due(connection: &Connection, now: Timestamp, limit: u64) -> Result<Vec<Timer>, Trouble> {
    let sql = "SELECT sequence, kind, due FROM timers WHERE due <= ?
               ORDER BY due, sequence, kind = 'reminder', kind = 'deadline' LIMIT ?";
    let values = [column::from_time(now), column::from_count(limit)];
    let rows = statement::all(connection, "look for elapsed timers", sql, values, |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, column::to_time(row.get(2)?)))
    })?;
    let timer = |(sequence, word, due): (String, String, Timestamp)| match TimerKind::parse(&word) {
        Some(kind) => Ok(Timer { sequence, kind, due }),
        None => Err(Trouble::Unreadable { what: "a timer", why: format!("there is no timer of the kind '{word}'") }),
    };
    rows.into_iter().map(timer).collect()
}

/// When the next timer elapses.
pub(super) fn next(connection: &Connection) -> Result<Option<Timestamp>, Trouble> {
    let next = statement::one(connection, "look for the next timer", "SELECT MIN(due) FROM timers", [], |row| {
        row.get::<_, Option<i64>>(0)
    })?;
    Ok(next.flatten().map(column::to_time))
}
