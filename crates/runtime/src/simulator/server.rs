//! How the server of a world works: as the writer does, but with a clock of its own. A command is a batch of its own, but for those of `busy`, which share one.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::agenda::Act;
use super::invariants::Terms;
use super::world::{BEGINNING, World};
use crate::command::{Command, CommandError, Reply};
use crate::ports::{Store, StoreError};
use crate::step::{Cache, Outcome, Setting, step};
use crate::writer::{JUMP, set_back_from, time_of_step};

/// When a server that cannot use its store looks whether it can again.
const MENDS: SignedDuration = SignedDuration::from_secs(1);

/// When a server looks anew for what it has to do.
const LOOKS: SignedDuration = SignedDuration::from_secs(30);

impl World {
    /// Has a command carried out, with everything that follows from it now.
    pub fn submit(&mut self, command: Command) -> Result<Reply, CommandError> {
        let command = match command {
            Command::Ingest(ingest) => self.event_in(ingest.event, ingest.key),
            command => command,
        };
        let reply = self.carry_out(command);
        self.catch_up();
        reply
    }

    /// Kills the server and starts it again at once, on what was committed.
    pub fn kill(&mut self) {
        self.kill_for(SignedDuration::ZERO);
    }

    /// Kills the server and starts it again after a while, on what was committed. What is sent to it meanwhile arrives then.
    pub fn kill_for(&mut self, away: SignedDuration) {
        self.kill_and_set(away, SignedDuration::ZERO);
    }

    /// The same with a clock that is set while it is away.
    pub(super) fn kill_and_set(&mut self, away: SignedDuration, set_by: SignedDuration) {
        self.tally.add("kills", 1);
        self.restart(away, set_by);
        self.catch_up();
    }

    /// Sets the clock of the server; tools go by their own. What is too little to be noticed goes unnoticed.
    pub fn jump(&mut self, by: SignedDuration) {
        self.tally.add(if by.is_negative() { "clock-back" } else { "clock-forth" }, 1);
        self.set_by = self.set_by.saturating_add(by);
        if by.abs() > JUMP {
            self.up_since = self.now();
            self.checked_since = self.up_since;
        } else if by.is_negative() {
            self.slack = self.slack.saturating_sub(by);
        }
        if by < -JUMP {
            let before = self.now().saturating_sub(by).unwrap_or(Timestamp::MAX);
            self.set_back = self.set_back.max(Some(before));
            self.pull_in_from = SignedDuration::ZERO;
            self.pull_in();
        }
        self.catch_up();
    }

    /// One command in one transaction, and what it leaves for the next steps.
    pub(super) fn carry_out(&mut self, command: Command) -> Result<Reply, CommandError> {
        self.carry_out_together(&[command])?.pop().unwrap_or(Ok(Reply::Nothing))
    }

    /// Commands in one transaction, and what they leave for the next steps. Gives what is said to each.
    pub(super) fn carry_out_together(
        &mut self,
        commands: &[Command],
    ) -> Result<Vec<Result<Reply, CommandError>>, StoreError> {
        if self.broken && !self.mend() {
            return Err(StoreError::Failed("it failed before and does not recover yet".to_owned()));
        }
        self.pull_in();
        let outcome = self.step(commands)?;
        self.settle();
        self.hand_out();
        Ok(outcome.replies)
    }

    /// Something that the server does by itself; where that fails it is done later.
    pub(super) fn chore(&mut self, command: Command) {
        match self.carry_out(command) {
            Ok(_) => {}
            Err(CommandError::Store(_)) => {
                let later = if self.broken { MENDS } else { LOOKS };
                self.timers_from = self.elapsed.saturating_add(later);
                self.agenda.plan(self.timers_from, Act::Look);
            }
            Err(error) => self.fault(format!("the server cannot do what it has to: {error}")),
        }
    }

    /// Nothing waits for longer than a full term, where the clock was set back. It comes before all else, but where it has
    /// failed alone.
    fn pull_in(&mut self) {
        if self.set_back.is_none() || self.broken || self.elapsed < self.pull_in_from {
            return;
        }
        // After a failure of the whole the store is opened anew first, or the server starts anew.
        let Ok(mut outcome) = self.step(&[Command::ClockSetBack]) else { return };
        match outcome.replies.pop() {
            Some(Err(CommandError::Store(_))) => {
                self.pull_in_from = self.elapsed.saturating_add(LOOKS);
                self.agenda.plan(self.pull_in_from, Act::Look);
            }
            Some(Err(error)) => self.fault(format!("the server cannot do what it has to: {error}")),
            _ => {
                self.set_back = None;
                self.check_all();
            }
        }
    }

