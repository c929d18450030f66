//! What is in files: of the version before, and in a copy of one that is written to.

use capstan_runtime::ports::Store as _;
use rusqlite::{Connection, params};
use serde_json::json;

use super::super::super::SqliteStore;
use super::super::super::migrate::{STEPS, migrate_by};
use super::super::super::{open, statement};
use super::super::at;
use super::ops::{project, state};
use super::{CONTEXTS, Lab, event, noted, positions, stated};

#[test]
fn a_file_of_the_version_before_is_noted_as_a_whole() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let connection = Connection::open(&path).unwrap();
    migrate_by(&connection, &STEPS[..5]).unwrap();
    connection.execute("INSERT INTO projects (id, name, created) VALUES (1, 'shop', 0)", []).unwrap();
    let contexts = [Some("a"), None, Some("b"), Some("a"), Some("ü")];
    for (n, context) in contexts.iter().enumerate() {
        let event = json!({"id": "e", "type": "t", "time": at(0), "shkeptncontext": context, "data": {}});
        let sql = "INSERT INTO events (project, time, root, id, kind, source, context, json) VALUES (1, 0, ?, 'e', 't', '', ?, ?)";
        connection.execute(sql, params![n != 3, context, event.to_string()]).unwrap();
    }
    connection.execute("DELETE FROM events WHERE position = 3", []).unwrap();
    for context in ["b", "a", "", "b"] {
        let sql = r#"INSERT INTO facts (project, context, at, json) VALUES (1, ?, 0, '{"fact": "slot_held"}')"#;
        connection.execute(sql, [context]).unwrap();
    }
    connection.execute("DELETE FROM facts WHERE position = 4", []).unwrap();
    drop(connection);
    let mut store = SqliteStore::open(&path).unwrap();
    let looks = |store: &SqliteStore| ["a", "b", "ü"].map(|context| positions(&*store.reader(), context));
    assert_eq!(looks(&store), [vec![4, 1], vec![], vec![5]]);
    let connection = open::looking(&path).unwrap();
    assert_eq!((noted(&connection, "event").0.len(), noted(&connection, "event").1), (3, 5));
    assert_eq!((noted(&connection, "fact").0.len(), noted(&connection, "fact").1), (3, 3));
    let facts = |store: &SqliteStore| ["a", "b", ""].map(|context| stated(&*store.reader(), 1, context));
    assert_eq!(facts(&store), [vec![2], vec![1], vec![3]]);
    let mut tx = store.begin().unwrap();
    for context in ["a", "b", "ü", "b"] {
        tx.append_event(Some(1), &event(Some(context), 0)).unwrap();
    }
    for context in ["a", "", "b"] {
        state(&mut *tx, Some(1), context, 0);
    }
    tx.commit().unwrap();
    let roots = "SELECT position FROM events WHERE root = 1 AND position > 5";
    let roots: Vec<i64> = statement::all(&connection, "look", roots, [], |row| row.get(0)).unwrap();
    assert_eq!(roots, [7]);
    drop(store);
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(looks(&store), [vec![6, 4, 1], vec![9, 7], vec![8, 5]]);
    assert_eq!(facts(&store), [vec![2, 5], vec![1, 7], vec![3, 6]]);
}

#[test]
fn a_copy_has_what_was_only_in_memory() {
    let mut lab = Lab::new(4);
    for n in 0..11 {
        lab.commit(|tx| {
            tx.append_event(None, &event(Some(CONTEXTS[n % 6]), 0)).unwrap();
            let shop = project(tx, 0);
            state(tx, shop, CONTEXTS[n % 6], 0);
        });
    }
    for (of, merge) in [("event", &lab.store.merges.events), ("fact", &lab.store.merges.facts)] {
        assert!(!merge.memtable().entries().is_empty() && !noted(&lab.beside, of).0.is_empty());
    }
    let copy = lab.path.with_file_name("copy.db");
    SqliteStore::copy(&lab.path, &copy).unwrap();
    let store = SqliteStore::open(&copy).unwrap();
    for context in CONTEXTS {
        assert_eq!(positions(&*store.reader(), context), lab.found(context));
        assert_eq!(stated(&*store.reader(), 1, context), stated(&*lab.store.reader(), 1, context));
    }
}
