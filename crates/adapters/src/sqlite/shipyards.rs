//! Texts of shipyards, interned by their hash.

use rusqlite::Connection;

use super::statement;
use super::trouble::Trouble;

/// The text of a shipyard.
pub(super) fn text(connection: &Connection, hash: &str) -> Result<Option<String>, Trouble> {
    let sql = "SELECT text FROM shipyards WHERE hash = ?";
    statement::one(connection, "read a shipyard", sql, [hash], |row| row.get(0))
}

/// Interns a text.
pub(super) fn put(connection: &Connection, hash: &str, text: &str) -> Result<(), Trouble> {
    let sql = "INSERT INTO shipyards (hash, text) VALUES (?, ?) ON CONFLICT (hash) DO UPDATE SET text = excluded.text
               WHERE text <> excluded.text";
    statement::run(connection, "write a shipyard", sql, [hash, text]).map(drop)
}
