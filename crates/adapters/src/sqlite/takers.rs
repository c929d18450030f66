//! Which tool has which open task, and which tasks it can still have.

use capstan_runtime::ports::{ClaimFilter, Offered, ProjectId};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params, params_from_iter};

use super::column;
use super::projects;
use super::statement;
use super::trouble::Trouble;

/// A listed task.
pub(super) fn offered(connection: &Connection, triggered_id: &str) -> Result<Option<Offered>, Trouble> {
    let sql = "SELECT o.triggered_id, a.sequence, o.position FROM offers o
               JOIN attempts a ON a.triggered_id = o.triggered_id WHERE o.triggered_id = ?";
    statement::one(connection, "look for an open task", sql, [triggered_id], read)
}

/// A tool has a task.
pub(super) fn add(connection: &Connection, project: ProjectId, triggered_id: &str, tool: &str) -> Result<(), Trouble> {
    let sql = "INSERT OR IGNORE INTO takers (triggered_id, tool, project) VALUES (?, ?, ?)";
    statement::run(connection, "take a task", sql, params![triggered_id, tool, project as i64]).map(drop)
}

/// It has it no more.
pub(super) fn remove(connection: &Connection, triggered_id: &str, tool: &str) -> Result<(), Trouble> {
    let sql = "DELETE FROM takers WHERE triggered_id = ? AND tool = ?";
    statement::run(connection, "give a task back", sql, [triggered_id, tool]).map(drop)
}

/// Listed tasks that a tool does not have, the oldest first.
pub(super) fn claimable(connection: &Connection, filter: &ClaimFilter, limit: u64) -> Result<Vec<Offered>, Trouble> {
    let mut values = vec![Value::Text(filter.tool.clone())];
    let mut conditions = String::new();
    if let Some(name) = &filter.project {
        let Some(project) = projects::id_of(connection, name)? else { return Ok(Vec::new()) };
        conditions.push_str(" AND o.project = ?");
        values.push(Value::Integer(project));
    }
    for (condition, text) in [(" AND o.stage = ?", &filter.stage), (" AND o.service = ?", &filter.service)] {
        if let Some(text) = text {
            conditions.push_str(condition);
            values.push(Value::Text(text.clone()));
        }
    }
    let kinds = vec!["?"; filter.kinds.len()].join(", ");
    values.extend(filter.kinds.iter().map(|kind| Value::Text(kind.clone())));
    values.push(Value::Integer(column::from_count(limit)));
    let sql = format!(
        "SELECT o.triggered_id, a.sequence, o.position FROM offers o INDEXED BY offers_by_kind
         JOIN attempts a ON a.triggered_id = o.triggered_id
         WHERE NOT EXISTS (SELECT 1 FROM takers t WHERE t.triggered_id = o.triggered_id AND t.tool = ?)
         {conditions} AND o.kind IN ({kinds}) ORDER BY o.position LIMIT ?"
    );
    statement::all(connection, "look for tasks to claim", &sql, params_from_iter(values), read)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Offered> {
    let position: i64 = row.get(2)?;
    Ok(Offered { triggered_id: row.get(0)?, sequence: row.get(1)?, position: position as u64 })
}
