//! That events of a context are found wherever it is noted that they are of it.

mod ops;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use capstan_model::event::CloudEvent;
use capstan_runtime::conformance;
use capstan_runtime::memory::MemoryStore;
use capstan_runtime::ports::{EventFilter, Retention, Slice, Store, StoreReader, StoreTx};
use proptest::prelude::*;
use rusqlite::{Connection, params};
use serde_json::json;
use tempfile::TempDir;

use super::super::SqliteStore;
use super::super::contexts::{Merge, key};
use super::super::migrate::{STEPS, migrate, migrate_by};
use super::super::open;
use super::super::statement;
use super::{at, over};
use ops::{Op, apply, carry_out, project, transactions};

/// A store, and somebody who looks beside it.
struct Lab {
    store: SqliteStore,
    beside: Connection,
    path: PathBuf,
    _directory: TempDir,
}

/// An event as its row has it.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    position: i64,
    time: i64,
    project: Option<i64>,
    context: Option<String>,
    is_root: bool,
    is_shown: bool,
}

impl Lab {
    fn new(limit: usize) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.db");
        let store = SqliteStore::open_with(&path, Merge::new(limit)).unwrap();
        let beside = open::looking(&path).unwrap();
        Self { store, beside, path, _directory: directory }
    }

    fn commit<T>(&mut self, work: impl FnOnce(&mut dyn StoreTx) -> T) -> T {
        let mut tx = self.store.begin().unwrap();
        let done = work(&mut *tx);
        tx.commit().unwrap();
        done
    }

    /// All events, without any index.
    fn rows(&self) -> Vec<Row> {
        let sql = "SELECT position, time, project, context, root,
                       project IS NULL OR (SELECT dead = 0 FROM projects WHERE id = events.project)
                   FROM events NOT INDEXED ORDER BY position";
        statement::all(&self.beside, "look", sql, [], |row| {
            let (position, time, project, context) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
            Ok(Row { position, time, project, context, is_root: row.get(4)?, is_shown: row.get(5)? })
        })
        .unwrap()
    }

    fn found(&self, context: &str) -> Vec<i64> {
        positions(&*self.store.reader(), context)
    }

    /// Each context leads to its events.
    fn check_answers(&self) {
        let rows = self.rows();
        for context in CONTEXTS {
            let mut expected: Vec<&Row> =
                rows.iter().filter(|row| row.is_shown && row.context.as_deref() == Some(context)).collect();
            expected.sort_by_key(|row| std::cmp::Reverse((row.time, row.position)));
            assert_eq!(self.found(context), expected.iter().map(|row| row.position).collect::<Vec<_>>(), "{context}");
        }
    }

    /// What is noted is all there is, and nothing but that.
    fn check_notes(&self) {
        let all = self.rows().into_iter().filter_map(|row| Some((key(&row.context?), row.position)));
        let all: BTreeSet<_> = all.collect();
        let (table, mark) = noted(&self.beside);
        let noted: BTreeSet<_> = table.union(&self.store.merge.memtable().entries()).copied().collect();
        assert_eq!(noted, all);
        let claimed: BTreeSet<_> = all.iter().filter(|(_, position)| *position <= mark).copied().collect();
        assert!(table.is_superset(&claimed), "up to {mark} there is more than {table:?}: {claimed:?}");
    }
}

/// The table, and the position up to which it says that it has all.
fn noted(connection: &Connection) -> (BTreeSet<(i64, i64)>, i64) {
    let sql = "SELECT key, position FROM contexts";
    let entries = statement::all(connection, "look", sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let sql = "SELECT position FROM context_mark";
    (entries.into_iter().collect(), connection.query_row(sql, [], |row| row.get(0)).unwrap())
}

/// Positions of a list, newest first.
fn positions(reader: &dyn StoreReader, context: &str) -> Vec<i64> {
    let filter = EventFilter { context: Some(context.to_owned()), ..EventFilter::default() };
    let page = reader.events(&filter, Slice::ALL).unwrap();
    assert_eq!(page.total, page.items.len() as u64);
    assert!(page.items.iter().all(|item| item.event.context.as_deref() == Some(context)));
    page.items.iter().map(|item| item.position as i64).collect()
}

fn event(context: Option<&str>, seconds: u64) -> CloudEvent {
    let mut event = CloudEvent::from_json(json!({"id": "e", "type": "t", "time": at(seconds).to_string()})).unwrap();
    event.context = context.map(str::to_owned);
    event
}

const CONTEXTS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn what_is_noted_is_what_the_events_say(limit in 0..7_usize, transactions in transactions()) {
        let mut lab = Lab::new(limit);
        for (ops, end) in &transactions {
            let expected = carry_out(&mut lab, ops, *end);
            let shown: Vec<Row> = lab.rows().into_iter().filter(|row| row.is_shown).collect();
            prop_assert_eq!(shown, expected);
            lab.check_answers();
            lab.check_notes();
        }
        // Nothing is left of what is removed.
        while lab.commit(|tx| tx.purge(at(9), 3).unwrap()) {}
        lab.check_answers();
        lab.check_notes();
    }
}

