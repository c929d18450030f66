//! How much is open.

use capstan_runtime::ports::{Census, ListedTasks};
use rusqlite::Connection;

use super::statement;
use super::trouble::Trouble;

const DOING: &str = "count what is open";

/// Over all projects that live. What is open in one that was buried went with it, but for its sequences.
pub(super) fn take(connection: &Connection) -> Result<Census, Trouble> {
    let mut census = Census::default();
    // In the words of the index.
    let open = "sequences INDEXED BY sequences_open WHERE state NOT IN ('finished', 'timedOut')
                AND project IN (SELECT id FROM projects WHERE dead = 0)";
    let sql = format!("SELECT state, COUNT(*) FROM {open} GROUP BY state");
    let states = statement::all(connection, DOING, &sql, [], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64)))?;
    census.sequences.extend(states);
    let sql = format!("SELECT COUNT(*) FROM (SELECT DISTINCT project, context FROM {open})");
    census.runs = statement::number(connection, DOING, &sql, [])?;
    let sql = "SELECT kind, EXISTS (SELECT 1 FROM takers t WHERE t.triggered_id = o.triggered_id) AS taken, COUNT(*)
               FROM offers o GROUP BY kind, taken";
    let tasks = statement::all(connection, DOING, sql, [], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?, row.get::<_, i64>(2)? as u64))
    })?;
    for (kind, taken, count) in tasks {
        let tasks: &mut ListedTasks = census.tasks.entry(kind).or_default();
        *(if taken { &mut tasks.taken } else { &mut tasks.free }) = count;
    }
    let sql = "SELECT SUM(json_array_length(json, '$.waiting')), MAX(json_array_length(json, '$.waiting')) FROM queues";
    let queues = statement::one(connection, DOING, sql, [], |row| {
        Ok((row.get::<_, Option<i64>>(0)?.unwrap_or(0), row.get::<_, Option<i64>>(1)?.unwrap_or(0)))
    })?;
    if let Some((all, longest)) = queues {
        (census.queued, census.longest_queue) = (all as u64, longest as u64);
    }
    let sql = "SELECT COUNT(*) FROM timers WHERE kind = 'delay'";
    census.delayed = statement::number(connection, DOING, sql, [])?;
    Ok(census)
}
