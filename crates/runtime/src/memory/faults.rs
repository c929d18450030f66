//! What goes wrong at the calls of the store, on order.

use std::collections::BTreeMap;

/// A call at which a store can fail, or its process be killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Call {
    /// A transaction begins.
    Begin,
    /// A savepoint is set, released or rolled back to.
    Savepoint,
    /// Something is read in a transaction.
    Read,
    /// Something is written in a transaction.
    Write,
    /// A transaction commits, and nothing of it is kept.
    Commit,
    /// A commit is written and its sync goes wrong: all of it is kept, which nobody knows before the store was reopened.
    Sync,
    /// A commit is acknowledged and was never synced: the next kill tears it off, with all that came after. No store may do
    /// so; it shows that whoever checks notices.
    Promise,
    /// The store is opened anew.
    Reopen,
}

impl Call {
    /// Each of them.
    pub const ALL: [Self; 8] =
        [Self::Begin, Self::Savepoint, Self::Read, Self::Write, Self::Commit, Self::Sync, Self::Promise, Self::Reopen];

    /// The word of scenarios.
    pub fn word(self) -> &'static str {
        match self {
            Self::Begin => "begin",
            Self::Savepoint => "savepoint",
            Self::Read => "read",
            Self::Write => "write",
            Self::Commit => "commit",
            Self::Sync => "sync",
            Self::Promise => "promise",
            Self::Reopen => "reopen",
        }
    }

    /// Reads the word of scenarios.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|call| call.word() == word)
    }
}

/// What is to go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// At which calls.
    pub call: Call,
    /// How many of them go well before.
    pub skip: u32,
    /// How many then go wrong; at least 1.
    pub times: u32,
    /// Whether the process dies there, instead of being told of a failure.
    pub kills: bool,
}

impl Order {
    /// The next such call fails.
    pub fn next(call: Call) -> Self {
        Self { call, skip: 0, times: 1, kills: false }
    }
}

/// How a call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strike {
    Fails,
    Kills,
}

/// How often calls went wrong: by the call, and whether the process was killed there.
pub type Struck = BTreeMap<(Call, bool), u64>;

/// What was ordered and did not happen yet, and what has happened.
#[derive(Debug, Default)]
pub(super) struct Faults {
    ordered: Vec<Order>,
    pub(super) struck: Struck,
    pub(super) stand_still: bool,
}

impl Faults {
    pub(super) fn order(&mut self, order: Order) {
        self.ordered.push(order);
    }

    pub(super) fn is_due(&self, call: Call) -> bool {
        !self.stand_still && self.ordered.iter().any(|order| order.call == call && order.skip == 0)
    }

    pub(super) fn forget(&mut self) {
        self.ordered.clear();
    }

    /// A call is made; how it goes wrong, if it does.
    pub(super) fn meet(&mut self, call: Call) -> Option<Strike> {
        if self.ordered.is_empty() || self.stand_still {
            return None;
        }
        let mut strike = None;
        for order in self.ordered.iter_mut().filter(|order| order.call == call) {
            if order.skip > 0 {
                order.skip -= 1;
            } else if strike.is_none() {
                order.times = order.times.saturating_sub(1);
                strike = Some(if order.kills { Strike::Kills } else { Strike::Fails });
            }
        }
        if let Some(strike) = strike {
            *self.struck.entry((call, strike == Strike::Kills)).or_default() += 1;
            self.ordered.retain(|order| order.times > 0);
        }
        strike
    }
}
