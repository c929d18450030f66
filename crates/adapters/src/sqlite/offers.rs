//! Tasks that wait for somebody to handle them.

use capstan_model::event::CloudEvent;
use capstan_runtime::ports::{KeptEvent, OfferFilter, OpenTask, Page, ProjectId, Slice};
use rusqlite::types::Value;
use rusqlite::{Connection, params};

use super::column;
use super::conditions::{Conditions, List};
use super::projects;
use super::statement;
use super::trouble::Trouble;

/// Lists a stored event, and remembers who offers it.
pub(super) fn add(
    connection: &Connection,
    project: ProjectId,
    sequence: &str,
    position: u64,
    event: &CloudEvent,
) -> Result<(), Trouble> {
    let doing = "offer a task";
    let project = project as i64;
    let sql = "INSERT OR REPLACE INTO attempts (triggered_id, project, sequence) VALUES (?, ?, ?)";
    statement::run(connection, doing, sql, params![event.id, project, sequence])?;
    let sql = "INSERT OR REPLACE INTO offers (triggered_id, project, position, kind, stage, service)
               VALUES (?, ?, ?, ?, ?, ?)";
    let word = |key: &str| event.data.get(key).and_then(serde_json::Value::as_str);
    let values = params![event.id, project, position as i64, event.kind, word("stage"), word("service")];
    statement::run(connection, doing, sql, values).map(drop)
}

/// Lists it no more, and forgets who has taken it.
pub(super) fn withdraw(connection: &Connection, triggered_id: &str) -> Result<(), Trouble> {
    for sql in ["DELETE FROM offers WHERE triggered_id = ?", "DELETE FROM takers WHERE triggered_id = ?"] {
        statement::run(connection, "withdraw a task", sql, [triggered_id])?;
    }
    Ok(())
}

/// Open offers, newest first. Which ones is found out from an index alone, and only the events that are shown are looked up.
pub(super) fn page(connection: &Connection, filter: &OfferFilter, slice: Slice) -> Result<Page<OpenTask>, Trouble> {
    let mut conditions = Conditions::default();
    if let Some(name) = &filter.project {
        let Some(project) = projects::id_of(connection, name)? else {
            return Ok(Page { items: Vec::new(), total: 0 });
        };
        conditions.bind("o.project = ?", [Value::Integer(project)]);
    }
    let columns = [
        ("o.kind", &filter.kind),
        ("o.stage", &filter.stage),
        ("o.service", &filter.service),
        ("o.triggered_id", &filter.id),
    ];
    for (column, text) in columns {
        conditions.equal(column, text.as_ref());
    }
    if let Some(after) = filter.after {
        conditions.bind("o.position > ?", [Value::Integer(column::from_count(after))]);
    }
    // Offers of a buried project went with it, so that nobody has to ask whether it lives.
    let columns = "o.position, (SELECT json FROM events WHERE position = o.position)";
    let list = List { columns, from: "offers o", order: "o.position DESC" };
    conditions.page(connection, "list open tasks", &list, slice, |row| {
        Ok(OpenTask { position: row.get::<_, i64>(0)? as u64, event: KeptEvent::Text(row.get(1)?) })
    })
}
