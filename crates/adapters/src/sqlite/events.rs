//! The events.

use capstan_model::event::CloudEvent;
use capstan_model::event::event_type::EventType;
use capstan_model::event::rest::RestEvent;
use capstan_runtime::ports::{EventFilter, Page, ProjectId, Slice, StoredEvent};
use rusqlite::{Connection, params};
use serde_json::Value;

use super::column;
use super::conditions;
use super::contexts::Changes;
use super::filter::Question;
use super::json;
use super::listed;
use super::statement;
use super::trouble::Trouble;

const EVENT: &str = "an event";

/// How far a filtered list is counted.
const COUNTED: u64 = 10_000;

/// Appends one and gives its position.
pub(super) fn append(
    connection: &Connection,
    changes: &mut Changes,
    project: Option<ProjectId>,
    event: &CloudEvent,
) -> Result<u64, Trouble> {
    let doing = "append an event";
    let text = json::write(&RestEvent(event), EVENT)?;
    let project = project.map(|project| project as i64);
    let key = event.context.as_deref().map(|context| changes.key(context));
    let can_be_first = match key {
        Some(key) => {
            !changes.events.any(key, |position| is_of(connection, position, project, event.context.as_deref()))?
        }
        None => false,
    };
    let word = |key: &str| event.data.get(key).and_then(Value::as_str);
    // As a rule nobody has the key. Else the newest are tried first: the last event of a context is often of the same project.
    let sql = "INSERT INTO events (project, time, root, id, kind, source, context, triggered_id, stage, service, json)
               VALUES (?1, ?2, CASE WHEN ?3 THEN
                   (SELECT 1 FROM event_contexts k CROSS JOIN events e ON e.position = k.position
                    WHERE k.key = ?4 AND e.context = ?5 AND e.project IS ?1 ORDER BY k.position DESC LIMIT 1) IS NULL
               ELSE 0 END, ?6, ?7, ?8, ?5, ?9, ?10, ?11, ?12)";
    let values = params![
        project,
        event.time.map(column::from_time),
        can_be_first,
        key,
        event.context,
        event.id,
        event.kind,
        event.source,
        event.triggered_id,
        word("stage"),
        word("service"),
        text
    ];
    statement::run(connection, doing, sql, values)?;
    let position = connection.last_insert_rowid();
    if let Some(key) = key {
        changes.events.add(key, position);
    }
    Ok(position as u64)
}

/// Removes one, with all that finds it.
pub(super) fn remove_one(connection: &Connection, changes: &mut Changes, position: i64) -> Result<(), Trouble> {
    let sql = "DELETE FROM events WHERE position = ? RETURNING context";
    let context =
        statement::one(connection, "remove an event", sql, [position], |row| row.get::<_, Option<String>>(0))?;
    listed::remove(connection, position)?;
    context.flatten().map_or(Ok(()), |context| {
        let key = changes.key(&context);
        changes.events.remove(connection, key, position)
    })
}

/// Whether an event is there and is of a project and a context.
fn is_of(connection: &Connection, position: i64, project: Option<i64>, context: Option<&str>) -> Result<bool, Trouble> {
    let sql = "SELECT 1 FROM events WHERE position = ? AND context = ? AND project IS ?";
    let found = statement::one(connection, "append an event", sql, params![position, context, project], |_| Ok(()))?;
    Ok(found.is_some())
}

/// An event by its position, unless its project was buried.
pub(super) fn at(connection: &Connection, position: u64) -> Result<Option<CloudEvent>, Trouble> {
    let sql = "SELECT json FROM events e WHERE position = ?
               AND (project IS NULL OR EXISTS (SELECT 1 FROM projects WHERE id = e.project AND dead = 0))";
    let text = statement::one(connection, "read an event", sql, [position as i64], |row| row.get::<_, String>(0))?;
    text.map(|text| read(&text)).transpose()
}

