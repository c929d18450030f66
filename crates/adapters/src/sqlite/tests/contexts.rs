//! That events and facts of a context are found wherever it is noted that they are of it.

mod burial;
mod files;
mod ops;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use capstan_model::event::CloudEvent;
use capstan_runtime::conformance;
use capstan_runtime::memory::MemoryStore;
use capstan_runtime::ports::{EventFilter, ProjectId, Retention, Slice, Store, StoreReader, StoreTx};
use proptest::prelude::*;
use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;

use super::super::SqliteStore;
use super::super::contexts::{Merges, key};
use super::super::listed;
use super::super::migrate::migrate;
use super::super::open;
use super::super::statement::{self, SEEN};
use super::{at, earlier, over, plan};
use ops::{Op, Rows, apply, carry_out, project, state, transactions};

/// A store, and somebody who looks beside it.
struct Lab {
    store: SqliteStore,
    beside: Connection,
    path: PathBuf,
    _directory: TempDir,
}

/// An event or a fact as its row has it.
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
        let store = SqliteStore::open_with(&path, Merges::new(limit), limit as u64).unwrap();
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
        self.look(
            "SELECT position, time, project, context, root,
                 project IS NULL OR EXISTS (SELECT 1 FROM projects WHERE id = events.project AND dead = 0)
             FROM events NOT INDEXED ORDER BY position",
        )
    }

    /// All facts.
    fn facts(&self) -> Vec<Row> {
        self.look(
            "SELECT position, at, project, context, 0,
                 project IS NULL OR EXISTS (SELECT 1 FROM projects WHERE id = facts.project AND dead = 0)
             FROM facts NOT INDEXED ORDER BY position",
        )
    }

    fn look(&self, sql: &str) -> Vec<Row> {
        statement::all(&self.beside, "look", sql, [], |row| {
            let (position, time, project, context) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
            Ok(Row { position, time, project, context, is_root: row.get(4)?, is_shown: row.get(5)? })
        })
        .unwrap()
    }

    fn found(&self, context: &str) -> Vec<i64> {
        positions(&*self.store.reader(), context)
    }

    /// Each context leads to its events and to its facts.
    fn check_answers(&self) {
        let (rows, facts) = (self.rows(), self.facts());
        let projects: BTreeSet<i64> = facts.iter().filter(|row| row.is_shown).filter_map(|row| row.project).collect();
        for context in CONTEXTS {
            let mut expected: Vec<&Row> =
                rows.iter().filter(|row| row.is_shown && row.context.as_deref() == Some(context)).collect();
            expected.sort_by_key(|row| std::cmp::Reverse((row.time, row.position)));
            assert_eq!(self.found(context), expected.iter().map(|row| row.position).collect::<Vec<_>>(), "{context}");
        }
        for (context, project) in
            CONTEXTS.iter().chain([&""]).flat_map(|context| projects.iter().map(move |id| (context, *id)))
        {
            let is_of = |row: &&Row| row.project == Some(project) && row.context.as_deref() == Some(context);
            let expected: Vec<i64> = facts.iter().filter(is_of).map(|row| row.position).collect();
            assert_eq!(stated(&*self.store.reader(), project as u64, context), expected, "'{context}' in {project}");
        }
    }

    /// What is listed and counted is all there is up to the last that is.
    fn check_lists(&self) {
        let last = listed::LAST;
        let columns = "position, project, time, id, kind, stage, service";
        for sql in [
            format!("SELECT {columns} FROM listed_events EXCEPT SELECT {columns} FROM events"),
            format!("SELECT {columns} FROM events WHERE position <= {last} EXCEPT SELECT {columns} FROM listed_events"),
            "SELECT COALESCE(project, 0), kind, COUNT(*) FROM listed_events GROUP BY 1, 2
             EXCEPT SELECT project, kind, n FROM event_counts"
                .to_owned(),
        ] {
            let differs = format!("SELECT COUNT(*) FROM ({sql})");
            assert_eq!(statement::number(&self.beside, "look", &differs, []).unwrap(), 0, "{sql}");
        }
        let [counted, all] = ["SELECT SUM(n) FROM event_counts", "SELECT COUNT(*) FROM listed_events"]
            .map(|sql| statement::number(&self.beside, "look", sql, []).unwrap());
        assert_eq!(counted, all);
    }

    /// What is noted is all there is, and nothing but that.
    fn check_notes(&self) {
        self.check_lists();
        for (of, rows, merge) in
            [("event", self.rows(), &self.store.merges.events), ("fact", self.facts(), &self.store.merges.facts)]
        {
            let all = rows.into_iter().filter_map(|row| Some((key(&row.context?), row.position)));
            let all: BTreeSet<_> = all.collect();
            let (table, mark) = noted(&self.beside, of);
            let noted: BTreeSet<_> = table.union(&merge.memtable().entries()).copied().collect();
            assert_eq!(noted, all, "{of}");
            let claimed: BTreeSet<_> = all.iter().filter(|(_, position)| *position <= mark).copied().collect();
            assert!(table.is_superset(&claimed), "up to {mark} there is more than {table:?}: {claimed:?}");
        }
    }
}

