//! A server in a bottle: the step, the memory store, virtual time, and tools that do what a script says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use capstan_engine::orchestrate::{Limits, ids};
use capstan_model::shipyard::Shipyard;
use jiff::{SignedDuration, Timestamp};

use super::ShipyardText;
use super::agenda::{Act, Agenda};
use super::invariants::{Checker, Terms};
use super::post::Post;
use super::tally::Tally;
use super::tool::{Tool, Tools};
use crate::command::{Command, Wanted, fingerprint};
use crate::memory::{MemoryDisk, MemoryStore};
use crate::ports::{Configuration, Retention, Store, StoreReader};
use crate::step::{Cache, Setting};

/// Midnight of 1 January 2024, UTC: when every world begins.
pub(super) const BEGINNING: Timestamp = Timestamp::constant(1_704_067_200, 0);

/// How often something may happen at one moment; more can only be a loop.
const AT_ONE_MOMENT: u32 = 100_000;

/// A server with its store and its clock, and the tools that answer it. A new one is empty; its approval service is there.
///
/// What goes wrong inside, such as a broken invariant, is among [`World::faults`]; with debug assertions it panics at once,
/// unless whoever made it looks there.
pub struct World {
    pub(super) store: MemoryStore,
    pub(super) cache: Cache,
    /// By the hash of their text, so that not each start of the server has to read them again.
    pub(super) read: BTreeMap<String, Arc<Shipyard>>,
    limits: Limits,
    /// Since the beginning; never jumps.
    pub(super) elapsed: SignedDuration,
    /// By how much the clock was set.
    pub(super) set_by: SignedDuration,
    /// By how much it was set back without anybody being told.
    pub(super) slack: SignedDuration,
    /// Where it was set back and nothing was pulled in yet: what it said before.
    pub(super) set_back: Option<Timestamp>,
    /// That is not tried before, since the beginning: it has failed alone.
    pub(super) pull_in_from: SignedDuration,
    pub(super) up_since: Timestamp,
    /// What the clock said at the last step.
    pub(super) stepped: Timestamp,
    /// The same for checks.
    pub(super) checked_since: Timestamp,
    pub(super) agenda: Agenda,
    pub(super) tools: Tools,
    pub(super) post: Post,
    /// Whether a commit has failed and the store was not reopened yet.
    pub(super) broken: bool,
    /// What is said to the writer while it is busy; none: it is not.
    pub(super) room: Option<Vec<(Act, Command)>>,
    /// Claims that wait, the oldest first, and which tools they are of, in the same order.
    pub(super) waiting: Vec<Wanted>,
    pub(super) waiters: Vec<usize>,
    /// Timers are not looked at before, since the beginning.
    pub(super) timers_from: SignedDuration,
    /// How long the server is away, and by how much its clock is set meanwhile, when it is killed at a call of its store.
    pub(super) after_kill: (SignedDuration, SignedDuration),
    /// Events from outside so far.
    sent: u64,
    /// Project and context of all events from outside.
    pub(super) contexts: BTreeSet<(String, String)>,
    pub(super) steps: u64,
    at_this_moment: u32,
    pub(super) checker: Checker,
    pub(super) tally: Tally,
    panics: bool,
    faults: Vec<String>,
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// An empty world with the limits that a server has by default.
    pub fn new() -> Self {
        let store = MemoryStore::new();
        store.disk().watch();
        store.disk().refuse_what_is_too_deep();
        Self {
            store,
            cache: Cache::default(),
            read: BTreeMap::new(),
            limits: Limits::default(),
            elapsed: SignedDuration::ZERO,
            set_by: SignedDuration::ZERO,
            slack: SignedDuration::ZERO,
            set_back: None,
            pull_in_from: SignedDuration::ZERO,
            up_since: BEGINNING,
            stepped: BEGINNING,
            checked_since: BEGINNING,
            agenda: Agenda::default(),
            tools: Tools::default(),
            post: Post::default(),
            broken: false,
            room: None,
            waiting: Vec::new(),
            waiters: Vec::new(),
            timers_from: SignedDuration::ZERO,
            after_kill: (SignedDuration::ZERO, SignedDuration::ZERO),
            sent: 0,
            contexts: BTreeSet::new(),
            steps: 0,
            at_this_moment: 0,
            checker: Checker::default(),
            tally: Tally::default(),
            panics: cfg!(debug_assertions),
            faults: Vec::new(),
        }
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The same without the approval service: nobody starts on an approval.
    #[must_use]
    pub fn without_approval(mut self) -> Self {
        self.tools.approval = false;
        self
    }

    /// The same, made by somebody who looks at its faults: it never panics because of them.
    #[must_use]
    pub fn watched(mut self) -> Self {
        self.panics = false;
        self
    }

    /// Adds a tool; it hears of tasks that are offered from now on.
    pub fn tool(&mut self, tool: Tool) {
        if tool.lease.is_some() && tool.waits {
            let tool = self.tools.scripted.len();
            self.plan(SignedDuration::ZERO, Act::Ask { tool, key: String::new() });
        }
        self.tools.scripted.push(tool);
    }

    /// Adds a project or gives it another shipyard.
    pub fn project(&mut self, name: &str, shipyard: &str) {
        match capstan_model::shipyard::read(shipyard) {
            Ok(read) => self.use_shipyard(name, shipyard, Arc::new(read.shipyard)),
            Err(refused) => {
                let why = refused.first().map(|(_, diagnostic)| diagnostic.message.clone()).unwrap_or_default();
                self.fault(format!("the shipyard of '{name}' is refused: {why}"));
            }
        }
    }

    /// The same with a shipyard of a scenario.
    pub(super) fn project_of(&mut self, name: &str, shipyard: &ShipyardText) {
        match &shipyard.made {
            Some(made) => self.use_shipyard(name, &shipyard.text, Arc::clone(made)),
            None => self.project(name, &shipyard.text),
        }
    }

    fn use_shipyard(&mut self, name: &str, shipyard: &str, read: Arc<Shipyard>) {
        let hash = fingerprint(shipyard.as_bytes());
        self.read.insert(hash.clone(), read);
        // As long as the id of a commit.
        let commit = format!("{hash}{}", &hash[..8]);
        let configuration = Configuration { shipyard: hash, commit };
        let (name, shipyard) = (name.to_owned(), shipyard.to_owned());
        self.perform(Act::Configure(Box::new((name, configuration, shipyard))));
        self.cache = self.empty_cache();
        self.catch_up();
    }

    /// Plans something; tools' doings are planned likewise. `after` counts from now.
    pub fn plan(&mut self, after: SignedDuration, act: Act) {
        self.agenda.plan(self.elapsed.saturating_add(after), act);
    }

    /// Lets time pass, with all that is due on the way, each at its own time.
    pub fn advance(&mut self, by: SignedDuration) {
        let end = self.elapsed.saturating_add(by);
        while self.go_on(end) {}
        self.elapsed = self.elapsed.max(end);
    }

    /// Lets time pass until then, since the beginning, with all that is due before. What comes next comes first at that moment.
    pub(super) fn arrive_at(&mut self, at: SignedDuration) {
        let before = at.saturating_sub(SignedDuration::from_nanos(1));
        while self.go_on(before) {}
        self.elapsed = self.elapsed.max(at);
    }

    /// Lets the next thing happen that is due until then, since the beginning. Whether there was one.
    pub fn go_on(&mut self, end: SignedDuration) -> bool {
        let act = self.agenda.next();
        let timer = self.next_timer();
        // What arrives at the very moment in which a timer elapses has arrived in time.
        let acts = act.is_some_and(|act| timer.is_none_or(|timer| act <= timer));
        let Some(next) = [act, timer].into_iter().flatten().min().filter(|next| *next <= end) else { return false };
        self.at_this_moment = if next > self.elapsed { 0 } else { self.at_this_moment + 1 };
        if self.at_this_moment > AT_ONE_MOMENT {
            self.fault(format!("things happen without end at {}", self.now()));
            return false;
        }
        self.elapsed = self.elapsed.max(next);
        if acts {
            if let Some(act) = self.agenda.take() {
                self.perform(act);
            }
        } else {
            self.chore(Command::Timers);
        }
        true
    }

    /// Lets happen all that is due now.
    pub(super) fn catch_up(&mut self) {
        while self.go_on(self.elapsed) {}
    }

    /// What steps go by.
    pub fn setting(&self) -> Setting {
        Setting { limits: self.limits, up_since: self.up_since, retention: Retention::default() }
    }

    /// What the clock of the server says.
    pub fn now(&self) -> Timestamp {
        let at = BEGINNING.saturating_add(self.elapsed).unwrap_or(Timestamp::MAX);
        at.saturating_add(self.set_by).unwrap_or(Timestamp::MAX)
    }

    /// What the clock said at the beginning.
    pub fn beginning(&self) -> Timestamp {
        BEGINNING
    }

    /// How much time has passed, whatever the clock says.
    pub fn elapsed(&self) -> SignedDuration {
        self.elapsed
    }

    /// The limits that it goes by.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Whether tools or others will still do something.
    pub fn is_anything_planned(&self) -> bool {
        self.agenda.next().is_some()
    }

    /// What its store tells. It is that of the process: a reader from before a kill is dead.
    pub fn reader(&self) -> Arc<dyn StoreReader> {
        self.store.reader()
    }

    /// What is below its store, to make it fail.
    pub fn disk(&self) -> MemoryDisk {
        self.store.disk()
    }

    /// Project and context of all that was sent from outside.
    pub fn contexts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.contexts.iter().map(|(project, context)| (&**project, &**context))
    }

