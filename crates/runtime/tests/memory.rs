//! The memory store: what every store does, and what goes wrong with it on demand.

#![allow(clippy::unwrap_used, reason = "this is test code, helpers included")]

use capstan_runtime::conformance;
use capstan_runtime::memory::MemoryStore;
use capstan_runtime::ports::{Configuration, Slice, Store, StoreError};
use jiff::Timestamp;
use proptest::prelude::*;

#[test]
fn it_does_what_every_store_does() {
    conformance::run_all(&|| Box::new(MemoryStore::new()));
}

#[test]
fn a_store_that_forgets_fails_the_suite_by_name() {
    let stale = std::sync::Mutex::new(MemoryStore::new());
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        // Not fresh: each behaviour finds what those before it left.
        conformance::run_all(&|| Box::new(stale.lock().unwrap().disk().kill(usize::MAX)));
    }));
    let message = *outcome.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("behaviours do not hold"), "{message}");
    assert!(message.contains("projects::projects_are_listed_by_name_bytewise: "), "{message}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn two_of_them_agree(ops in conformance::ops()) {
        conformance::differential(&mut MemoryStore::new(), &mut MemoryStore::new(), &ops);
    }

    #[test]
    fn commits_that_were_torn_off_never_were(lost in conformance::ops(), ops in conformance::ops()) {
        let mut store = MemoryStore::new();
        let disk = store.disk();
        disk.hold_syncs(true);
        conformance::differential(&mut store, &mut MemoryStore::new(), &lost);
        conformance::differential(&mut disk.kill(0), &mut MemoryStore::new(), &ops);
    }
}

fn add(store: &mut dyn Store, name: &str) -> Result<(), StoreError> {
    let mut tx = store.begin()?;
    let configuration = Configuration { shipyard: "s".to_owned(), commit: "c".to_owned() };
    tx.add_project(name, Timestamp::UNIX_EPOCH, Some(&configuration))?;
    tx.commit()
}

fn names(store: &dyn Store) -> Vec<String> {
    let projects = store.reader().projects(Slice::ALL).unwrap();
    projects.items.into_iter().map(|project| project.name).collect()
}

#[test]
fn unsynced_commits_are_visible_and_a_kill_tears_off_the_last_of_them() {
    for kept in 0..5 {
        let mut store = MemoryStore::new();
        let disk = store.disk();
        add(&mut store, "a").unwrap();
        disk.hold_syncs(true);
        add(&mut store, "b").unwrap();
        assert_eq!(disk.unsynced(), 1);
        disk.sync();
        assert_eq!(disk.unsynced(), 0);
        for name in ["c", "d", "e"] {
            add(&mut store, name).unwrap();
        }
        assert_eq!(names(&store), ["a", "b", "c", "d", "e"]);
        let found = &["a", "b", "c", "d", "e"][..5.min(2 + kept)];
        assert_eq!(names(&disk.kill(kept)), found);
        assert_eq!(disk.unsynced(), 0, "what was found is on disk");
        assert_eq!(names(&disk.kill(0)), found);
    }
}

#[test]
fn a_kill_takes_the_open_transaction_and_all_handles_along() {
    let mut store = MemoryStore::new();
    add(&mut store, "a").unwrap();
    let (disk, reader) = (store.disk(), store.reader());
    let mut tx = store.begin().unwrap();
    tx.add_project("b", Timestamp::UNIX_EPOCH, None).unwrap();
    let mut after = disk.kill(0);
    assert!(tx.project("a").is_err());
    assert!(tx.commit().is_err());
    assert!(store.begin().is_err() && store.reopen().is_err());
    assert!(reader.project("a").is_err());
    assert_eq!(after.reader().project("b").unwrap(), None);
    add(&mut after, "c").unwrap();
    assert_eq!(names(&after), ["a", "c"]);
}

#[test]
fn a_commit_that_fails_leaves_nothing_and_the_store_shut_until_it_is_reopened() {
    let mut store = MemoryStore::new();
    let disk = store.disk();
    add(&mut store, "a").unwrap();
    disk.fail_next_commit();
    assert_eq!(add(&mut store, "b").unwrap_err().to_string(), "the store failed: it was told to fail here (commit)");
    assert_eq!(names(&store), ["a"], "who only looks sees the last commit all the while");
    assert!(store.begin().is_err());
    disk.fail_next_reopen();
    assert!(store.reopen().is_err());
    assert!(store.begin().is_err());
    store.reopen().unwrap();
    add(&mut store, "b").unwrap();
    assert_eq!(names(&store), ["a", "b"]);
}

#[test]
fn misused_savepoints_are_errors() {
    let mut store = MemoryStore::new();
    let mut tx = store.begin().unwrap();
    assert!(tx.release().is_err() && tx.rollback().is_err());
    tx.savepoint().unwrap();
    assert!(tx.savepoint().is_err());
}
