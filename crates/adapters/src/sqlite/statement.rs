//! Statements, prepared once for each connection.

use rusqlite::{Connection, Params, Row};

use super::trouble::{Doing, Trouble};

/// The first row of an answer.
pub(super) fn one<T>(
    connection: &Connection,
    doing: &'static str,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>, Trouble> {
    let mut statement = connection.prepare_cached(sql).doing(doing)?;
    let mut rows = statement.query(params).doing(doing)?;
    rows.next().and_then(|row| row.map(read).transpose()).doing(doing)
}

/// All rows of an answer.
pub(super) fn all<T>(
    connection: &Connection,
    doing: &'static str,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, Trouble> {
    let mut statement = connection.prepare_cached(sql).doing(doing)?;
    let rows = statement.query_map(params, read).doing(doing)?;
    rows.collect::<rusqlite::Result<_>>().doing(doing)
}

/// Writes, and says how many rows that concerned.
pub(super) fn run(
    connection: &Connection,
    doing: &'static str,
    sql: &str,
    params: impl Params,
) -> Result<usize, Trouble> {
    connection.prepare_cached(sql).and_then(|mut statement| statement.execute(params)).doing(doing)
}

/// A number that is always there, such as a count.
pub(super) fn number(
    connection: &Connection,
    doing: &'static str,
    sql: &str,
    params: impl Params,
) -> Result<u64, Trouble> {
    let number = one(connection, doing, sql, params, |row| row.get::<_, Option<i64>>(0))?;
    Ok(number.flatten().map_or(0, |number| number as u64))
}
