//! What happened.

use capstan_engine::orchestrate::Fact;
use capstan_runtime::ports::{FactFilter, FactPage, FactSpan, NewFact, PlacedFact, ProjectId, StoredFact};
use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params};

use super::column;
use super::conditions::Conditions;
use super::contexts::{self, Changes};
use super::json;
use super::sequences;
use super::statement;
use super::trouble::Trouble;

const FACT: &str = "a fact";

/// Appends one and gives its position.
pub(super) fn append(connection: &Connection, changes: &mut Changes, new: &NewFact<'_>) -> Result<u64, Trouble> {
    let sql = "INSERT INTO facts (project, context, sequence, at, json) VALUES (?, ?, ?, ?, ?)";
    let project = new.project.map(|project| project as i64);
    let values = params![project, new.context, new.sequence, column::from_time(new.at), json::write(new.fact, FACT)?];
    statement::run(connection, "append a fact", sql, values)?;
    let position = connection.last_insert_rowid();
    let key = changes.key(new.context);
    changes.facts.add(key, position);
    Ok(position as u64)
}

/// Those of a context in a project, in order. `recent` are positions that may be of the context, for `json_each`.
pub(super) fn of_context(
    connection: &Connection,
    recent: &str,
    project: ProjectId,
    context: &str,
) -> Result<Vec<StoredFact>, Trouble> {
    let sql = "SELECT position, sequence, at, json FROM facts
               WHERE position IN (
                   SELECT position FROM fact_contexts WHERE key = ?3 UNION ALL SELECT value FROM json_each(?4))
               AND project = ?1 AND context = ?2
               AND EXISTS (SELECT 1 FROM projects WHERE id = ?1 AND dead = 0) ORDER BY position";
    let values = params![project as i64, context, contexts::key(context), recent];
    let rows = statement::all(connection, "list facts", sql, values, |row| {
        Ok((row.get::<_, i64>(0)?, row.get(1)?, column::to_time(row.get(2)?), row.get::<_, String>(3)?))
    })?;
    let fact = |(position, sequence, at, text): (i64, Option<String>, Timestamp, String)| {
        let fact = json::read(&text, FACT)?;
        Ok(StoredFact { position: position as u64, context: context.to_owned(), sequence, at, fact })
    };
    rows.into_iter().map(fact).collect()
}

/// Those behind a position, whosever they are, each with its place.
pub(super) fn after(connection: &Connection, filter: &FactFilter, after: u64, limit: u64) -> Result<FactPage, Trouble> {
    let doing = "follow facts";
    // No fact has a position beyond the range of the column.
    let (from, limit) = (column::from_count(after), column::from_count(limit.min(FactPage::LOOKED_AT)));
    let sql = "SELECT MAX(position) FROM (SELECT position FROM facts WHERE position > ? ORDER BY position LIMIT ?)";
    let last = statement::one(connection, doing, sql, [from, limit], |row| row.get::<_, Option<i64>>(0))?.flatten();
    let Some(last) = last else { return Ok(FactPage { items: Vec::new(), last: after }) };
    let mut conditions = Conditions::default();
    conditions.bind("f.position > ?", [Value::Integer(from)]);
    conditions.bind("f.position <= ?", [Value::Integer(last)]);
    conditions.add("(f.project IS NULL OR p.dead = 0)");
    conditions.equal("p.name", filter.project.as_ref());
    conditions.equal("f.context", filter.context.as_ref());
    conditions.equal("COALESCE(s.service, r.json ->> 'service')", filter.service.as_ref());
    let sql = format!(
        "SELECT f.position, f.context, f.sequence, f.at, f.json, p.name, COALESCE(s.service, r.json ->> 'service'),
         s.stage, s.name FROM facts f NOT INDEXED
         LEFT JOIN projects p ON p.id = f.project
         LEFT JOIN sequences s ON s.id = f.sequence AND s.project = f.project
         LEFT JOIN runs r ON f.sequence IS NULL AND r.context = f.context AND r.project = f.project
         WHERE {} ORDER BY f.position",
        conditions.sql()
    );
    let rows = statement::all(connection, doing, &sql, conditions.values([]), |row| Ok((placed(row)?, row.get(4)?)))?;
    let items = rows.into_iter().map(|(place, text): (_, String)| Ok(place(json::read(&text, FACT)?)));
    Ok(FactPage { items: items.collect::<Result<_, Trouble>>()?, last: last as u64 })
}

/// From where to where there are any.
pub(super) fn span(connection: &Connection) -> Result<FactSpan, Trouble> {
    let doing = "look for the ends of the facts";
    let sql = "SELECT MIN(position) FROM facts";
    let oldest = statement::one(connection, doing, sql, [], |row| row.get::<_, Option<i64>>(0))?.flatten();
    Ok(FactSpan { oldest: oldest.map(|position| position as u64), next: last(connection)? as u64 + 1 })
}

/// The position of the one that was appended last; it outlives the rows.
pub(super) fn last(connection: &Connection) -> Result<i64, Trouble> {
    let sql = "SELECT seq FROM sqlite_sequence WHERE name = 'facts'";
    Ok(statement::number(connection, "look for the last fact", sql, [])? as i64)
}

/// Removes those below a position, after sequences that are to be folded with them were put anew.
pub(super) fn remove(connection: &Connection, changes: &mut Changes, before: u64) -> Result<(), Trouble> {
    let sql = "SELECT DISTINCT s.id FROM facts f CROSS JOIN sequences s ON s.id = f.sequence
               WHERE f.position < ? AND f.position > s.folded";
    let before_it = [column::from_count(before)];
    let ids = statement::all(connection, "remove old facts", sql, before_it, |row| row.get::<_, String>(0))?;
    for id in ids {
        if let Some((project, sequence)) = sequences::one(connection, &changes.facts, &id)? {
            sequences::put(connection, project, &sequence)?;
        }
    }
    let sql = "SELECT position FROM facts WHERE position < ?";
    let rows = statement::all(connection, "remove old facts", sql, before_it, |row| row.get::<_, i64>(0))?;
    rows.iter().try_for_each(|position| remove_one(connection, changes, *position))
}

/// Removes one that is of no use any more, with what finds it.
pub(super) fn remove_one(connection: &Connection, changes: &mut Changes, position: i64) -> Result<(), Trouble> {
    let sql = "DELETE FROM facts WHERE position = ? RETURNING context";
    let context = statement::one(connection, "remove a fact", sql, [position], |row| row.get::<_, String>(0))?;
    context.map_or(Ok(()), |context| {
        let key = changes.key(&context);
        changes.facts.remove(connection, key, position)
    })
}

/// A row but for the fact in it, which is not read yet.
fn placed(row: &Row<'_>) -> rusqlite::Result<impl FnOnce(Fact) -> PlacedFact + use<>> {
    let (position, context, sequence) = (row.get::<_, i64>(0)? as u64, row.get(1)?, row.get(2)?);
    let at = column::to_time(row.get(3)?);
    let (project, service, stage, sequence_name) = (row.get(5)?, row.get(6)?, row.get(7)?, row.get(8)?);
    Ok(move |fact| PlacedFact {
        stored: StoredFact { position, context, sequence, at, fact },
        project,
        service,
        stage,
        sequence_name,
    })
}
