//! Who waits for a turn.

use capstan_engine::orchestrate::Queue;
use capstan_runtime::ports::ProjectId;
use rusqlite::{Connection, params};

use super::json;
use super::statement;
use super::trouble::Trouble;

const QUEUE: &str = "a queue";

/// A queue of a project; empty at first.
pub(super) fn one(connection: &Connection, project: ProjectId, name: &str) -> Result<Queue, Trouble> {
    let sql = "SELECT json FROM queues WHERE project = ?1 AND name = ?2
               AND EXISTS (SELECT 1 FROM projects WHERE id = ?1 AND dead = 0)";
    let values = params![project as i64, name];
    let text = statement::one(connection, "read a queue", sql, values, |row| row.get::<_, String>(0))?;
    text.map_or_else(|| Ok(Queue::default()), |text| json::read(&text, QUEUE))
}

/// Replaces it; an empty one takes no room.
pub(super) fn put(connection: &Connection, project: ProjectId, name: &str, queue: &Queue) -> Result<(), Trouble> {
    let doing = "write a queue";
    if queue.is_empty() {
        let sql = "DELETE FROM queues WHERE project = ? AND name = ?";
        return statement::run(connection, doing, sql, params![project as i64, name]).map(drop);
    }
    let sql = "INSERT INTO queues (project, name, json) VALUES (?, ?, ?)
               ON CONFLICT (project, name) DO UPDATE SET json = excluded.json";
    let values = params![project as i64, name, json::write(queue, QUEUE)?];
    statement::run(connection, doing, sql, values).map(drop)
}