proptest! {
    #[test]
    fn the_mark_never_claims_what_is_not_in_the_table(
        limit in 0..9_usize,
        commits in prop::collection::vec(prop::collection::vec(0..12_i64, 0..6), 1..60),
    ) {
        let connection = Connection::open_in_memory().unwrap();
        migrate(&connection).unwrap();
        let (mut merge, mut all, mut marks) = (Merge::new(limit), BTreeSet::new(), 0);
        for keys in &commits {
            let transaction = connection.unchecked_transaction().unwrap();
            let mut change = merge.begin();
            let entries: Vec<_> = keys.iter().zip(all.len() as i64 + 1..).map(|(key, position)| (*key, position)).collect();
            for (key, position) in &entries {
                change.add(*key, *position);
            }
            let next = merge.prepare(&connection, &mut change).unwrap();
            transaction.commit().unwrap();
            merge.finish(&next);
            all.extend(entries);
            let (table, mark) = noted(&connection);
            prop_assert!(all.iter().all(|entry| entry.1 > mark || table.contains(entry)), "{mark}: {table:?} of {all:?}");
            prop_assert_eq!(table.union(&merge.memtable().entries()).copied().collect::<BTreeSet<_>>(), all.clone());
            prop_assert!(mark >= marks);
            marks = mark;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// With so little in memory that each commit moves something.
    #[test]
    fn it_answers_as_the_store_in_memory_does(limit in 0..3_usize, ops in conformance::ops()) {
        let mut lab = Lab::new(limit);
        conformance::differential(&mut MemoryStore::new(), &mut lab.store, &ops);
        lab.check_notes();
    }
}

#[test]
fn what_is_in_memory_and_what_is_read_at_a_start_have_bounds() {
    const LIMIT: u64 = 32;
    let mut lab = Lab::new(LIMIT as usize);
    let mut farthest = 0;
    for n in 0..400 {
        let many = 1 + n % 3;
        lab.commit(|tx| {
            for of in 0..many {
                tx.append_event(None, &event(Some(&format!("{n}-{of}")), 0)).unwrap();
            }
        });
        let in_memory = lab.store.merge.memtable().entries().len() as u64;
        assert!(in_memory <= LIMIT + 3, "{in_memory}");
        let sql = "SELECT MAX(e.position) - m.position FROM events e, context_mark m";
        farthest = farthest.max(statement::number(&lab.beside, "look", sql, []).unwrap());
        if n % 150 == 149 {
            // What is read anew is moved bit by bit, and most of it is in the table.
            lab.store.reopen().unwrap();
            for further in 0..6 * LIMIT {
                let context = format!("{n}-further-{further}");
                lab.commit(|tx| tx.append_event(None, &event(Some(&context), 0)).unwrap());
            }
        }
    }
    assert!((2 * LIMIT..=5 * LIMIT).contains(&farthest), "{farthest}");
    lab.check_notes();
}

/// Each look is at what was committed before it, while the writer moves it from place to place.
#[test]
fn what_was_committed_is_found_whatever_the_writer_does_meanwhile() {
    const COMMITS: u64 = 500;
    let directory = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open_with(&directory.path().join("store.db"), Merge::new(8)).unwrap();
    let (reader, committed) = (store.reader(), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let looks: Vec<_> = (0..4_u64)
            .map(|number| {
                let (reader, committed) = (&reader, &committed);
                scope.spawn(move || {
                    let mut looks = 0;
                    loop {
                        let known = committed.load(Ordering::Acquire);
                        if known > 0 {
                            // The newest, and one of those that are being moved.
                            let back = (looks * (number + 1)) % known.min(40);
                            let position = known - back;
                            assert_eq!(positions(&**reader, &format!("c-{position}")), [position as i64]);
                            looks += 1;
                        }
                        if known == COMMITS {
                            break looks;
                        }
                    }
                })
            })
            .collect();
        for n in 1..=COMMITS {
            let mut tx = store.begin().unwrap();
            tx.append_event(None, &event(Some(&format!("c-{n}")), 0)).unwrap();
            tx.commit().unwrap();
            committed.store(n, Ordering::Release);
        }
        for look in looks {
            assert!(look.join().unwrap() > 0);
        }
    });
}

/// As two contexts with one key: it is noted of the events of one that they are of the other, too.
#[test]
fn events_of_another_context_with_the_same_key_are_told_apart() {
    for (in_memory, limit) in [(true, 100), (false, 0)] {
        let mut lab = Lab::new(limit);
        let shop = lab.commit(|tx| {
            let shop = project(tx, 0).unwrap();
            tx.append_event(Some(shop), &event(Some("theirs"), 0)).unwrap();
            shop
        });
        if in_memory {
            let mut change = lab.store.merge.begin();
            change.add(key("ours"), 1);
            let next = lab.store.merge.prepare(lab.store.writer.as_ref().unwrap(), &mut change).unwrap();
            lab.store.merge.finish(&next);
        } else {
            let writer = lab.store.writer.as_ref().unwrap();
            writer.execute("INSERT INTO contexts (key, position) VALUES (?, 1)", [key("ours")]).unwrap();
        }
        assert!(lab.found("ours").is_empty());
        lab.commit(|tx| {
            tx.append_event(Some(shop), &event(Some("ours"), 0)).unwrap();
            tx.append_event(Some(shop), &event(Some("ours"), 0)).unwrap();
        });
        assert_eq!(lab.rows().iter().map(|row| row.is_root).collect::<Vec<_>>(), [true, true, false]);
        assert_eq!((lab.found("ours"), lab.found("theirs")), (vec![3, 2], vec![1]));
        lab.commit(|tx| apply(tx, &Op::Expire(0, 0), &mut Vec::new()));
        lab.commit(|tx| {
            tx.put_run(shop, &over("ours")).unwrap();
            while tx.expire(at(9), Retention::default(), 5).unwrap() {}
            while tx.purge(at(9), 2).unwrap() {}
        });
        assert_eq!(lab.rows().iter().map(|row| row.position).collect::<Vec<_>>(), [1]);
    }
}

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
    drop(connection);
    let mut store = SqliteStore::open(&path).unwrap();
    let looks = |store: &SqliteStore| ["a", "b", "ü"].map(|context| positions(&*store.reader(), context));
    assert_eq!(looks(&store), [vec![4, 1], vec![], vec![5]]);
    let connection = open::looking(&path).unwrap();
    let number = |sql: &str| statement::number(&connection, "look", sql, []).unwrap();
    assert_eq!(number("SELECT COUNT(*) FROM contexts"), 3);
    assert_eq!(number("SELECT position FROM context_mark"), 5);
    let mut tx = store.begin().unwrap();
    for context in ["a", "b", "ü", "b"] {
        tx.append_event(Some(1), &event(Some(context), 0)).unwrap();
    }
    tx.commit().unwrap();
    let roots = "SELECT position FROM events WHERE root = 1 AND position > 5";
    let roots: Vec<i64> = statement::all(&connection, "look", roots, [], |row| row.get(0)).unwrap();
    assert_eq!(roots, [7]);
    drop(store);
    assert_eq!(looks(&SqliteStore::open(&path).unwrap()), [vec![6, 4, 1], vec![9, 7], vec![8, 5]]);
}

#[test]
fn a_copy_has_what_was_only_in_memory() {
    let mut lab = Lab::new(4);
    for n in 0..11 {
        lab.commit(|tx| tx.append_event(None, &event(Some(CONTEXTS[n % 6]), 0)).unwrap());
    }
    assert!(!lab.store.merge.memtable().entries().is_empty() && !noted(&lab.beside).0.is_empty());
    let copy = lab.path.with_file_name("copy.db");
    SqliteStore::copy(&lab.path, &copy).unwrap();
    let store = SqliteStore::open(&copy).unwrap();
    for context in CONTEXTS {
        assert_eq!(positions(&*store.reader(), context), lab.found(context));
    }
}
