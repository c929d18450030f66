//! How often what went wrong.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::memory::{Call, Struck};

/// Counts by kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Tally(BTreeMap<&'static str, u64>);

impl Tally {
    /// Counts so many more.
    pub fn add(&mut self, kind: &'static str, times: u64) {
        if times > 0 {
            *self.0.entry(kind).or_default() += times;
        }
    }

    /// Counts all of another one.
    pub fn merge(&mut self, other: &Self) {
        for (kind, times) in &other.0 {
            self.add(kind, *times);
        }
    }

    /// How often this was counted.
    pub fn of(&self, kind: &str) -> u64 {
        self.0.get(kind).copied().unwrap_or_default()
    }

    /// All that was counted, by kind.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.0.iter().map(|(kind, times)| (*kind, *times))
    }

    /// Counts what went wrong at calls of the store.
    pub(super) fn add_struck(&mut self, struck: &Struck) {
        for ((call, kills), times) in struck {
            self.add(kind(*call, *kills), *times);
        }
    }
}

fn kind(call: Call, kills: bool) -> &'static str {
    match (call, kills) {
        (Call::Begin, false) => "fail-begin",
        (Call::Savepoint, false) => "fail-savepoint",
        (Call::Read, false) => "fail-read",
        (Call::Write, false) => "fail-write",
        (Call::Commit, false) => "fail-commit",
        (Call::Sync, false) => "fail-sync",
        (Call::Reopen, false) => "fail-reopen",
        (Call::Begin, true) => "kill-in-begin",
        (Call::Savepoint, true) => "kill-in-savepoint",
        (Call::Read, true) => "kill-in-read",
        (Call::Write, true) => "kill-in-write",
        (Call::Commit, true) => "kill-in-commit",
        (Call::Sync, true) => "kill-in-sync",
        (Call::Reopen, true) => "kill-in-reopen",
        (Call::Promise, _) => "broken-promise",
    }
}
