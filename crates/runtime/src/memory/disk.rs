//! The store and the disk below it: what is visible, what is safe, and what goes wrong.

use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use capstan_engine::orchestrate::Sequence;
use serde_json::Value;

use super::faults::{Call, Faults, Order, Strike, Struck};
use super::reader::MemoryReader;
use super::state::{Change, Counters, State};
use super::touched::Touched;
use super::tx::MemoryTx;
use crate::ports::{Store, StoreError, StoreReader, StoreTx};

/// How deep data may be where that is looked at: as with the stores that write text.
const DEPTH: usize = 127;

/// Whether data could not be taken in by all that is written of an event: they stand in what its fact tells.
pub(crate) fn is_too_deep(data: &Value) -> bool {
    is_deeper(data, DEPTH - 3)
}

fn is_deeper(data: &Value, levels: usize) -> bool {
    match data {
        Value::Array(items) => levels == 0 || items.iter().any(|item| is_deeper(item, levels - 1)),
        Value::Object(members) => levels == 0 || members.values().any(|member| is_deeper(member, levels - 1)),
        _ => false,
    }
}

/// What the dead are told.
const KILLED: &str = "its process was killed";

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

    /// Whether the process that it belongs to was killed.
    pub fn is_dead(&self) -> bool {
        self.disk.lock().process != self.process
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
        inner.meet(Call::Begin)?;
        inner.open_transaction();
        drop(inner);
        Ok(Box::new(MemoryTx::new(self.disk.clone(), self.process)))
    }

    fn reopen(&mut self) -> Result<(), StoreError> {
        let mut inner = self.disk.of(self.process)?;
        inner.meet(Call::Reopen)?;
        inner.abandon();
        inner.is_broken = false;
        // What a sync that failed has written after all.
        while let Some(change) = inner.doubtful.pop() {
            inner.state.apply(change);
        }
        if let Some(counters) = inner.doubtful_counters.take() {
            inner.counters = counters;
        }
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
    /// readers answer with errors. Faults that were ordered and did not happen are still to come, held syncs stay.
    pub fn kill(&self, kept: usize) -> MemoryStore {
        let mut inner = self.lock();
        inner.abandon();
        while inner.unsynced.len() > kept {
            if let Some(batch) = inner.unsynced.pop() {
                inner.undo(batch.inverse, batch.counters);
            }
        }
        inner.unsynced.clear();
        inner.doubtful.clear();
        inner.doubtful_counters = None;
        inner.is_broken = false;
        inner.process += 1;
        MemoryStore { disk: self.clone(), process: inner.process }
    }

    /// The next commit fails with nothing of it kept, and no transaction begins before the store is reopened.
    pub fn fail_next_commit(&self) {
        self.order(Order::next(Call::Commit));
    }

    /// The next attempt to reopen the store fails; the one after it works.
    pub fn fail_next_reopen(&self) {
        self.order(Order::next(Call::Reopen));
    }

    /// Something is to go wrong.
    pub fn order(&self, order: Order) {
        self.lock().faults.order(order);
    }

    /// Nothing goes wrong any more.
    pub fn forget_orders(&self) {
        self.lock().faults.forget();
    }

    /// What went wrong so far.
    pub fn struck(&self) -> Struck {
        self.lock().faults.struck.clone()
    }

    /// The store as it would be had it been opened anew; until [`Self::join`] its next commit is lost, nothing else goes wrong,
    /// and nothing that was ordered comes nearer.
    pub(crate) fn fork(&self) -> MemoryStore {
        let mut inner = self.lock();
        inner.faults.stand_still = true;
        inner.was_broken = std::mem::take(&mut inner.is_broken);
        MemoryStore { disk: self.clone(), process: inner.process }
    }

    /// All is as it was before [`Self::fork`].
    pub(crate) fn join(&self) {
        let mut inner = self.lock();
        inner.faults.stand_still = false;
        inner.is_broken = inner.was_broken;
    }

    /// Events and facts, in words, of the commits that were lost since the last call.
    pub(crate) fn take_lost(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().lost)
    }

    /// From now on it is kept what commits change.
    pub(crate) fn watch(&self) {
        self.lock().touched = Some(Touched::default());
    }

    /// From now on data are refused that are nested deeper than a store of text can read.
    pub(crate) fn refuse_what_is_too_deep(&self) {
        self.lock().deepest = Some(DEPTH);
    }

    /// What commits have changed since the last call.
    pub(crate) fn take_touched(&self) -> Touched {
        self.lock().touched.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Asks about the state as the last write left it, in whatever process.
    pub(crate) fn look<T>(&self, question: impl FnOnce(&State, Counters) -> T) -> T {
        let inner = self.lock();
        question(&inner.state, inner.counters)
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
        if inner.process == process { Ok(inner) } else { Err(StoreError::Failed(KILLED.to_owned())) }
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
    /// How deep data may be, where that is looked at.
    deepest: Option<usize>,
    holds_syncs: bool,
    is_broken: bool,
    was_broken: bool,
    faults: Faults,
    /// What does again what a sync that failed has kept, last first.
    doubtful: Vec<Change>,
    doubtful_counters: Option<Counters>,
    touched: Option<Touched>,
    /// Events and facts of commits that failed, in words.
    lost: Vec<String>,
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

    /// Changes a sequence that is stored. What it was is kept once for the transaction, or since its savepoint.
    pub(super) fn change_sequence(&mut self, id: &str, change: impl FnOnce(&mut Sequence)) {
        let since = self.savepoint.map_or(0, |(length, _)| length);
        let is_kept = self.open[since..].iter().any(|open| matches!(open, Change::Sequence(of, _) if of == id));
        let Some(row) = self.state.sequences.get_mut(id) else { return };
        if !is_kept {
            self.open.push(Change::Sequence(id.to_owned(), Some(row.clone())));
        }
        change(&mut row.1);
    }

    /// Where that is wanted, data are refused that a store of text could not read again; `above` is how deep they stand.
    pub(super) fn check_depth(&self, data: &Value, above: usize) -> Result<(), StoreError> {
        match self.deepest {
            Some(deepest) if is_deeper(data, deepest.saturating_sub(above)) => {
                Err(StoreError::Failed(format!("could not write it: it is nested deeper than {deepest} levels")))
            }
            _ => Ok(()),
        }
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

    /// Events and facts that the open transaction has appended, in words.
    fn appended(&self) -> Vec<String> {
        let found = self.found.unwrap_or(self.counters);
        let events = self.state.events.range(found.event + 1..).map(|(_, row)| format!("{:?}", row.event));
        let facts =
            self.state.facts_by_position.range(found.fact + 1..).filter_map(|(position, (project, context))| {
                self.state.facts.get(&(*project, context.clone(), *position)).map(|fact| format!("{fact:?}"))
            });
        events.chain(facts).collect()
    }

    pub(super) fn commit(&mut self) -> Result<(), StoreError> {
        if self.faults.stand_still {
            self.lost = self.appended();
            self.abandon();
            return Err(StoreError::Failed("it was told to keep nothing".to_owned()));
        }
        if self.faults.is_due(Call::Commit) {
            self.lost = self.appended();
        }
        if let Err(error) = self.meet(Call::Commit) {
            self.abandon();
            self.is_broken = true;
            return Err(error);
        }
        let strike = self.faults.meet(Call::Sync);
        let torn_off = self.holds_syncs || self.faults.meet(Call::Promise).is_some() || !self.unsynced.is_empty();
        let counters = self.found.unwrap_or(self.counters);
        if strike == Some(Strike::Fails) {
            return Err(self.keep_in_doubt(counters));
        }
        let inverse = std::mem::take(&mut self.open);
        if let Some(touched) = &mut self.touched {
            touched.note(&inverse, &self.state);
        }
        if torn_off && !inverse.is_empty() {
            self.unsynced.push(Batch { inverse, counters });
        }
        self.abandon();
        if strike == Some(Strike::Kills) {
            self.process += 1;
            return Err(StoreError::Failed(KILLED.to_owned()));
        }
        Ok(())
    }

    /// Something of the store is called.
    pub(super) fn meet(&mut self, call: Call) -> Result<(), StoreError> {
        match self.faults.meet(call) {
            None => Ok(()),
            Some(Strike::Fails) => Err(StoreError::Failed(format!("it was told to fail here ({})", call.word()))),
            Some(Strike::Kills) => {
                self.abandon();
                self.process += 1;
                Err(StoreError::Failed(KILLED.to_owned()))
            }
        }
    }

    /// The sync of the open transaction fails: it is gone until the store is reopened, and is there then.
    fn keep_in_doubt(&mut self, found: Counters) -> StoreError {
        let reached = self.counters;
        while let Some(inverse) = self.open.pop() {
            let again = self.state.apply(inverse);
            self.doubtful.push(again);
        }
        self.counters = found;
        self.doubtful_counters = Some(reached);
        self.abandon();
        self.is_broken = true;
        StoreError::Failed(format!("it was told to fail here ({})", Call::Sync.word()))
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