    /// The server looks for what it has to do.
    pub(super) fn look(&mut self) {
        if self.broken && !self.mend() {
            return;
        }
        self.pull_in();
        self.settle();
        self.hand_out();
    }

    fn step(&mut self, commands: &[Command]) -> Result<Outcome, StoreError> {
        self.steps += 1;
        match self.transact(commands) {
            Ok(mut outcome) => {
                self.check();
                self.hand_to_waiting(std::mem::take(&mut outcome.granted));
                Ok(outcome)
            }
            Err(error) => {
                if self.store.is_dead() {
                    let (away, set_by) = std::mem::take(&mut self.after_kill);
                    self.restart(away, set_by);
                } else {
                    self.broken = true;
                    self.agenda.plan(self.elapsed.saturating_add(MENDS), Act::Look);
                }
                Err(error)
            }
        }
    }

    /// One transaction. Where nothing of it was kept, the same again has to write the same.
    fn transact(&mut self, commands: &[Command]) -> Result<Outcome, StoreError> {
        let (setting, now) = (self.setting(), time_of_step(self.now(), self.set_back, commands));
        self.stepped = now;
        let disk = self.store.disk();
        let before = disk.look(|_, counters| counters);
        let struck = || disk.struck().values().sum::<u64>();
        let struck_before = if commands.len() > 1 { struck() } else { 0 };
        let done = step(&mut self.store, commands, now, &setting, &mut self.cache, &self.waiting);
        let written = disk.take_lost();
        let error = match done {
            Ok(outcome) => return Ok(outcome),
            Err(error) => error,
        };
        // Where the sync has failed, all of it is kept.
        let nothing_kept = disk.look(|_, counters| counters) == before;
        // Where some of the commands had failed alone before the commit did, it is not the same again.
        let is_whole = commands.len() == 1 || struck() == struck_before + 1;
        if nothing_kept && is_whole && !written.is_empty() {
            self.rehearse(commands, setting, &written);
        }
        Err(error)
    }

    /// What a commit has not kept comes again, to the id.
    fn rehearse(&mut self, commands: &[Command], setting: Setting, written: &[String]) {
        let (disk, now) = (self.store.disk(), self.stepped);
        let mut other = disk.fork();
        let again = step(&mut other, commands, now, &setting, &mut self.empty_cache(), &self.waiting);
        let again_written = disk.take_lost();
        disk.join();
        if again.is_ok() {
            self.fault("a step was committed that was to be lost".to_owned());
        } else if again_written != written {
            self.fault(format!("the same step does not write the same again: {written:?}, then {again_written:?}"));
        }
    }

    /// What a server begins with that knows nothing, but for the shipyards that the store holds: they are read once.
    pub(super) fn empty_cache(&self) -> Cache {
        self.store.disk().look(|state, _| {
            let stored = self.read.iter().filter(|(hash, _)| state.shipyards.contains_key(*hash));
            Cache::with_shipyards(stored.map(|(hash, shipyard)| (hash.clone(), Arc::clone(shipyard))))
        })
    }

    /// Opens the store anew, after a commit that has failed. Whether it can be used again.
    pub(super) fn mend(&mut self) -> bool {
        if self.store.reopen().is_err() {
            self.agenda.plan(self.elapsed.saturating_add(MENDS), Act::Look);
            return false;
        }
        self.broken = false;
        self.timers_from = SignedDuration::ZERO;
        self.check_after_crash();
        self.pull_in();
        self.settle();
        self.hand_out();
        !self.broken
    }

    /// The process is dead; another one begins on what was committed.
    fn restart(&mut self, away: SignedDuration, set_by: SignedDuration) {
        self.store = self.store.disk().kill(0);
        self.cache = self.empty_cache();
        self.nobody_is_answered();
        self.broken = false;
        self.timers_from = SignedDuration::ZERO;
        self.elapsed = self.elapsed.saturating_add(away);
        self.set_by = self.set_by.saturating_add(set_by);
        self.up_since = self.now();
        self.check_after_crash();
        let set_back = set_back_from(&*self.reader(), self.now()).unwrap_or_default();
        let was_pending = std::mem::replace(&mut self.set_back, set_back).is_some();
        self.pull_in_from = SignedDuration::ZERO;
        if self.set_back.is_some() {
            self.pull_in();
        } else {
            // What is too little to be noticed stays as it is.
            if was_pending || set_by.is_negative() {
                self.slack = self.slack.saturating_add(JUMP);
            }
            self.check_all();
        }
        self.settle();
        self.hand_out();
    }

