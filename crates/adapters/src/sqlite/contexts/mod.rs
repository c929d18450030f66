//! Which events and which facts are of a context.
//!
//! Senders choose contexts, as a rule at random. An index by context would change a page of its own for each event, and for each
//! command that states facts, and the more there are the seldomer two of them share one. So the tables `event_contexts` and
//! `fact_contexts` are filled late, as in the rolling merge of a log-structured merge tree (O'Neil and others, 1996): what a table
//! does not hold yet is kept in memory (`memtable`), in the order of its keys, and a commit that appends moves as much as it adds,
//! and up to twice as much after a start, from behind a cursor into the table (`merge`), where it goes to few pages. The cursor goes round and round. Up to a position
//! that is written with each round, the mark, the table holds all rows; those behind it are read when the store is opened, so that
//! nothing in memory has to be kept. Both go the same way, each at its own pace (`merges`, `changes`); what differs is in `table`.
//!
//! Entries stand under a hash of the context (`key`): whoever looks a row up compares its context as well.

mod change;
mod changes;
mod key;
mod memtable;
mod merge;
mod merges;
mod recent;
mod table;

pub(super) use changes::Changes;
pub(super) use key::key;
pub(super) use memtable::Memtable;
pub(super) use merge::LIMIT;
pub(super) use merges::Merges;
pub(super) use recent::Recent;
