//! The sequences, and which of them offered which task.

use capstan_engine::orchestrate::{Fact, Sequence, apply};
use capstan_runtime::ports::{Page, ProjectId, SequenceFilter, Slice};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params};

use super::column;
use super::conditions::{Conditions, List};
use super::contexts::{self, Recent};
use super::facts;
use super::json;
use super::projects;
use super::statement;
use super::trouble::Trouble;

const SEQUENCE: &str = "a sequence";

/// A sequence with its project. `recent` are facts.
pub(super) fn one(
    connection: &Connection,
    recent: &impl Recent,
    id: &str,
) -> Result<Option<(ProjectId, Sequence)>, Trouble> {
    let sql = "SELECT json, project, folded FROM sequences s WHERE id = ?
               AND EXISTS (SELECT 1 FROM projects WHERE id = s.project AND dead = 0)";
    let row = statement::one(connection, "read a sequence", sql, [id], Written::read)?;
    row.map(|written| Ok((written.project as ProjectId, written.folded(connection, recent)?))).transpose()
}

/// A sequence as it was put.
struct Written {
    text: String,
    project: i64,
    /// The last fact that had been appended by then.
    folded: i64,
}

impl Written {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { text: row.get(0)?, project: row.get(1)?, folded: row.get(2)? })
    }

    /// With the facts since.
    fn folded(self, connection: &Connection, recent: &impl Recent) -> Result<Sequence, Trouble> {
        let mut sequence: Sequence = json::read(&self.text, SEQUENCE)?;
        let sql = "SELECT at, json FROM facts
                   WHERE position IN (
                       SELECT position FROM fact_contexts WHERE key = ?1 AND position > ?3
                       UNION ALL SELECT value FROM json_each(?2))
                   AND project = ?4 AND context = ?5 AND sequence = ?6 ORDER BY position";
        let (context, id) = (&sequence.scope.context, &sequence.id);
        let key = contexts::key(context);
        let values = params![key, recent.listed(key, self.folded), self.folded, self.project, context, id];
        let facts = statement::all(connection, "bring a sequence up to date", sql, values, |row| {
            Ok((column::to_time(row.get(0)?), row.get::<_, String>(1)?))
        })?;
        for (at, text) in facts {
            apply(&mut sequence, &json::read::<Fact>(&text, "a fact")?, at);
        }
        Ok(sequence)
    }
}

/// Adds or replaces one.
pub(super) fn put(connection: &Connection, project: ProjectId, sequence: &Sequence) -> Result<(), Trouble> {
    let doing = "write a sequence";
    let values = params![
        sequence.id,
        project as i64,
        sequence.scope.context,
        sequence.scope.stage,
        sequence.scope.service,
        sequence.definition.name,
        sequence.state(),
        column::from_time(sequence.triggered_at),
        sequence.ordinal as i64,
        json::write(sequence, SEQUENCE)?,
        facts::last(connection)?
    ];
    // Where nothing changes that a list goes by no index has to be written.
    let sql = "UPDATE sequences SET json = ?10, folded = ?11 WHERE id = ?1 AND project = ?2 AND context = ?3
               AND stage = ?4 AND service = ?5 AND name = ?6 AND state = ?7 AND triggered_at = ?8 AND ordinal = ?9";
    if statement::run(connection, doing, sql, values)? > 0 {
        return Ok(());
    }
    let sql = "INSERT INTO sequences
               (id, project, context, stage, service, name, state, triggered_at, ordinal, json, folded)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
               ON CONFLICT (id) DO UPDATE SET project = excluded.project, context = excluded.context,
               stage = excluded.stage, service = excluded.service, name = excluded.name, state = excluded.state,
               triggered_at = excluded.triggered_at, ordinal = excluded.ordinal, json = excluded.json,
               folded = excluded.folded";
    statement::run(connection, doing, sql, values).map(drop)
}

/// The sequence that offered a task under this `triggeredid`.
pub(super) fn of_task(connection: &Connection, triggered_id: &str) -> Result<Option<String>, Trouble> {
    let sql = "SELECT sequence FROM attempts a WHERE triggered_id = ?
               AND EXISTS (SELECT 1 FROM projects WHERE id = a.project AND dead = 0)";
    statement::one(connection, "look for the sequence of a task", sql, [triggered_id], |row| row.get(0))
}

/// Sequences of a project, newest first. `recent` are facts.
pub(super) fn page(
    connection: &Connection,
    recent: &impl Recent,
    filter: &SequenceFilter,
    slice: Slice,
) -> Result<Page<Sequence>, Trouble> {
    let Some(project) = projects::id_of(connection, &filter.project)? else {
        return Ok(Page { items: Vec::new(), total: 0 });
    };
    let mut conditions = Conditions::default();
    conditions.bind("project = ?", [Value::Integer(project)]);
    let columns = [
        ("context", &filter.context),
        ("stage", &filter.stage),
        ("service", &filter.service),
        ("name", &filter.name),
        ("state", &filter.state),
    ];
    for (column, text) in columns {
        conditions.equal(column, text.as_ref());
    }
    if filter.open {
        // In the words of the index.
        conditions.add("state NOT IN ('finished', 'timedOut')");
    }
    if filter.begun {
        conditions.add("state <> 'triggered'");
    }
    let list = match filter.context {
        Some(_) => "sequences INDEXED BY sequences_by_context",
        None if filter.open => "sequences INDEXED BY sequences_open",
        None => "sequences INDEXED BY sequences_by_time",
    };
    let order = "triggered_at DESC, ordinal DESC, id";
    let list = List { columns: "json, project, folded", from: list, order };
    let page = conditions.page(connection, "list sequences", &list, slice, Written::read)?;
    let items = page.items.into_iter().map(|written| written.folded(connection, recent)).collect::<Result<_, _>>()?;
    Ok(Page { items, total: page.total })
}