/// Events, newest first.
///
/// Which ones is found out first, as far as possible from an index alone; only those that are shown are read. Where a
/// context is asked for, `recent` lists positions of events under its key that the table may not hold.
pub(super) fn page(
    connection: &Connection,
    filter: &EventFilter,
    recent: &str,
    slice: Slice,
) -> Result<Page<StoredEvent>, Trouble> {
    let Some(question) = Question::of(connection, filter, recent)? else {
        return Ok(Page { items: Vec::new(), total: 0 });
    };
    let exact = question
        .exact_count()
        .map(|(sql, values)| statement::number(connection, "count events", &sql, rusqlite::params_from_iter(values)));
    let exact = exact.transpose()?;
    // One more than asked for tells whether more follows. Where it is known how many there are nobody looks for more behind the
    // last of them, among those of other projects.
    let limit = slice.limit.saturating_add(1);
    let limit = column::from_count(exact.map_or(limit, |exact| limit.min(exact.saturating_sub(slice.offset))));
    let (sql, values) = question.positions(limit, column::from_count(slice.offset));
    let values = rusqlite::params_from_iter(values);
    let mut positions = statement::all(connection, "list events", &sql, values, |row| row.get::<_, i64>(0))?;
    let total = if let Some(exact) = exact {
        exact
    } else {
        let asked = Slice { limit: limit as u64, ..slice };
        let is_empty = positions.is_empty();
        conditions::total(asked, positions.len(), || count(connection, &question, slice, is_empty))?
    };
    positions.truncate(usize::try_from(slice.limit).unwrap_or(usize::MAX));
    let item = |position: i64| {
        let sql = "SELECT json FROM events WHERE position = ?";
        let text = statement::one(connection, "list events", sql, [position], |row| row.get::<_, String>(0))?;
        text.map(|text| Ok(StoredEvent { position: position as u64, event: read(&text)? })).transpose()
    };
    let items = positions.into_iter().filter_map(|position| item(position).transpose()).collect::<Result<_, _>>()?;
    Ok(Page { items, total })
}

/// The length of a list that does not end with the part that was asked for.
fn count(connection: &Connection, question: &Question, slice: Slice, is_beyond_the_end: bool) -> Result<u64, Trouble> {
    // Whoever asks for what is beyond the end learns where the end is.
    let counted = if is_beyond_the_end { i64::MAX } else { COUNTED as i64 + 1 };
    let (sql, values) = question.count(counted);
    let count = statement::number(connection, "count events", &sql, rusqlite::params_from_iter(values))?;
    let more_than_shown = slice.offset.saturating_add(slice.limit).saturating_add(1);
    Ok(if count <= COUNTED || is_beyond_the_end { count } else { count.max(more_than_shown) })
}

/// Names of tasks of which there is a `.started` event.
pub(super) fn handled_tasks(connection: &Connection) -> Result<Vec<String>, Trouble> {
    let sql = format!(
        "SELECT kind FROM event_counts c WHERE kind GLOB 'sh.keptn.event.*.started'
         AND (project = 0 OR EXISTS (SELECT 1 FROM projects WHERE id = c.project AND dead = 0))
         UNION SELECT kind FROM events e WHERE position > {} AND kind GLOB 'sh.keptn.event.*.started'
         AND (project IS NULL OR EXISTS (SELECT 1 FROM projects WHERE id = e.project AND dead = 0))",
        listed::LAST
    );
    let kinds = statement::all(connection, "list tasks", &sql, [], |row| row.get::<_, String>(0))?;
    let tasks = kinds.iter().filter_map(|kind| match EventType::parse(kind) {
        EventType::Task { task, .. } => Some(task.to_owned()),
        _ => None,
    });
    let mut tasks: Vec<String> = tasks.collect();
    tasks.sort_unstable();
    Ok(tasks)
}

/// Reads what [`append`] wrote.
pub(super) fn read(text: &str) -> Result<CloudEvent, Trouble> {
    let value = json::read(text, EVENT)?;
    CloudEvent::from_json(value).map_err(|error| Trouble::Unreadable { what: EVENT, why: error.to_string() })
}
