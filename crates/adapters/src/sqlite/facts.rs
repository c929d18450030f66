//! What happened.

use capstan_runtime::ports::{NewFact, ProjectId, StoredFact};
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::column;
use super::json;
use super::statement;
use super::trouble::Trouble;

const FACT: &str = "a fact";

/// Appends one and gives its position.
pub(super) fn append(connection: &Connection, new: &NewFact<'_>) -> Result<u64, Trouble> {
    let sql = "INSERT INTO facts (project, context, sequence, at, json) VALUES (?, ?, ?, ?, ?)";
    let project = new.project.map(|project| project as i64);
    let values = params![project, new.context, new.sequence, column::from_time(new.at), json::write(new.fact, FACT)?];
    statement::run(connection, "append a fact", sql, values)?;
    Ok(connection.last_insert_rowid() as u64)
}

/// Those of a context in a project, in order.
pub(super) fn of_context(
    connection: &Connection,
    project: ProjectId,
    context: &str,
) -> Result<Vec<StoredFact>, Trouble> {
    let sql = "SELECT position, sequence, at, json FROM facts INDEXED BY facts_by_context
               WHERE project = ?1 AND context = ?2
               AND EXISTS (SELECT 1 FROM projects WHERE id = ?1 AND dead = 0) ORDER BY position";
    let rows = statement::all(connection, "list facts", sql, params![project as i64, context], |row| {
        Ok((row.get::<_, i64>(0)?, row.get(1)?, column::to_time(row.get(2)?), row.get::<_, String>(3)?))
    })?;
    let fact = |(position, sequence, at, text): (i64, Option<String>, Timestamp, String)| {
        let fact = json::read(&text, FACT)?;
        Ok(StoredFact { position: position as u64, context: context.to_owned(), sequence, at, fact })
    };
    rows.into_iter().map(fact).collect()
}