/// The table of events or facts, and the position up to which it says that it has all.
fn noted(connection: &Connection, of: &str) -> (BTreeSet<(i64, i64)>, i64) {
    let sql = format!("SELECT key, position FROM {of}_contexts");
    let entries = statement::all(connection, "look", &sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let sql = format!("SELECT position FROM context_marks WHERE of = '{of}s'");
    (entries.into_iter().collect(), connection.query_row(&sql, [], |row| row.get(0)).unwrap())
}

/// Positions of the facts of a context.
fn stated(reader: &dyn StoreReader, project: ProjectId, context: &str) -> Vec<i64> {
    reader.facts(project, context).unwrap().iter().map(|fact| fact.position as i64).collect()
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
    fn what_is_noted_is_what_the_rows_say(limit in 0..7_usize, transactions in transactions()) {
        let mut lab = Lab::new(limit);
        let mut rows = Rows::default();
        let shown = |rows: Vec<Row>| rows.into_iter().filter(|row| row.is_shown).collect::<Vec<_>>();
        for (ops, end) in &transactions {
            carry_out(&mut lab, ops, *end, &mut rows);
            prop_assert_eq!(&shown(lab.rows()), &rows.events);
            let facts = lab.facts();
            prop_assert!(rows.facts.iter().all(|row| facts.contains(row)), "{:?} of {:?}", facts, rows.facts);
            lab.check_answers();
            lab.check_notes();
        }
        // Nothing is left of what is removed.
        while lab.commit(|tx| tx.purge(at(9), 3).unwrap()) {}
        prop_assert_eq!(lab.facts(), rows.facts);
        prop_assert!(lab.rows().iter().all(|row| row.is_shown));
        lab.check_answers();
        lab.check_notes();
    }
}

proptest! {
    #[test]
    fn the_mark_never_claims_what_is_not_in_the_table(
        limit in 0..9_usize,
        commits in prop::collection::vec(prop::collection::vec((any::<bool>(), 0..12_i64), 0..9), 1..60),
    ) {
        let connection = Connection::open_in_memory().unwrap();
        migrate(&connection).unwrap();
        let mut merges = Merges::new(limit);
        let mut of_both = [("event", BTreeSet::new(), 0), ("fact", BTreeSet::new(), 0)];
        for commit in &commits {
            let transaction = connection.unchecked_transaction().unwrap();
            let mut changes = merges.begin();
            for (is_fact, key) in commit {
                let (_, all, _) = &mut of_both[usize::from(*is_fact)];
                let position = all.len() as i64 + 1;
                let change = if *is_fact { &mut changes.facts } else { &mut changes.events };
                change.add(*key, position);
                all.insert((*key, position));
            }
            let next = merges.prepare(&connection, &mut changes).unwrap();
            transaction.commit().unwrap();
            merges.finish(&next);
            for ((of, all, marked), merge) in of_both.iter_mut().zip([&merges.events, &merges.facts]) {
                let (table, mark) = noted(&connection, of);
                prop_assert!(all.iter().all(|entry| entry.1 > mark || table.contains(entry)), "{mark}: {table:?} of {all:?}");
                prop_assert_eq!(&table.union(&merge.memtable().entries()).copied().collect::<BTreeSet<_>>(), all);
                prop_assert!(mark >= *marked);
                *marked = mark;
            }
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
    let append = |tx: &mut dyn StoreTx, context: &str| {
        tx.append_event(None, &event(Some(context), 0)).unwrap();
        state(tx, None, context, 0);
    };
    let mut lab = Lab::new(LIMIT as usize);
    let mut farthest = [0, 0];
    for n in 0..400 {
        let many = 1 + n % 3;
        lab.commit(|tx| (0..many).for_each(|of| append(tx, &format!("{n}-{of}"))));
        for merge in [&lab.store.merges.events, &lab.store.merges.facts] {
            let in_memory = merge.memtable().entries().len() as u64;
            assert!(in_memory <= LIMIT + 3, "{in_memory}");
        }
        for (at, of) in ["events", "facts"].iter().enumerate() {
            let sql = format!("SELECT MAX(r.position) - m.position FROM {of} r, context_marks m WHERE m.of = '{of}'");
            farthest[at] = farthest[at].max(statement::number(&lab.beside, "look", &sql, []).unwrap());
        }
        if n % 150 == 149 {
            // What is read anew is moved bit by bit, and most of it is in the table.
            lab.store.reopen().unwrap();
            for further in 0..6 * LIMIT {
                lab.commit(|tx| append(tx, &format!("{n}-further-{further}")));
            }
        }
    }
    assert!(farthest.iter().all(|behind| (2 * LIMIT..=5 * LIMIT).contains(behind)), "{farthest:?}");
    lab.check_notes();
}

/// Also where the facts of a sequence are folded, for those who look and for the writer alike.
#[test]
fn facts_of_a_context_are_found_by_its_key_and_no_others_are_read() {
    let (_directory, path) = earlier::written();
    let mut store = SqliteStore::open(&path).unwrap();
    let reader = store.reader();
    SEEN.take();
    assert!(!reader.facts(1, "run").unwrap().is_empty());
    assert!(reader.sequence("task").unwrap().is_some());
    assert!(store.begin().unwrap().sequence("task").unwrap().is_some());
    let asked = SEEN.take();
    let asked: Vec<&String> = asked.iter().filter(|sql| sql.contains("FROM facts")).collect();
    assert_eq!(asked.len(), 2, "{asked:?}");
    let connection = open::looking(&path).unwrap();
    for sql in asked {
        let details = plan(&connection, sql);
        let steps =
            ["SEARCH facts USING INTEGER PRIMARY KEY (rowid=?)", "SEARCH fact_contexts USING PRIMARY KEY (key=?"];
        for step in steps {
            assert_eq!(details.iter().filter(|detail| detail.starts_with(step)).count(), 1, "{details:?}\n{sql}");
        }
        assert!(!details.iter().any(|detail| detail.contains("ORDER BY")), "{details:?}\n{sql}");
    }
}

/// Each look is at what was committed before it, while the writer moves it from place to place.
#[test]
fn what_was_committed_is_found_whatever_the_writer_does_meanwhile() {
    const COMMITS: u64 = 500;
    let directory = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open_with(&directory.path().join("store.db"), Merges::new(8), 8).unwrap();
    let (reader, committed) = (store.reader(), AtomicU64::new(0));
    let mut tx = store.begin().unwrap();
    let shop = project(&mut *tx, 0).unwrap();
    tx.commit().unwrap();
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
                            let context = format!("c-{position}");
                            assert_eq!(positions(&**reader, &context), [position as i64]);
                            assert_eq!(stated(&**reader, shop, &context), [position as i64]);
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
            let context = format!("c-{n}");
            tx.append_event(Some(shop), &event(Some(&context), 0)).unwrap();
            state(&mut *tx, Some(shop), &context, 0);
            tx.commit().unwrap();
            committed.store(n, Ordering::Release);
        }
        for look in looks {
            assert!(look.join().unwrap() > 0);
        }
    });
}

