//! The `WHERE` of a question, put together from the fields of a filter that are set.

use capstan_runtime::ports::{Page, Slice};
use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, Row};

use super::column;
use super::statement;
use super::trouble::Trouble;

/// What a list shows, of what, in which order; each as it stands in SQL behind its keyword.
pub(super) struct List<'a> {
    pub(super) columns: &'a str,
    pub(super) from: &'a str,
    pub(super) order: &'a str,
}

/// Conditions that all have to hold, with their values in order.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    sql: String,
    values: Vec<Value>,
}

impl Conditions {
    /// A condition without a value.
    pub(super) fn add(&mut self, sql: &str) {
        if !self.sql.is_empty() {
            self.sql.push_str(" AND ");
        }
        self.sql.push_str(sql);
    }

    /// A condition with a value for each of its question marks.
    pub(super) fn bind<const N: usize>(&mut self, sql: &str, values: [Value; N]) {
        self.add(sql);
        self.values.extend(values);
    }

    /// A text that has to stand in a column, if it is set.
    pub(super) fn equal(&mut self, column: &str, text: Option<&String>) {
        if let Some(text) = text {
            self.bind(&format!("{column} = ?"), [Value::Text(text.clone())]);
        }
    }

    /// Bounds of a time, neither of them included.
    pub(super) fn between(&mut self, column: &str, after: Option<Timestamp>, before: Option<Timestamp>) {
        for (time, relation) in [(after, '>'), (before, '<')] {
            if let Some(time) = time {
                self.bind(&format!("{column} {relation} ?"), [Value::Integer(column::from_time(time))]);
            }
        }
    }

    /// What stands behind `WHERE`.
    pub(super) fn sql(&self) -> &str {
        if self.sql.is_empty() { "TRUE" } else { &self.sql }
    }

    /// The values.
    pub(super) fn given(&self) -> &[Value] {
        &self.values
    }

    /// The values, and behind them others.
    pub(super) fn values<const N: usize>(&self, further: [i64; N]) -> impl rusqlite::Params + use<N> {
        rusqlite::params_from_iter(self.values.clone().into_iter().chain(further.map(Value::Integer)))
    }

    /// A part of a list, and the exact length of the whole.
    pub(super) fn page<T>(
        &self,
        connection: &Connection,
        doing: &'static str,
        list: &List<'_>,
        slice: Slice,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Page<T>, Trouble> {
        let List { columns, from, order } = list;
        let sql = format!("SELECT {columns} FROM {from} WHERE {} ORDER BY {order} LIMIT ? OFFSET ?", self.sql());
        let values = self.values([column::from_count(slice.limit), column::from_count(slice.offset)]);
        let items = statement::all(connection, doing, &sql, values, read)?;
        let total = total(slice, items.len(), || {
            let sql = format!("SELECT COUNT(*) FROM {from} WHERE {}", self.sql());
            statement::number(connection, doing, &sql, self.values([]))
        })?;
        Ok(Page { items, total })
    }
}

/// The length of the whole; it has to be counted only where the part does not reach its end.
pub(super) fn total(slice: Slice, items: usize, count: impl FnOnce() -> Result<u64, Trouble>) -> Result<u64, Trouble> {
    let items = items as u64;
    let is_at_end = items < slice.limit && (items > 0 || slice.offset == 0);
    if is_at_end { Ok(slice.offset + items) } else { count() }
}
