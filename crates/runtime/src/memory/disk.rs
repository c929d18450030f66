//! The store and the disk below it: what is visible, what is safe, and what goes wrong.

use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::reader::MemoryReader;
use super::state::{Change, Counters, State};
use super::tx::MemoryTx;
use crate::ports::{Store, StoreError, StoreReader, StoreTx};

/// A store in memory, as its one writer sees it. A new one is empty, and each commit is safe at once.
#[derive(Debug, Default)]
pub struct MemoryStore {
    disk: MemoryDisk,
    process: u64,
}

impl MemoryStore {
    /// An empty store on a disk of its own.
    pub fn new() -> Self {
        Self::default()
    }

    /// The disk below it; it outlives this store and decides what goes wrong.
    pub fn disk(&self) -> MemoryDisk {
        self.disk.clone()
    }
}

impl Store for MemoryStore {
    fn begin(&mut self) -> Result<Box<dyn StoreTx + '_>, StoreError> {
        let mut inner = self.disk.of(self.process)?;
        if inner.is_broken {
            return Err(StoreError::Failed("a commit failed, and it was not reopened since".to_owned()));
        }
        // A transaction that was leaked rather than dropped is over as well.
        inner.abandon();
        inner.open_transaction();
        drop(inner);
        Ok(Box::new(MemoryTx::new(self.disk.clone(), self.process)))
    }

    fn reopen(&mut self) -> Result<(), StoreError> {
        let mut inner = self.disk.of(self.process)?;
        if std::mem::take(&mut inner.ordered.reopen) {
            return Err(StoreError::Failed("it was told to fail the next time it is opened".to_owned()));
        }
        inner.abandon();
        inner.is_broken = false;
        Ok(())
    }

    fn reader(&self) -> Arc<dyn StoreReader> {
        Arc::new(MemoryReader::new(self.disk.clone(), self.process))
    }
}

/// The disk of a [`MemoryStore`]: a handle for tests and the simulator, to be cloned at will.
#[derive(Debug, Clone, Default)]
pub struct MemoryDisk(Arc<Mutex<Inner>>);

impl MemoryDisk {
    /// From now on commits are visible at once, but safe only after [`Self::sync`]. With `false` they are synced as they
    /// come, and what was held is synced now.
    pub fn hold_syncs(&self, hold: bool) {
        let mut inner = self.lock();
        inner.holds_syncs = hold;
        if !hold {
            inner.unsynced.clear();
        }
    }

    /// Makes all commits safe.
    pub fn sync(&self) {
        self.lock().unsynced.clear();
    }

    /// How many commits a kill could tear off.
    pub fn unsynced(&self) -> usize {
        self.lock().unsynced.len()
    }

    /// Kills the process and starts another. It finds what was synced and the first `kept` commits of those that were
    /// not, all of them safe from then on. An open transaction is lost; the dead process's store, transactions and
    /// readers answer with errors. Faults that were ordered and did not happen are forgotten, held syncs stay.
    pub fn kill(&self, kept: usize) -> MemoryStore {
        let mut inner = self.lock();
        inner.abandon();
        while inner.unsynced.len() > kept {
            if let Some(batch) = inner.unsynced.pop() {
                inner.undo(batch.inverse, batch.counters);
            }
        }
        inner.unsynced.clear();
        inner.ordered = Faults::default();
        inner.is_broken = false;
        inner.process += 1;
        MemoryStore { disk: self.clone(), process: inner.process }
    }

    /// The next commit fails with nothing of it kept, and no transaction begins before the store is reopened.
    pub fn fail_next_commit(&self) {
        self.lock().ordered.commit = true;
    }

    /// The next attempt to reopen the store fails; the one after it works.
    pub fn fail_next_reopen(&self) {
        self.lock().ordered.reopen = true;
    }

    /// Ids of listed tasks and the tools that have taken them up, as the last write left them.
    pub fn takers(&self) -> Vec<(String, String)> {
        self.lock().state.takers.keys().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The inside, for a process that is alive.
    pub(super) fn of(&self, process: u64) -> Result<MutexGuard<'_, Inner>, StoreError> {
        let inner = self.lock();
        if inner.process == process { Ok(inner) } else { Err(StoreError::Failed("its process was killed".to_owned())) }
    }