    /// What is wrong with the world itself; it should be empty for ever.
    pub fn faults(&self) -> &[String] {
        &self.faults
    }

    /// Steps that were made so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// A hash of all that has happened.
    pub fn hash(&self) -> u64 {
        self.checker.hash()
    }

    /// What went wrong on purpose so far, and what tools did that no tool should.
    pub fn tally(&self) -> Tally {
        let mut tally = self.tally.clone();
        tally.add_struck(&self.store.disk().struck());
        tally.add("answers-ignored", self.checker.ignored);
        tally
    }

    /// Checks all that must always hold, from the first fact on.
    pub fn check_invariants(&mut self) {
        let mut checker = Checker::default();
        let terms = Terms {
            limits: &self.limits,
            now: self.now(),
            up_since: Timestamp::MIN,
            stepped: self.stepped,
            shipyards: &self.read,
            slack: self.slack,
        };
        let faults = self.store.disk().look(|state, _| checker.look_at_all(state, &terms));
        for fault in faults {
            self.fault(fault);
        }
    }

    /// An id that nobody else has, the same in each world with the same history.
    pub(super) fn new_id(&mut self) -> String {
        self.sent += 1;
        ids::derive(self.now(), &["outside", &self.sent.to_string()])
    }

    #[cfg(test)]
    pub(super) fn store(&mut self) -> &mut MemoryStore {
        &mut self.store
    }

    pub(super) fn fault(&mut self, fault: String) {
        debug_assert!(!self.panics, "{fault}");
        self.faults.push(fault);
    }
}
