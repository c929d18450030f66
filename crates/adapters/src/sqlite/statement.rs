//! Statements, prepared once for each connection.

use rusqlite::{Connection, Params, Row};

use super::trouble::{Doing, Trouble};

#[cfg(test)]
thread_local! {
    /// Every statement of this thread, so that a test can see how it is carried out.
    pub(super) static SEEN: std::cell::RefCell<std::collections::BTreeSet<String>> = std::cell::RefCell::default();
}

/// Prepares a statement, or takes it from those that are.
fn prepare<'c>(
    connection: &'c Connection,
    doing: &'static str,
    sql: &str,
) -> Result<rusqlite::CachedStatement<'c>, Trouble> {
    #[cfg(test)]
    SEEN.with_borrow_mut(|seen| seen.insert(sql.to_owned()));
    connection.prepare_cached(sql).doing(doing)
}

/// The first row of an answer.
pub(super) fn one<T>(
    connection: &Connection,
    doing: &'static str,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>, Trouble> {
    let mut statement = prepare(connection, doing, sql)?;
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
    let mut statement = prepare(connection, doing, sql)?;
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
    prepare(connection, doing, sql)?.execute(params).doing(doing)
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