    /// Inputs and rows that were left.
    fn settle(&mut self) {
        while self.faults().is_empty() && !self.broken {
            let left = self.store.disk().look(|state, _| (!state.deferred.is_empty(), !state.buried.is_empty()));
            let done = match left {
                (true, _) => self.step(&[Command::Deferred]),
                (_, true) => self.step(&[Command::Purge]),
                (false, false) => return,
            };
            let failed_alone = done.is_ok_and(|outcome| outcome.replies.iter().any(Result::is_err));
            if failed_alone {
                self.agenda.plan(self.elapsed.saturating_add(LOOKS), Act::Look);
                return;
            }
        }
    }

    /// Tells tools of tasks that they have not heard of, the oldest first.
    fn hand_out(&mut self) {
        let (tools, agenda, now) = (&mut self.tools, &mut self.agenda, self.elapsed);
        self.store.disk().look(|state, _| {
            for (position, id) in &state.listed {
                if !tools.have_heard(id)
                    && let Some(row) = state.events.get(position)
                {
                    tools.hear(&row.event, now, agenda);
                }
            }
        });
    }

    /// When the next timer elapses, since the beginning.
    pub(super) fn next_timer(&self) -> Option<SignedDuration> {
        if self.broken {
            return None;
        }
        let due = self.store.disk().look(|state, _| state.timers_by_due.first().map(|(due, ..)| *due))?;
        Some(due.duration_since(BEGINNING).saturating_sub(self.set_by).max(self.timers_from))
    }

    fn check(&mut self) {
        let disk = self.store.disk();
        let touched = disk.take_touched();
        self.check_with(|world, terms| disk.look(|state, _| world.checker.look(state, &touched, terms)));
    }

    fn check_all(&mut self) {
        let disk = self.store.disk();
        disk.take_touched();
        self.check_with(|world, terms| disk.look(|state, _| world.checker.look_at_all(state, terms)));
    }

    fn check_after_crash(&mut self) {
        let disk = self.store.disk();
        disk.take_touched();
        // While it was away nobody could see to its clocks.
        let set_back = self.set_back.replace(Timestamp::MIN);
        self.checked_since = Timestamp::MIN;
        self.check_with(|world, terms| {
            disk.look(|state, counters| world.checker.look_after_crash(state, counters, terms))
        });
        self.set_back = set_back;
        self.checked_since = self.up_since;
    }

    /// All has come to an end: nothing is open, queues and timers are empty, nothing is offered or left, and from the first
    /// fact on all is as it should be.
    pub(super) fn check_end(&mut self) {
        let left = self.store.disk().look(|state, _| {
            let open = state.sequences.values().filter(|row| !row.1.is_over()).map(|row| row.1.id.clone());
            let mut left: Vec<String> = open
                .map(|id| format!("a sequence does not come to an end, though its run was aborted: {id}"))
                .collect();
            for (what, count) in [
                ("queues", state.queues.len()),
                ("timers", state.timers.len()),
                ("offers", state.listed.len()),
                ("takers", state.takers.len()),
                ("inputs", state.deferred.len()),
            ] {
                if count > 0 && left.is_empty() {
                    left.push(format!("all is over, and there are still {what}: {count}"));
                }
            }
            left
        });
        for fault in left {
            self.fault(fault);
        }
        self.check_after_crash();
        self.check_invariants();
    }

    fn check_with(&mut self, check: impl FnOnce(&mut Self, &Terms<'_>) -> Vec<String>) {
        let limits = *self.limits();
        let slack = if self.set_back.is_some() { SignedDuration::MAX } else { self.slack };
        let shipyards = std::mem::take(&mut self.read);
        let terms = Terms {
            limits: &limits,
            now: self.now(),
            up_since: self.checked_since,
            stepped: self.stepped,
            shipyards: &shipyards,
            slack,
        };
        let faults = check(self, &terms);
        self.read = shipyards;
        for fault in faults {
            self.fault(fault);
        }
    }
}
