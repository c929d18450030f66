//! A server in a bottle: the step, the memory store, virtual time, and tools that do what a script says.

use std::collections::BTreeSet;
use std::sync::Arc;

use capstan_engine::orchestrate::{Limits, ids};
use capstan_model::event::CloudEvent;
use jiff::{SignedDuration, Timestamp};

use super::agenda::{Act, Agenda};
use super::invariants;
use super::tool::{Tool, Tools};
use crate::command::{Command, CommandError, Ingest, Reply, fingerprint};
use crate::memory::{MemoryDisk, MemoryStore};
use crate::ports::{Configuration, OfferFilter, Retention, Slice, Store, StoreError, StoreReader};
use crate::step::{Cache, Outcome, Setting, step};

/// Midnight of 1 January 2024, UTC: when every world begins.
const BEGINNING: Timestamp = Timestamp::constant(1_704_067_200, 0);

/// So many steps are checked each; beyond, a check comes whenever there were a tenth more.
const CHECKED_EACH: u64 = 200;

/// Steps at one moment of which more can only be a loop.
const STEPS_AT_ONE_MOMENT: u32 = 100_000;

/// A server with its store and its clock, and the tools that answer it. A new one is empty; its approval service is there.
///
/// What goes wrong inside, such as a broken invariant, is among [`World::faults`]; with debug assertions it panics at once.
pub struct World {
    store: MemoryStore,
    cache: Cache,
    limits: Limits,
    /// Since the beginning; never jumps.
    elapsed: SignedDuration,
    /// By how much the clock was set.
    set_by: SignedDuration,
    up_since: Timestamp,
    pub(super) agenda: Agenda,
    pub(super) tools: Tools,
    /// Events from outside so far.
    sent: u64,
    /// Project and context of all events from outside.
    contexts: BTreeSet<(String, String)>,
    steps: u64,
    /// Which of them was the last to be checked.
    checked: u64,
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
        Self {
            store: MemoryStore::new(),
            cache: Cache::default(),
            limits: Limits::default(),
            elapsed: SignedDuration::ZERO,
            set_by: SignedDuration::ZERO,
            up_since: BEGINNING,
            agenda: Agenda::default(),
            tools: Tools::default(),
            sent: 0,
            contexts: BTreeSet::new(),
            steps: 0,
            checked: 0,
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

    /// Adds a tool; it hears of tasks that are offered from now on.
    pub fn tool(&mut self, tool: Tool) {
        self.tools.scripted.push(tool);
    }

    /// Adds a project or gives it another shipyard.
    pub fn project(&mut self, name: &str, shipyard: &str) {
        if let Err(refused) = capstan_model::shipyard::read(shipyard) {
            let why = refused.first().map(|(_, diagnostic)| diagnostic.message.clone()).unwrap_or_default();
            return self.fault(format!("the shipyard of '{name}' is refused: {why}"));
        }
        let hash = fingerprint(shipyard.as_bytes());
        // As long as the id of a commit.
        let commit = format!("{hash}{}", &hash[..8]);
        let configuration = Configuration { shipyard: hash, commit };
        let known = self.reader().project(name).ok().flatten().is_some_and(|project| project.configuration.is_some());
        let (name, shipyard) = (name.to_owned(), shipyard.to_owned());
        let done = if known {
            self.submit(Command::ConfigureProject { name, configuration, shipyard })
        } else {
            let context = self.new_id();
            self.submit(Command::CreateProject { name, configuration, shipyard, context })
        };
        self.note(done.map(|_| ()));
    }

    /// Takes in an event as it is, as often as it is sent; one without a time gets that of now. Gives its id.
    pub fn ingest(&mut self, event: CloudEvent) -> String {
        let id = event.id.clone();
        let done = self.take_in(Ingest { event, key: None });
        self.note(done.map(|_| ()));
        self.catch_up();
        id
    }

    /// Has a command carried out, with everything that follows from it now.
    pub fn submit(&mut self, command: Command) -> Result<Reply, CommandError> {
        let reply = match command {
            Command::Ingest(ingest) => self.take_in(*ingest),
            command => self.carry_out(command),
        };
        self.catch_up();
        reply
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
        self.elapsed = self.elapsed.max(next);
        if acts {
            if let Some(act) = self.agenda.take() {
                self.perform(act);
            }
        } else {
            let done = self.carry_out(Command::Timers);
            self.note(done.map(|_| ()));
        }
        true
    }

    /// Kills the server and starts it again at once, on what was committed.
    pub fn kill(&mut self) {
        self.kill_for(SignedDuration::ZERO);
    }

    /// Kills the server and starts it again after a while, on what was committed. What is sent to it meanwhile arrives then.
    pub fn kill_for(&mut self, away: SignedDuration) {
        self.store = self.store.disk().kill(0);
        self.cache = Cache::default();
        self.elapsed = self.elapsed.saturating_add(away);
        self.up_since = self.now();
        self.settle();
        self.hand_out();
        self.catch_up();
    }

    /// Sets the clock of the server; tools go by their own.
    pub fn jump(&mut self, by: SignedDuration) {
        self.set_by = self.set_by.saturating_add(by);
        self.up_since = self.now();
        if by.is_negative() {
            let done = self.carry_out(Command::ClockSetBack);
            self.note(done.map(|_| ()));
        }
        self.catch_up();
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

    /// Checks all that must always hold; called after steps.
    pub fn check_invariants(&mut self) {
        let now = self.now();
        self.checked = self.steps;
        match invariants::check(&mut self.store, &self.contexts, &self.limits, now) {
            Ok(faults) => {
                for fault in faults {
                    self.fault(fault);
                }
            }
            Err(error) => self.fault(error.to_string()),
        }
    }

    /// An id that nobody else has, the same in each world with the same history.
    pub(super) fn new_id(&mut self) -> String {
        self.sent += 1;
        ids::derive(self.now(), &["outside", &self.sent.to_string()])
    }

    fn take_in(&mut self, mut ingest: Ingest) -> Result<Reply, CommandError> {
        let event = &mut ingest.event;
        event.time.get_or_insert(self.now());
        let project = capstan_model::event::rest::data_text(&event.data, "project").to_owned();
        self.contexts.insert((project, event.context.clone().unwrap_or_default()));
        self.carry_out(Command::Ingest(Box::new(ingest)))
    }

    fn perform(&mut self, act: Act) {
        match act {
            Act::Event(event) => {
                let mut event = *event;
                if event.id.is_empty() {
                    event.id = self.new_id();
                }
                let done = self.take_in(Ingest { event, key: None });
                self.note(done.map(|_| ()));
            }
            Act::Beat { event, every, until } => {
                let next = self.elapsed.saturating_add(every);
                if next < until {
                    self.agenda.plan(next, Act::Beat { event: event.clone(), every, until });
                }
                self.perform(Act::Event(event));
            }
            Act::Control { project, context, stage, control } => {
                let done = self.carry_out(Command::Control { project, context, stage, control });
                self.note(done.map(|_| ()));
            }
            Act::Claim { tool, offer, answer } => {
                let done = self.claim(tool, &offer, &answer);
                self.note(done);
            }
            Act::Alive { lease, progress, every, until } => {
                let done = self.alive(lease, progress, every, until);
                self.note(done);
            }
            Act::Release { tool, offer, lease, reason } => {
                let done = self.give_back(tool, &offer, lease, reason);
                self.note(done);
            }
            Act::Answer(answer) => {
                let done = self.answer_by_lease(*answer);
                self.note(done);
            }
            Act::Kill { away } => self.kill_for(away),
            Act::Jump { by } => self.jump(by),
        }
    }

    /// Lets happen all that is due now.
    fn catch_up(&mut self) {
        for _ in 0..STEPS_AT_ONE_MOMENT {
            if !self.go_on(self.elapsed) {
                return;
            }
        }
        self.fault(format!("at {} things happen without end", self.now()));
    }

    /// One command in one transaction, and what it leaves for the next steps.
    pub(super) fn carry_out(&mut self, command: Command) -> Result<Reply, CommandError> {
        let mut outcome = self.step(command)?;
        let reply = outcome.replies.pop().unwrap_or(Ok(Reply::Nothing));
        self.settle();
        self.hand_out();
        reply
    }

    fn step(&mut self, command: Command) -> Result<Outcome, StoreError> {
        let (setting, now) = (self.setting(), self.now());
        self.steps += 1;
        step(&mut self.store, &[command], now, &setting, &mut self.cache, &[])
    }

    /// Inputs and rows that were left.
    fn settle(&mut self) {
        let reader = self.reader();
        while self.faults.is_empty() && reader.has_deferred().unwrap_or(false) {
            let done = self.step(Command::Deferred);
            self.note(done.map(|_| ()).map_err(CommandError::Store));
        }
        while self.faults.is_empty() && reader.has_buried().unwrap_or(false) {
            let done = self.step(Command::Purge);
            self.note(done.map(|_| ()).map_err(CommandError::Store));
        }
        if self.steps <= CHECKED_EACH || self.steps >= self.checked + self.checked / 10 {
            self.check_invariants();
        }
    }

    /// Tells tools of tasks that they have not heard of, the oldest first.
    fn hand_out(&mut self) {
        let offers = match self.reader().offers(&OfferFilter::default(), Slice::ALL) {
            Ok(page) => page.items,
            Err(error) => return self.fault(error.to_string()),
        };
        for offer in offers.into_iter().rev() {
            self.tools.hear(&offer, self.elapsed, &mut self.agenda);
        }
    }

    /// When the next timer elapses, since the beginning.
    fn next_timer(&self) -> Option<SignedDuration> {
        let due = self.reader().next_timer().ok().flatten()?;
        Some(due.duration_since(BEGINNING).saturating_sub(self.set_by))
    }

    pub(super) fn store(&mut self) -> &mut MemoryStore {
        &mut self.store
    }

    fn note(&mut self, done: Result<(), CommandError>) {
        if let Err(error) = done {
            self.fault(error.to_string());
        }
    }

    fn fault(&mut self, fault: String) {
        debug_assert!(false, "{fault}");
        self.faults.push(fault);
    }
}
