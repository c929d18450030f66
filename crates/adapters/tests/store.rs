//! The embedded store on a real disk.

#![allow(clippy::unwrap_used, reason = "this is test code")]

use std::path::Path;
use std::sync::Mutex;

use capstan_adapters::sqlite::SqliteStore;
use capstan_model::event::CloudEvent;
use capstan_model::event::rest::RestEvent;
use capstan_runtime::conformance;
use capstan_runtime::memory::MemoryStore;
use capstan_runtime::ports::{
    Configuration, EventFilter, OfferFilter, OpenTask, Page, PathFilter, Slice, Store, StoreError, StoredEvent,
};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + seconds).unwrap()
}

fn event(id: &str) -> CloudEvent {
    CloudEvent::from_json(json!({"id": id, "type": "t", "time": at(0).to_string(), "data": {"project": "shop"}}))
        .unwrap()
}

fn add_event(store: &mut SqliteStore, id: &str) {
    let mut tx = store.begin().unwrap();
    tx.append_event(None, &event(id)).unwrap();
    tx.commit().unwrap();
}

fn events(store: &dyn Store) -> Page<StoredEvent> {
    store.reader().events(&EventFilter::default(), Slice::ALL).unwrap()
}

fn directory() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn refusal(path: &Path) -> String {
    SqliteStore::open(path).map(drop).unwrap_err().to_string()
}

