//! A fresh store with short ways to write and to look.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::build::configuration;
use crate::ports::{Page, ProjectId, Retention, Slice, Store, StoreReader, StoreTx};

/// A store under test.
pub(super) struct Lab {
    pub(super) store: Box<dyn Store>,
    /// Taken when the store was new: every look goes through it.
    pub(super) reader: Arc<dyn StoreReader>,
}

impl Lab {
    pub(super) fn new(make: &dyn Fn() -> Box<dyn Store>) -> Self {
        let store = make();
        let reader = store.reader();
        Self { store, reader }
    }

    /// Does something in a transaction of its own and commits it.
    pub(super) fn commit<T>(&mut self, work: impl FnOnce(&mut dyn StoreTx) -> T) -> T {
        let mut tx = self.store.begin().unwrap();
        let result = work(&mut *tx);
        tx.commit().unwrap();
        result
    }

    /// Looks in a transaction of its own and drops it.
    pub(super) fn peek<T>(&mut self, look: impl FnOnce(&mut dyn StoreTx) -> T) -> T {
        let mut tx = self.store.begin().unwrap();
        look(&mut *tx)
    }

    /// Purges in slices until there is nothing more to remove.
    pub(super) fn purge(&mut self, now: Timestamp, limit: u64) {
        let slices = (0..1_000).take_while(|_| self.commit(|tx| tx.purge(now, limit).unwrap())).count();
        assert!(slices < 1_000, "a purge of {limit} rows at a time does not end");
    }

    /// Buries what is past its time and removes it, in slices.
    pub(super) fn expire(&mut self, now: Timestamp, server: Retention, limit: u64) {
        let slices = (0..1_000).take_while(|_| self.commit(|tx| tx.expire(now, server, limit).unwrap())).count();
        assert!(slices < 1_000, "runs that are past their time are buried without end");
        self.purge(at(0), limit);
    }

    /// Adds a project with a configuration.
    pub(super) fn project(&mut self, name: &str) -> ProjectId {
        self.commit(|tx| tx.add_project(name, at(0), Some(&configuration("a"))).unwrap().id)
    }
}

/// So many seconds after some moment, which is not a whole second itself.
pub(super) fn at(seconds: i64) -> Timestamp {
    let base = Timestamp::new(1_772_000_000, 123_456_789).unwrap();
    base + SignedDuration::from_secs(seconds)
}

/// The smallest step of time.
pub(super) fn nanosecond() -> SignedDuration {
    SignedDuration::from_nanos(1)
}

/// Checks that a list comes in pages: `ask` has to give parts of `all` and always its length.
pub(super) fn check_pages<T: std::fmt::Debug>(
    all: &[&str],
    name: impl Fn(&T) -> String,
    ask: impl Fn(Slice) -> Page<T>,
) {
    let length = all.len() as u64;
    let mut slices =
        vec![Slice::ALL, Slice { offset: length + 5, limit: 2 }, Slice { offset: 1, limit: u64::from(u32::MAX) }];
    for offset in 0..=length {
        slices.extend([0, 1, 2, length].map(|limit| Slice { offset, limit }));
    }
    for slice in slices {
        let page = ask(slice);
        let from = all.len().min(slice.offset as usize);
        let to = all.len().min(from.saturating_add(usize::try_from(slice.limit).unwrap_or(usize::MAX)));
        let got: Vec<String> = page.items.iter().map(&name).collect();
        assert_eq!(got, all[from..to], "items of {slice:?}");
        assert_eq!(page.total, length, "total of {slice:?}");
    }
}
