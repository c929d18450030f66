//! What was answered, so that a second delivery gets the same.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::column;
use super::statement;
use super::trouble::Trouble;

/// What was answered under a key, if it is remembered still.
pub(super) fn one(connection: &Connection, key: &str) -> Result<Option<String>, Trouble> {
    let sql = "SELECT answer FROM answers WHERE key = ?";
    statement::one(connection, "look for an earlier answer", sql, [key], |row| row.get(0))
}

/// Remembers what is answered under a key.
pub(super) fn put(connection: &Connection, key: &str, answer: &str, until: Timestamp) -> Result<(), Trouble> {
    let sql = "INSERT INTO answers (key, answer, until) VALUES (?, ?, ?)
               ON CONFLICT (key) DO UPDATE SET answer = excluded.answer, until = excluded.until";
    statement::run(connection, "remember an answer", sql, params![key, answer, column::from_time(until)]).map(drop)
}