#[test]
fn it_does_what_every_store_has_to_do() {
    // Stores outlive the function that makes them, so their directories have to.
    let directories = Mutex::new(Vec::new());
    conformance::run_all(&|| {
        let directory = directory();
        let store = SqliteStore::open(&directory.path().join("store.db")).unwrap();
        directories.lock().unwrap().push(directory);
        Box::new(store)
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn it_answers_as_the_store_in_memory_does(ops in conformance::ops()) {
        let directory = directory();
        let mut store = SqliteStore::open(&directory.path().join("store.db")).unwrap();
        conformance::differential(&mut MemoryStore::new(), &mut store, &ops);
    }
}

/// One of a few words, or none.
fn word(prefix: &'static str) -> impl Strategy<Value = Option<String>> {
    prop::option::of((0..3_u8).prop_map(move |n| format!("{prefix}{n}")))
}

/// A time, or none.
fn time() -> impl Strategy<Value = Option<Timestamp>> {
    prop::option::of((0..6_i64).prop_map(at))
}

fn a_project_and_an_event() -> impl Strategy<Value = (Option<String>, CloudEvent)> {
    let envelope = (word("context"), word("trigger"), word("kind"), word("source"), time(), 0..9_u8);
    let data = (word("stage"), word("service"), word("result"), any::<bool>());
    (word("project"), envelope, data).prop_map(|(project, envelope, (stage, service, result, invalidates))| {
        let (context, triggered_id, kind, source, time, id) = envelope;
        let mut event = event(&format!("e-{id}"));
        event.kind = kind.unwrap_or_default() + if invalidates { ".invalidated" } else { ".finished" };
        event.source = source.unwrap_or_default();
        (event.context, event.triggered_id, event.time) = (context, triggered_id, time);
        event.data = json!({"stage": stage, "service": service, "deep": {"result": result}});
        (project, event)
    })
}

fn a_filter() -> impl Strategy<Value = EventFilter> {
    // Each condition is absent more often than not, or nothing would ever be found.
    let rare = |word: BoxedStrategy<Option<String>>| prop_oneof![2 => Just(None), 1 => word];
    let words = ["project", "context", "source", "stage", "service"].map(|prefix| rare(word(prefix).boxed()));
    let kind = (0..3_u8, any::<bool>())
        .prop_map(|(n, last)| Some(format!("kind{n}.{}", if last { "invalidated" } else { "finished" })));
    let id = (0..9_u8).prop_map(|n| Some(format!("e-{n}")));
    let paths = prop::collection::vec(prop::collection::vec(word("result"), 0..3), 0..2);
    let marks = (prop::bool::weighted(0.3), prop::bool::weighted(0.3));
    (words, rare(kind.boxed()), rare(id.boxed()), time(), time(), paths, marks).prop_map(
        |([project, context, source, stage, service], kind, id, after, before, paths, (roots, exclude_invalidated))| {
            let path = ["data", "deep", "result"].map(str::to_owned).to_vec();
            let values = |values: Vec<Option<String>>| values.into_iter().flatten().collect();
            let filter = |found| PathFilter { path: path.clone(), values: values(found) };
            let paths = paths.into_iter().map(filter).collect();
            EventFilter {
                project,
                context,
                kind,
                source,
                stage,
                service,
                id,
                after,
                before,
                roots,
                paths,
                exclude_invalidated,
            }
        },
    )
}

/// Writes events to a store whose last project is buried in the end.
fn fill(store: &mut dyn Store, events: &[(Option<String>, CloudEvent)]) {
    let mut tx = store.begin().unwrap();
    let ids = ["project0", "project1", "project2"].map(|name| tx.add_project(name, at(0), None).unwrap().id);
    for (project, event) in events {
        let project = project.as_ref().map(|name| tx.project(name).unwrap().unwrap().id);
        tx.append_event(project, event).unwrap();
    }
    tx.bury_project(ids[2]).unwrap();
    tx.commit().unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_filter_finds_what_it_finds_in_memory(
        events in prop::collection::vec(a_project_and_an_event(), 0..40),
        questions in prop::collection::vec((a_filter(), 0..6_u64, 0..6_u64), 60),
    ) {
        let directory = directory();
        let mut store = SqliteStore::open(&directory.path().join("store.db")).unwrap();
        let mut memory = MemoryStore::new();
        fill(&mut store, &events);
        fill(&mut memory, &events);
        for (filter, offset, limit) in questions {
            for slice in [Slice::ALL, Slice { offset, limit }] {
                let expected = memory.reader().events(&filter, slice).unwrap();
                prop_assert_eq!(store.reader().events(&filter, slice).unwrap(), expected, "{:?} {:?}", &filter, slice);
            }
        }
    }
}

fn any_data() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..4).prop_map(|pairs| pairs.into_iter().collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// What is passed on without being read is what reading and writing it again would give.
    #[test]
    fn the_text_of_an_offer_is_that_of_its_event(
        data in prop::collection::vec((any_data(), any::<i32>(), 0..1_000_000_000_i32), 1..8),
    ) {
        let directory = directory();
        let mut store = SqliteStore::open(&directory.path().join("store.db")).unwrap();
        let mut tx = store.begin().unwrap();
        let project = tx.add_project("shop", at(0), None).unwrap().id;
        let mut expected = Vec::new();
        for (n, (data, second, nanosecond)) in data.into_iter().enumerate() {
            let time = Timestamp::new(i64::from(second), nanosecond).ok();
            let event = CloudEvent { time, data, ..event(&n.to_string()) };
            let position = tx.append_event(Some(project), &event).unwrap();
            tx.offer(project, "s-1", position, &event).unwrap();
            expected.insert(0, serde_json::to_string(&RestEvent(&event)).unwrap());
        }
        tx.commit().unwrap();
        let listed = store.reader().offers(&OfferFilter::default(), Slice::ALL).unwrap().items;
        let again = |task: OpenTask| serde_json::to_string(&RestEvent(&task.event.into_event().unwrap())).unwrap();
        prop_assert_eq!(&listed.iter().cloned().map(again).collect::<Vec<_>>(), &expected);
        prop_assert_eq!(listed.into_iter().map(|task| task.event.into_text().unwrap()).collect::<Vec<_>>(), expected);
    }
}

#[test]
fn what_was_committed_is_there_after_a_restart() {
    let directory = directory();
    let path = directory.path().join("store.db");
    let mut store = SqliteStore::open(&path).unwrap();
    add_event(&mut store, "1");
    store.reopen().unwrap();
    add_event(&mut store, "2");
    drop(store);
    let store = SqliteStore::open(&path).unwrap();
    let page = events(&store);
    assert_eq!(page.items.iter().map(|item| item.event.id.as_str()).collect::<Vec<_>>(), ["2", "1"]);
    assert_eq!(page.items.iter().map(|item| item.position).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(page.total, 2);
}

/// As after a kill: nobody closed anything, and the log is all there is.
#[test]
fn a_copy_of_the_files_in_the_middle_of_a_transaction_holds_the_commits_before_it() {
    let directory = directory();
    let path = directory.path().join("store.db");
    let mut store = SqliteStore::open(&path).unwrap();
    add_event(&mut store, "1");
    let mut tx = store.begin().unwrap();
    for n in 0..2_000 {
        tx.append_event(None, &event(&format!("lost-{n}"))).unwrap();
    }
    let copy = directory.path().join("copy.db");
    std::fs::copy(&path, &copy).unwrap();
    std::fs::copy(directory.path().join("store.db-wal"), directory.path().join("copy.db-wal")).unwrap();
    assert_eq!(events(&SqliteStore::open(&copy).unwrap()).total, 1);
    drop(tx);
    assert_eq!(events(&store).total, 1);
}

#[test]
fn another_connection_sees_nothing_of_an_open_transaction() {
    let directory = directory();
    let path = directory.path().join("store.db");
    let mut store = SqliteStore::open(&path).unwrap();
    let other = SqliteStore::open(&path).unwrap();
    let reader = store.reader();
    let mut tx = store.begin().unwrap();
    tx.append_event(None, &event("1")).unwrap();
    assert_eq!(events(&other).total, 0);
    assert_eq!(reader.events(&EventFilter::default(), Slice::ALL).unwrap().total, 0);
    tx.commit().unwrap();
    assert_eq!(events(&other).total, 1);
    assert_eq!(reader.events(&EventFilter::default(), Slice::ALL).unwrap().total, 1);
}

#[test]
fn a_dropped_transaction_leaves_nothing() {
    let directory = directory();
    let mut store = SqliteStore::open(&directory.path().join("store.db")).unwrap();
    let mut tx = store.begin().unwrap();
    tx.savepoint().unwrap();
    tx.append_event(None, &event("1")).unwrap();
    drop(tx);
    assert_eq!(events(&store).total, 0);
    add_event(&mut store, "2");
    assert_eq!(events(&store).items[0].position, 1);
}

#[test]
fn readers_work_side_by_side_while_the_writer_writes() {
    let directory = directory();
    let mut store = SqliteStore::open(&directory.path().join("store.db")).unwrap();
    add_event(&mut store, "0");
    let reader = store.reader();
    std::thread::scope(|scope| {
        let looks: Vec<_> = (0..12)
            .map(|_| {
                scope.spawn(|| {
                    let looks = (0..40).map(|_| reader.events(&EventFilter::default(), Slice::ALL).unwrap());
                    looks.fold(0, |before, page| {
                        assert_eq!(page.items.len() as u64, page.total);
                        assert!(page.total >= before, "a later look sees less");
                        page.total
                    })
                })
            })
            .collect();
        for n in 1..40 {
            add_event(&mut store, &n.to_string());
        }
        for look in looks {
            assert!(look.join().unwrap() >= 1);
        }
    });
    assert_eq!(events(&store).total, 40);
}

#[test]
fn a_newer_schema_is_refused_and_not_touched() {
    let directory = directory();
    let path = directory.path().join("store.db");
    drop(SqliteStore::open(&path).unwrap());
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let before = std::fs::read(&path).unwrap();
    let refusal = refusal(&path);
    assert!(refusal.starts_with("the store holds what this version cannot read: the schema in '"), "{refusal}");
    assert!(refusal.contains("it is of version 99, this program knows versions up to 8; run "), "{refusal}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn files_that_are_no_store_are_refused_with_what_to_do() {
    let directory = directory();
    let nowhere = directory.path().join("no/such/store.db");
    let told = refusal(&nowhere);
    assert!(told.contains("could not open the store in '") && told.contains("its directory exists"), "{told}");
    assert!(told.contains(&nowhere.display().to_string()), "{told}");

    let text = directory.path().join("text.db");
    std::fs::write(&text, "version: 1\n".repeat(500)).unwrap();
    assert!(refusal(&text).contains("it is no store"), "{}", refusal(&text));

    let theirs = directory.path().join("theirs.db");
    rusqlite::Connection::open(&theirs).unwrap().execute_batch("CREATE TABLE theirs (a)").unwrap();
    assert!(refusal(&theirs).contains("another program wrote it"), "{}", refusal(&theirs));
}

/// As some failures of the disk do: `SQLite` itself rolls back.
#[test]
fn a_transaction_that_ended_by_itself_takes_nothing_more() {
    let directory = directory();
    let path = directory.path().join("store.db");
    let mut store = SqliteStore::open(&path).unwrap();
    add_event(&mut store, "1");
    drop(store);
    let connection = rusqlite::Connection::open(&path).unwrap();
    let sql = "CREATE TRIGGER fails BEFORE INSERT ON facts BEGIN SELECT RAISE(ROLLBACK, 'no room'); END";
    connection.execute_batch(sql).unwrap();
    drop(connection);
    let mut store = SqliteStore::open(&path).unwrap();
    let mut tx = store.begin().unwrap();
    tx.append_event(None, &event("2")).unwrap();
    let fact = capstan_engine::orchestrate::Fact::SlotWanted;
    let fact = capstan_runtime::ports::NewFact { project: None, context: "c", sequence: None, at: at(0), fact: &fact };
    assert!(matches!(tx.append_fact(&fact), Err(StoreError::Failed(_))));
    // Nothing more may slip in behind it, each write a commit of its own.
    let after = tx.append_event(None, &event("3")).unwrap_err().to_string();
    assert!(after.contains("an earlier failure has ended the transaction"), "{after}");
    assert!(tx.commit().is_err());
    assert!(store.begin().is_err(), "it has to be reopened after a commit that failed");
    store.reopen().unwrap();
    assert_eq!(events(&store).total, 1);
    add_event(&mut store, "4");
    assert_eq!(events(&store).total, 2);
}

#[test]
fn a_page_knows_the_length_of_the_whole() {
    let directory = directory();
    let mut store = SqliteStore::open(&directory.path().join("store.db")).unwrap();
    let mut tx = store.begin().unwrap();
    let configuration = Configuration { shipyard: "h".to_owned(), commit: "c".to_owned() };
    let project = tx.add_project("shop", at(0), Some(&configuration)).unwrap().id;
    for n in 0..10_050 {
        tx.append_event(Some(project), &event(&n.to_string())).unwrap();
    }
    tx.commit().unwrap();
    let plain = EventFilter { project: Some("shop".to_owned()), kind: Some("t".to_owned()), ..EventFilter::default() };
    let filtered = EventFilter { source: Some(String::new()), ..plain.clone() };
    let total =
        |filter: &EventFilter, offset, limit| store.reader().events(filter, Slice { offset, limit }).unwrap().total;
    assert_eq!(total(&plain, 0, 1), 10_050);
    assert!(total(&filtered, 0, 1) > 10_000);
    assert_eq!(total(&filtered, 10_020, 10), 10_031);
    assert_eq!(total(&filtered, 10_040, 10), 10_050);
    assert_eq!(total(&filtered, 10_040, 100), 10_050);
    assert_eq!(total(&filtered, 20_000, 10), 10_050);
}

#[test]
fn the_log_is_written_back_while_it_is_written_to() {
    let directory = directory();
    let path = directory.path().join("store.db");
    let mut store = SqliteStore::open(&path).unwrap();
    let size = |name: &str| std::fs::metadata(directory.path().join(name)).unwrap().len();
    let large = CloudEvent { data: json!({ "filler": "x".repeat(500_000) }), ..event("large") };
    // By then it has been written back, and was begun anew.
    for _ in 0..1_000 {
        if size("store.db") > 90_000_000 {
            break;
        }
        let mut tx = store.begin().unwrap();
        tx.append_event(None, &large).unwrap();
        tx.commit().unwrap();
    }
    assert!(size("store.db") > 90_000_000, "it is written back: {}", size("store.db"));
    assert!(size("store.db-wal") < 140_000_000, "the log is begun anew: {}", size("store.db-wal"));
    drop(store);
    assert_eq!(size("store.db-wal"), 0);
}