    /// The state of the last commit, for a process that is alive.
    pub(super) fn committed(&self, process: u64) -> Result<Committed<'_>, StoreError> {
        let mut inner = self.of(process)?;
        let mut again = Vec::new();
        while let Some(inverse) = inner.open.pop() {
            again.push(inner.state.apply(inverse));
        }
        Ok(Committed { inner, again })
    }
}

/// What commit, sync and kill work on.
#[derive(Debug, Default)]
pub(super) struct Inner {
    pub(super) state: State,
    pub(super) counters: Counters,
    /// Grows with each kill; whoever has another number is dead.
    process: u64,
    /// What undoes the open transaction, last first.
    open: Vec<Change>,
    /// Counters as the open transaction found them; none: there is no transaction.
    found: Option<Counters>,
    savepoint: Option<(usize, Counters)>,
    unsynced: Vec<Batch>,
    holds_syncs: bool,
    is_broken: bool,
    ordered: Faults,
}

/// What is to go wrong once.
#[derive(Debug, Default)]
struct Faults {
    commit: bool,
    reopen: bool,
}

/// What undoes a commit.
#[derive(Debug)]
struct Batch {
    inverse: Vec<Change>,
    counters: Counters,
}

impl Inner {
    fn open_transaction(&mut self) {
        self.found = Some(self.counters);
    }

    /// Whether there is a transaction.
    pub(super) fn is_open(&self) -> bool {
        self.found.is_some()
    }

    /// Writes in the open transaction.
    pub(super) fn write(&mut self, change: Change) {
        let inverse = self.state.apply(change);
        self.open.push(inverse);
    }

    /// Gives out the next number of a kind.
    pub(super) fn next(&mut self, counter: impl Fn(&mut Counters) -> &mut u64) -> u64 {
        let counter = counter(&mut self.counters);
        *counter += 1;
        *counter
    }

    pub(super) fn mark(&mut self) -> Result<(), StoreError> {
        if self.savepoint.is_some() {
            return Err(StoreError::Failed("savepoints do not nest".to_owned()));
        }
        self.savepoint = Some((self.open.len(), self.counters));
        Ok(())
    }

    /// Forgets the savepoint and gives it.
    pub(super) fn unmark(&mut self) -> Result<(usize, Counters), StoreError> {
        self.savepoint.take().ok_or_else(|| StoreError::Failed("there is no savepoint".to_owned()))
    }

    pub(super) fn rollback(&mut self) -> Result<(), StoreError> {
        let (length, counters) = self.unmark()?;
        let inverse = self.open.split_off(length);
        self.undo(inverse, counters);
        Ok(())
    }

    pub(super) fn commit(&mut self) -> Result<(), StoreError> {
        if std::mem::take(&mut self.ordered.commit) {
            self.abandon();
            self.is_broken = true;
            return Err(StoreError::Failed("it was told to fail this commit".to_owned()));
        }
        let counters = self.found.unwrap_or(self.counters);
        let inverse = std::mem::take(&mut self.open);
        if self.holds_syncs && !inverse.is_empty() {
            self.unsynced.push(Batch { inverse, counters });
        }
        self.abandon();
        Ok(())
    }

    /// Ends the open transaction, if there is one, and undoes what it wrote and did not commit.
    pub(super) fn abandon(&mut self) {
        let inverse = std::mem::take(&mut self.open);
        if !inverse.is_empty() {
            let counters = self.found.unwrap_or(self.counters);
            self.undo(inverse, counters);
        }
        self.found = None;
        self.savepoint = None;
    }

    fn undo(&mut self, inverse: Vec<Change>, counters: Counters) {
        for change in inverse.into_iter().rev() {
            self.state.apply(change);
        }
        self.counters = counters;
    }
}

/// The committed state. An open transaction is undone for as long as this lives, and done again afterwards.
pub(super) struct Committed<'a> {
    inner: MutexGuard<'a, Inner>,
    again: Vec<Change>,
}

impl Deref for Committed<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        &self.inner.state
    }
}

impl Committed<'_> {
    /// The last numbers that committed rows were given.
    pub(super) fn counters(&self) -> Counters {
        self.inner.found.unwrap_or(self.inner.counters)
    }
}

impl Drop for Committed<'_> {
    fn drop(&mut self) {
        while let Some(change) = self.again.pop() {
            self.inner.write(change);
        }
    }
}