/// As two contexts with one key: it is noted of what is of one that it is of the other, too.
#[test]
fn what_is_of_another_context_with_the_same_key_is_told_apart() {
    for (in_memory, limit) in [(true, 100), (false, 0)] {
        let mut lab = Lab::new(limit);
        let shop = lab.commit(|tx| {
            let shop = project(tx, 0).unwrap();
            tx.append_event(Some(shop), &event(Some("theirs"), 0)).unwrap();
            state(tx, Some(shop), "theirs", 0);
            shop
        });
        let writer = lab.store.writer.as_ref().unwrap();
        if in_memory {
            let mut changes = lab.store.merges.begin();
            changes.events.add(key("ours"), 1);
            changes.facts.add(key("ours"), 1);
            let next = lab.store.merges.prepare(writer, &mut changes).unwrap();
            lab.store.merges.finish(&next);
        } else {
            writer.execute("INSERT INTO event_contexts (key, position) VALUES (?, 1)", [key("ours")]).unwrap();
            writer.execute("INSERT INTO fact_contexts (key, position) VALUES (?, 1)", [key("ours")]).unwrap();
        }
        let facts = |lab: &Lab, context| stated(&*lab.store.reader(), shop, context);
        assert!(lab.found("ours").is_empty() && facts(&lab, "ours").is_empty());
        lab.commit(|tx| {
            for _ in 0..2 {
                tx.append_event(Some(shop), &event(Some("ours"), 0)).unwrap();
                state(tx, Some(shop), "ours", 0);
            }
        });
        assert_eq!(lab.rows().iter().map(|row| row.is_root).collect::<Vec<_>>(), [true, true, false]);
        assert_eq!((lab.found("ours"), lab.found("theirs")), (vec![3, 2], vec![1]));
        assert_eq!((facts(&lab, "ours"), facts(&lab, "theirs")), (vec![2, 3], vec![1]));
        lab.commit(|tx| apply(tx, &Op::Expire(0, 0), &mut Rows::default()));
        lab.commit(|tx| {
            tx.put_run(shop, &over("ours")).unwrap();
            while tx.expire(at(9), Retention::default(), 5).unwrap() {}
            while tx.purge(at(9), 2).unwrap() {}
        });
        assert_eq!(lab.rows().iter().map(|row| row.position).collect::<Vec<_>>(), [1]);
        assert_eq!(lab.facts().iter().map(|row| row.position).collect::<Vec<_>>(), [1]);
    }
}
