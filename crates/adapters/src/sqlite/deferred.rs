//! Inputs that were left for the next step.

use capstan_runtime::ports::{Deferred, ProjectId};
use rusqlite::{Connection, params};

use super::column;
use super::json;
use super::statement;
use super::trouble::Trouble;

const INPUT: &str = "an input that was left for later";

/// Leaves one.
pub(super) fn leave(connection: &Connection, project: ProjectId, input: &Deferred) -> Result<(), Trouble> {
    let sql = "INSERT INTO deferred (project, json) VALUES (?, ?)";
    let values = params![project as i64, json::write(input, INPUT)?];
    statement::run(connection, "leave an input for later", sql, values).map(drop)
}

/// Takes the oldest.
pub(super) fn take(connection: &Connection, limit: u64) -> Result<Vec<Deferred>, Trouble> {
    let doing = "take inputs that were left";
    let sql = "SELECT number, json FROM deferred ORDER BY number LIMIT ?";
    let rows = statement::all(connection, doing, sql, [column::from_count(limit)], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
    })?;
    if let Some((last, _)) = rows.last() {
        statement::run(connection, doing, "DELETE FROM deferred WHERE number <= ?", [last])?;
    }
    rows.iter().map(|(_, text)| json::read(text, INPUT)).collect()
}

/// Whether there are any.
pub(super) fn any(connection: &Connection) -> Result<bool, Trouble> {
    let sql = "SELECT EXISTS (SELECT 1 FROM deferred)";
    Ok(statement::number(connection, "look for inputs that were left", sql, [])? > 0)
}
