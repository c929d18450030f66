//! What an [`EventFilter`] asks, in SQL.

use capstan_runtime::ports::{EventFilter, PathFilter};
use rusqlite::Connection;
use rusqlite::types::Value;

use super::conditions::Conditions;
use super::contexts;
use super::listed;
use super::projects;
use super::trouble::Trouble;

/// Rows whose project lives, or that have none.
const SHOWN: &str = "(e.project IS NULL OR EXISTS (SELECT 1 FROM projects WHERE id = e.project AND dead = 0))";

/// Columns of `listed_events`.
const LISTED: [&str; 7] = ["position", "project", "time", "id", "kind", "stage", "service"];

/// Where to look. The planner has no statistics and would take two columns of a broad index for better than the one column that
/// leads to a handful of rows, so it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In the events, as it stands behind the table.
    Events(&'static str),
    /// In those that are listed, by an index, and in the events behind them.
    Listed(&'static str),
}

impl Place {
    fn of(filter: &EventFilter) -> Self {
        match filter {
            _ if filter.id.is_some() => Self::Listed("listed_by_id"),
            _ if filter.context.is_some() => Self::Events("NOT INDEXED"),
            _ if filter.roots => Self::Events("INDEXED BY events_roots"),
            _ if filter.kind.is_some() => Self::Listed("listed_by_kind"),
            _ => Self::Listed("listed_by_time"),
        }
    }

    /// A column of an event in a condition.
    fn column(self, name: &str) -> String {
        if matches!(self, Self::Listed(_)) && !LISTED.contains(&name) {
            return format!("(SELECT {name} FROM events w WHERE w.position = e.position)");
        }
        format!("e.{name}")
    }
}

/// A filter with the names in it resolved.
#[derive(Debug)]
pub(super) struct Question {
    place: Place,
    /// What has to hold; the table is `e`.
    conditions: Conditions,
    /// Project and type, when nothing else is asked.
    plain: Option<(Option<i64>, Option<String>)>,
}

impl Question {
    /// Reads a filter; none when it names a project that there is not. `recent` lists positions under the key of its context
    /// that the table of contexts may not hold.
    pub(super) fn of(connection: &Connection, filter: &EventFilter, recent: &str) -> Result<Option<Self>, Trouble> {
        let project = match &filter.project {
            Some(name) => match projects::id_of(connection, name)? {
                Some(project) => Some(project),
                None => return Ok(None),
            },
            None => None,
        };
        let place = Place::of(filter);
        let mut conditions = Conditions::default();
        match project {
            Some(project) => conditions.bind("e.project = ?", [Value::Integer(project)]),
            None => conditions.add(SHOWN),
        }
        let columns = [
            ("context", &filter.context),
            ("kind", &filter.kind),
            ("source", &filter.source),
            ("stage", &filter.stage),
            ("service", &filter.service),
            ("id", &filter.id),
        ];
        for (column, text) in columns {
            conditions.equal(&place.column(column), text.as_ref());
        }
        conditions.between("e.time", filter.after, filter.before);
        if filter.roots {
            conditions.add(&format!("{} = 1", place.column("root")));
        }
        for path in &filter.paths {
            has_text(&mut conditions, &place.column("json"), path);
        }
        if filter.exclude_invalidated {
            conditions.add(&format!(
                "NOT EXISTS (SELECT 1 FROM events i INDEXED BY events_invalidated
                 WHERE i.triggered_id = {} AND i.kind GLOB '*.invalidated'
                 AND (i.project IS NULL OR EXISTS (SELECT 1 FROM projects WHERE id = i.project AND dead = 0)))",
                place.column("triggered_id")
            ));
        }
        if let (None, Some(context)) = (&filter.id, &filter.context) {
            of_context(&mut conditions, context, recent);
        }
        let others = EventFilter { project: None, kind: None, ..filter.clone() };
        let plain = (others == EventFilter::default()).then(|| (project, filter.kind.clone()));
        Ok(Some(Self { place, conditions, plain }))
    }

    /// Positions in order, and the values of the question.
    pub(super) fn positions(&self, limit: i64, offset: i64) -> (String, Vec<Value>) {
        let (rows, mut values) = self.rows("e.position, e.time");
        values.extend([limit, offset].map(Value::Integer));
        (format!("{rows} ORDER BY 2 DESC, 1 DESC LIMIT ? OFFSET ?"), values)
    }

    /// How many there are, up to a limit, and the values of the question.
    pub(super) fn count(&self, limit: i64) -> (String, Vec<Value>) {
        let (rows, mut values) = self.rows("1");
        values.push(Value::Integer(limit));
        (format!("SELECT COUNT(*) FROM ({rows} LIMIT ?)"), values)
    }

    /// What holds, without order, and its values.
    fn rows(&self, columns: &str) -> (String, Vec<Value>) {
        let (conditions, values) = (self.conditions.sql(), self.conditions.given());
        match self.place {
            Place::Events(index) => {
                (format!("SELECT {columns} FROM events e {index} WHERE {conditions}"), values.to_vec())
            }
            Place::Listed(index) => {
                let listed = format!("SELECT {columns} FROM listed_events e INDEXED BY {index} WHERE {conditions}");
                (format!("{listed} UNION ALL {}", self.behind(columns)), [values, values].concat())
            }
        }
    }

    /// The same among events that are not listed yet.
    fn behind(&self, columns: &str) -> String {
        let (last, conditions) = (listed::LAST, self.conditions.sql());
        format!("SELECT {columns} FROM events e NOT INDEXED WHERE e.position > {last} AND {conditions}")
    }

    /// How many there are, where that is known from the counts that are kept, and the values of the question.
    pub(super) fn exact_count(&self) -> Option<(String, Vec<Value>)> {
        let (project, kind) = self.plain.as_ref()?;
        let mut kept = Conditions::default();
        match project {
            Some(project) => kept.bind("project = ?", [Value::Integer(*project)]),
            None => kept.add("(project = 0 OR EXISTS (SELECT 1 FROM projects WHERE id = c.project AND dead = 0))"),
        }
        kept.equal("kind", kind.as_ref());
        let sql = format!(
            "SELECT COALESCE((SELECT SUM(n) FROM event_counts c WHERE {}), 0) + (SELECT COUNT(*) FROM ({}))",
            kept.sql(),
            self.behind("1")
        );
        Some((sql, [kept.given(), self.conditions.given()].concat()))
    }
}

/// A position of one of the events under the key of a context. They are not many, and sorted once they are found.
fn of_context(conditions: &mut Conditions, context: &str, recent: &str) {
    conditions.bind(
        "e.position IN (SELECT position FROM event_contexts WHERE key = ? UNION ALL SELECT value FROM json_each(?))",
        [Value::Integer(contexts::key(context)), Value::Text(recent.to_owned())],
    );
}

/// A text at a place. The type is asked as well, for objects and lists would come out as text too.
fn has_text(conditions: &mut Conditions, json: &str, filter: &PathFilter) {
    let path: String = std::iter::once("$".to_owned()).chain(filter.path.iter().map(|key| step(key))).collect();
    let values = serde_json::Value::from(filter.values.clone()).to_string();
    conditions.bind(
        &format!("json_type({json}, ?) = 'text' AND json_extract({json}, ?) IN (SELECT value FROM json_each(?))"),
        [Value::Text(path.clone()), Value::Text(path), Value::Text(values)],
    );
}

/// A key as a step of a path: quoted and escaped as in JSON, which is how `SQLite` compares it.
fn step(key: &str) -> String {
    format!(".{}", serde_json::Value::from(key))
}
