//! A store in memory, for the simulator and for tests: nothing in it depends on time, chance or the order of a hash.
//!
//! There is one state. A transaction writes to it in place and keeps the inverse of each write, so a commit costs
//! nothing and whoever only looks while a transaction is open gets it undone for the moment of the look.
//!
//! It fails on demand, through the [`MemoryDisk`] that [`MemoryStore::disk`] hands out:
//!
//! * [`MemoryDisk::hold_syncs`]: commits are visible, but nothing is safe before [`MemoryDisk::sync`].
//! * [`MemoryDisk::kill`]: the process dies, and a new one finds all that was synced and as many of the later commits,
//!   oldest first, as the caller says. Whatever belongs to the dead process answers with errors from then on.
//! * [`MemoryDisk::fail_next_commit`]: that commit fails and nothing of it is kept; no transaction begins before
//!   [`Store::reopen`](crate::ports::Store::reopen), which [`MemoryDisk::fail_next_reopen`] makes fail as well.
//! * [`MemoryDisk::order`]: any [`Call`] fails, or kills the process, after so many that go well.

mod bury;
mod census;
mod disk;
mod faults;
mod filter;
mod place;
mod reader;
mod state;
mod touched;
mod tx;

pub(crate) use disk::is_too_deep;
pub use disk::{MemoryDisk, MemoryStore};
pub use faults::{Call, Order, Struck};
pub(crate) use state::{Counters, State};
pub(crate) use touched::Touched;
