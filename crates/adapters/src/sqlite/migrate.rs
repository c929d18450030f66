//! Brings a file to the schema of this version: forward only, one transaction a step.

use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};

use super::contexts;
use super::statement;
use super::trouble::{Doing, Trouble};

/// The steps, in order; what was shipped is never changed.
pub(super) const STEPS: [&str; 8] = [
    include_str!("schema/0001.sql"),
    include_str!("schema/0002.sql"),
    include_str!("schema/0003.sql"),
    include_str!("schema/0004.sql"),
    include_str!("schema/0005.sql"),
    include_str!("schema/0006.sql"),
    include_str!("schema/0007.sql"),
    include_str!("schema/0008.sql"),
];

/// Stands in the header of each of our files: 'CAPS'.
const APPLICATION: i64 = 0x4341_5053;

/// Refuses, without touching it, a file that is not ours or is of a newer version.
pub(super) fn check(connection: &Connection) -> Result<(), Trouble> {
    check_for(connection, STEPS.len())
}

/// Makes the steps that are missing.
pub(super) fn migrate(connection: &Connection) -> Result<(), Trouble> {
    migrate_by(connection, &STEPS)
}

fn check_for(connection: &Connection, known: usize) -> Result<(), Trouble> {
    let doing = "read the schema";
    let application: i64 = connection.query_row("PRAGMA application_id", [], |row| row.get(0)).doing(doing)?;
    let objects = statement::number(connection, doing, "SELECT COUNT(*) FROM sqlite_schema", [])?;
    if objects > 0 && application != APPLICATION {
        let why = "another program wrote it; name another file".to_owned();
        return Err(Trouble::Unreadable { what: "the database", why });
    }
    let found = version(connection)?;
    if found > known {
        let why = format!(
            "it is of version {found}, this program knows versions up to {known}; run the program that wrote it, or a \
             newer one"
        );
        return Err(Trouble::Unreadable { what: "the schema", why });
    }
    Ok(())
}

/// Makes those of some steps that are missing.
pub(super) fn migrate_by(connection: &Connection, steps: &[&str]) -> Result<(), Trouble> {
    let doing = "bring the schema up to date";
    for (at, step) in steps.iter().enumerate() {
        if at < version(connection)? {
            verify(connection, at + 1, step)?;
            continue;
        }
        connection.execute_batch("BEGIN IMMEDIATE").doing(doing)?;
        let done = apply(connection, at + 1, step).and_then(|()| connection.execute_batch("COMMIT").doing(doing));
        if done.is_err() && !connection.is_autocommit() {
            connection.execute_batch("ROLLBACK").doing(doing)?;
        }
        done?;
    }
    Ok(())
}

fn apply(connection: &Connection, number: usize, step: &str) -> Result<(), Trouble> {
    let doing = "bring the schema up to date";
    // Somebody else may have been faster.
    if version(connection)? >= number {
        return Ok(());
    }
    // What steps need that SQL does not have.
    let (name, flags) = ("context_key", FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC);
    let key = |call: &mut Context<'_>| Ok(contexts::key(call.get_raw(0).as_str()?));
    connection.create_scalar_function(name, 1, flags, key).doing(doing)?;
    let sql = "CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY, checksum TEXT NOT NULL) STRICT";
    connection.execute_batch(sql).doing(doing)?;
    connection.execute_batch(step).doing(doing)?;
    let sql = "INSERT INTO migrations (version, checksum) VALUES (?, ?)";
    statement::run(connection, doing, sql, rusqlite::params![number as i64, checksum(step)])?;
    connection.pragma_update(None, "application_id", APPLICATION).doing(doing)?;
    connection.pragma_update(None, "user_version", number as i64).doing(doing)
}

/// A step that was changed after it was shipped would leave files of one version with two shapes.
fn verify(connection: &Connection, number: usize, step: &str) -> Result<(), Trouble> {
    let sql = "SELECT checksum FROM migrations WHERE version = ?";
    let made = statement::one(connection, "read the schema", sql, [number as i64], |row| row.get::<_, String>(0))?;
    if made.as_deref() == Some(checksum(step).as_str()) {
        return Ok(());
    }
    let why = format!("its step {number} is not the one that this program knows; run the program that wrote it");
    Err(Trouble::Unreadable { what: "the schema", why })
}

fn version(connection: &Connection) -> Result<usize, Trouble> {
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).doing("read the schema")?;
    Ok(usize::try_from(version).unwrap_or(usize::MAX))
}

/// FNV-1a: tells an accident, not an attack.
fn checksum(text: &str) -> String {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that there is, as it was written.
    fn schema(connection: &Connection) -> Vec<(String, Option<String>)> {
        let sql = "SELECT name, sql FROM sqlite_schema ORDER BY name";
        statement::all(connection, "look", sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
    }

    fn refusal(done: Result<(), Trouble>) -> String {
        done.unwrap_err().at(std::path::Path::new("store.db")).to_string()
    }

    #[test]
    fn every_earlier_version_comes_to_the_same_schema_and_twice_is_once() {
        let fresh = Connection::open_in_memory().unwrap();
        migrate(&fresh).unwrap();
        for earlier in 0..=STEPS.len() {
            let connection = Connection::open_in_memory().unwrap();
            migrate_by(&connection, &STEPS[..earlier]).unwrap();
            assert_eq!(version(&connection).unwrap(), earlier);
            for _ in 0..2 {
                check(&connection).unwrap();
                migrate(&connection).unwrap();
                assert_eq!(version(&connection).unwrap(), STEPS.len());
                assert_eq!(schema(&connection), schema(&fresh));
            }
        }
    }

    #[test]
    fn a_step_that_fails_leaves_nothing() {
        let connection = Connection::open_in_memory().unwrap();
        assert!(migrate_by(&connection, &["CREATE TABLE a (b) STRICT; CREATE TABLE a (b);"]).is_err());
        assert_eq!(schema(&connection), []);
        assert_eq!(version(&connection).unwrap(), 0);
        migrate(&connection).unwrap();
    }

    #[test]
    fn a_newer_schema_is_refused_with_both_versions() {
        let connection = Connection::open_in_memory().unwrap();
        migrate_by(&connection, &[STEPS[0], "CREATE TABLE later (a TEXT) STRICT;"]).unwrap();
        assert_eq!(
            refusal(check_for(&connection, 1)),
            "the store holds what this version cannot read: the schema in 'store.db': it is of version 2, this program \
             knows versions up to 1; run the program that wrote it, or a newer one"
        );
    }

    #[test]
    fn a_changed_step_is_noticed() {
        let connection = Connection::open_in_memory().unwrap();
        migrate_by(&connection, &["CREATE TABLE a (b TEXT) STRICT;"]).unwrap();
        assert!(refusal(migrate(&connection)).contains("its step 1 is not the one"));
    }

    #[test]
    fn the_database_of_another_program_is_left_alone() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE theirs (a); PRAGMA user_version = 1").unwrap();
        assert!(refusal(check(&connection)).contains("another program wrote it"));
    }
}
