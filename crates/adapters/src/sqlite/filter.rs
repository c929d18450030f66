//! What an [`EventFilter`] asks, in SQL.

use capstan_runtime::ports::{EventFilter, PathFilter};
use rusqlite::Connection;
use rusqlite::types::Value;

use super::conditions::Conditions;
use super::contexts;
use super::projects;
use super::trouble::Trouble;

/// Rows whose project lives, or that have none.
const SHOWN: &str = "(e.project IS NULL OR EXISTS (SELECT 1 FROM projects WHERE id = e.project AND dead = 0))";

/// A filter with the names in it resolved.
#[derive(Debug)]
pub(super) struct Question {
    /// Where to look, as it stands behind the table. The planner has no statistics and would take two columns of a broad index
    /// for better than the one column that leads to a handful of rows, so it is told.
    index: &'static str,
    /// What has to hold; the table is `e`.
    pub(super) conditions: Conditions,
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
        let mut conditions = Conditions::default();
        match project {
            Some(project) => conditions.bind("e.project = ?", [Value::Integer(project)]),
            None => conditions.add(SHOWN),
        }
        let columns = [
            ("e.context", &filter.context),
            ("e.kind", &filter.kind),
            ("e.source", &filter.source),
            ("e.stage", &filter.stage),
            ("e.service", &filter.service),
            ("e.id", &filter.id),
        ];
        for (column, text) in columns {
            conditions.equal(column, text.as_ref());
        }
        conditions.between("e.time", filter.after, filter.before);
        if filter.roots {
            conditions.add("e.root = 1");
        }
        for path in &filter.paths {
            has_text(&mut conditions, path);
        }
        if filter.exclude_invalidated {
            conditions.add(
                "NOT EXISTS (SELECT 1 FROM events i INDEXED BY events_invalidated
                 WHERE i.triggered_id = e.triggered_id AND i.kind GLOB '*.invalidated'
                 AND (i.project IS NULL OR EXISTS (SELECT 1 FROM projects WHERE id = i.project AND dead = 0)))",
            );
        }
        let index = match &filter.context {
            _ if filter.id.is_some() => "INDEXED BY events_by_id",
            Some(context) => {
                of_context(&mut conditions, context, recent);
                "NOT INDEXED"
            }
            _ if filter.kind.is_some() => "INDEXED BY events_by_kind",
            _ if filter.roots => "INDEXED BY events_roots",
            None => "INDEXED BY events_by_time",
        };
        let others = EventFilter { project: None, kind: None, ..filter.clone() };
        let plain = (others == EventFilter::default()).then(|| (project, filter.kind.clone()));
        Ok(Some(Self { index, conditions, plain }))
    }

    /// Positions in order; values: those of the conditions, limit, offset.
    pub(super) fn positions(&self) -> String {
        let (index, conditions) = (self.index, self.conditions.sql());
        format!(
            "SELECT e.position FROM events e {index} WHERE {conditions}
             ORDER BY e.time DESC, e.position DESC LIMIT ? OFFSET ?"
        )
    }

    /// How many there are; values: those of the conditions, and how far to count.
    pub(super) fn count(&self) -> String {
        let (index, conditions) = (self.index, self.conditions.sql());
        format!("SELECT COUNT(*) FROM (SELECT 1 FROM events e {index} WHERE {conditions} LIMIT ?)")
    }

    /// How many there are, from the counts that are kept; its values.
    pub(super) fn exact_count(&self) -> Option<(&'static str, Vec<Value>)> {
        let shown = "SELECT SUM(n) FROM event_counts c
                     WHERE (project = 0 OR EXISTS (SELECT 1 FROM projects WHERE id = c.project AND dead = 0))";
        let shown_of_kind = "SELECT SUM(n) FROM event_counts c WHERE kind = ?
                     AND (project = 0 OR EXISTS (SELECT 1 FROM projects WHERE id = c.project AND dead = 0))";
        self.plain.clone().map(|plain| match plain {
            (None, None) => (shown, Vec::new()),
            (None, Some(kind)) => (shown_of_kind, vec![Value::Text(kind)]),
            (Some(project), None) => {
                ("SELECT SUM(n) FROM event_counts WHERE project = ?", vec![Value::Integer(project)])
            }
            (Some(project), Some(kind)) => (
                "SELECT n FROM event_counts WHERE project = ? AND kind = ?",
                vec![Value::Integer(project), Value::Text(kind)],
            ),
        })
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
fn has_text(conditions: &mut Conditions, filter: &PathFilter) {
    let path: String = std::iter::once("$".to_owned()).chain(filter.path.iter().map(|key| step(key))).collect();
    let values = serde_json::Value::from(filter.values.clone()).to_string();
    conditions.bind(
        "json_type(e.json, ?) = 'text' AND json_extract(e.json, ?) IN (SELECT value FROM json_each(?))",
        [Value::Text(path.clone()), Value::Text(path), Value::Text(values)],
    );
}

/// A key as a step of a path: quoted and escaped as in JSON, which is how `SQLite` compares it.
fn step(key: &str) -> String {
    format!(".{}", serde_json::Value::from(key))
}
