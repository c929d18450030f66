//! Which events are of a context.
//!
//! Senders choose contexts, as a rule at random. An index of events by context would change a page of its own for each event,
//! and the more events there are the seldomer two of them share one. So the table `contexts` is filled late, as in the rolling
//! merge of a log-structured merge tree (O'Neil and others, 1996): what it does not hold yet is kept in memory (`memtable`), in
//! the order of its keys, and a commit that appends moves as much as it adds from behind a cursor into the table (`merge`),
//! where it goes to few pages. The cursor goes round and round. Up to a position that is written with each round, the mark, the
//! table holds all events; those behind it are read when the store is opened, so that nothing in memory has to be kept.
//!
//! Entries stand under a hash of the context (`key`): whoever looks an event up compares its context as well.

mod change;
mod key;
mod memtable;
mod merge;

pub(super) use change::Change;
pub(super) use key::key;
pub(super) use memtable::Memtable;
pub(super) use merge::{LIMIT, Merge};
