//! When a write is there, and when it never was.

use super::build::{configuration, service};
use super::lab::{Lab, at};
use super::snapshot::{of_reader, of_tx, snapshot};
use super::writes::{Filled, WRITES, Write, filled};
use crate::ports::{Slice, Store};

type Make<'a> = &'a dyn Fn() -> Box<dyn Store>;

struct Before {
    lab: Lab,
    filled: Filled,
    /// Positions that the write may fill, too.
    positions: Vec<u64>,
    text: String,
}

impl Before {
    fn new(make: Make<'_>) -> Self {
        let mut lab = Lab::new(make);
        let filled = filled(&mut lab);
        let positions: Vec<u64> = (filled.position..filled.position + 3).collect();
        let text = snapshot(&mut lab, "shop", filled.project, &positions);
        Self { lab, filled, positions, text }
    }

    fn now(&mut self) -> String {
        snapshot(&mut self.lab, "shop", self.filled.project, &self.positions)
    }
}

fn each(make: Make<'_>, check: impl Fn(&mut Before, Write)) {
    for write in WRITES {
        check(&mut Before::new(make), *write);
    }
}

/// Nothing of a transaction is seen before its commit, and all of it afterwards, by those who looked before as well.
pub(super) fn a_commit_is_visible_to_all_and_nothing_before_it(make: Make<'_>) {
    each(make, |before, (name, write)| {
        let (shop, positions) = (before.filled.project, before.positions.clone());
        let untouched = of_reader(&*before.lab.reader, "shop", shop);
        let mut tx = before.lab.store.begin().unwrap();
        write(&mut *tx, before.filled);
        let written = of_tx(&mut *tx, "shop", shop, &positions);
        assert_eq!(of_reader(&*before.lab.reader, "shop", shop), untouched, "seen before the commit: {name}");
        assert_eq!(of_tx(&mut *tx, "shop", shop, &positions), written, "changed by a look from outside: {name}");
        tx.commit().unwrap();
        let after = before.now();
        assert_ne!(after, before.text, "not seen after the commit: {name}");
        assert!(
            after.ends_with(&written),
            "other after the commit than in the transaction: {name}\n{after}\n{written}"
        );
        let fresh = before.lab.store.reader();
        let old = of_reader(&*before.lab.reader, "shop", shop);
        assert_eq!(of_reader(&*fresh, "shop", shop), old, "other to a new reader: {name}");
    });
}

/// A transaction that is dropped has written nothing.
pub(super) fn what_is_dropped_has_not_happened(make: Make<'_>) {
    each(make, |before, (name, write)| {
        before.lab.peek(|tx| write(tx, before.filled));
        assert_eq!(before.now(), before.text, "kept although dropped: {name}");
    });
}

/// A rollback undoes every kind of write since the mark, and nothing before it; the transaction goes on.
pub(super) fn a_rollback_undoes_every_kind_of_write(make: Make<'_>) {
    each(make, |before, (name, write)| {
        let (shop, positions) = (before.filled.project, before.positions.clone());
        before.lab.commit(|tx| {
            tx.add_service(shop, &service("before", at(1))).unwrap();
            let marked = of_tx(tx, "shop", shop, &positions);
            tx.savepoint().unwrap();
            write(tx, before.filled);
            tx.rollback().unwrap();
            assert_eq!(of_tx(tx, "shop", shop, &positions), marked, "not undone: {name}");
            assert!(tx.service(shop, "before").unwrap().is_some(), "undone although before the mark: {name}");
            tx.remove_service(shop, "before").unwrap();
        });
        assert_eq!(before.now(), before.text, "kept although rolled back: {name}");
    });
}

/// A release keeps what was written since the mark.
pub(super) fn a_release_keeps_what_was_written(make: Make<'_>) {
    each(make, |before, (name, write)| {
        before.lab.commit(|tx| {
            tx.savepoint().unwrap();
            write(tx, before.filled);
            tx.release().unwrap();
        });
        assert_ne!(before.now(), before.text, "lost although released: {name}");
    });
}

/// After a release or a rollback there can be another mark, which covers only what comes after it.
pub(super) fn savepoints_follow_each_other(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let shop = lab.project("shop");
    lab.commit(|tx| {
        for (name, kept) in [("a", true), ("b", false), ("c", true), ("d", false), ("e", false)] {
            tx.savepoint().unwrap();
            tx.add_service(shop, &service(name, at(1))).unwrap();
            if kept { tx.release().unwrap() } else { tx.rollback().unwrap() }
        }
        tx.add_service(shop, &service("f", at(1))).unwrap();
    });
    let names = |lab: &Lab| -> Vec<String> {
        lab.reader.services(shop, Slice::ALL).unwrap().items.into_iter().map(|service| service.name).collect()
    };
    assert_eq!(names(&lab), ["a", "c", "f"]);
    let mut tx = lab.store.begin().unwrap();
    tx.savepoint().unwrap();
    tx.add_service(shop, &service("g", at(1))).unwrap();
    tx.release().unwrap();
    drop(tx);
    assert_eq!(names(&lab), ["a", "c", "f"], "what was released is kept only by a commit");
    lab.commit(|tx| {
        tx.savepoint().unwrap();
        tx.add_service(shop, &service("h", at(1))).unwrap();
    });
    assert_eq!(names(&lab), ["a", "c", "f", "h"], "a commit keeps what was written since an open mark");
}

/// A store that was reopened holds all that was committed, goes on, and is seen by readers from before.
pub(super) fn a_reopened_store_holds_all_that_was_committed(make: Make<'_>) {
    let mut before = Before::new(make);
    before.lab.store.reopen().unwrap();
    assert_eq!(before.now(), before.text);
    before.lab.commit(|tx| tx.add_project("new", at(1), Some(&configuration("b"))).unwrap());
    assert_eq!(before.lab.reader.projects(Slice::ALL).unwrap().total, 2, "a reader from before sees what came after");
}
