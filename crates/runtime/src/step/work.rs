//! A batch of commands in one transaction, each in a savepoint of its own.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use capstan_engine::orchestrate::{Input, Limits};
use capstan_model::event::CloudEvent;
use jiff::Timestamp;

use super::cache::Cache;
use crate::command::{Command, CommandError, Grant, Reply, Wanted};
use crate::observe::Tally;
use crate::ports::{Deferred, Offered, ProjectId, Retention, Store, StoreError, StoreTx};

/// Inputs to other sequences that one command may cause in its own step; the rest is left for the next.
const INPUTS_A_STEP: usize = 64;

/// Elapsed timers that one step works off.
const TIMERS_A_STEP: u64 = 64;

/// Rows that one step removes: well below five milliseconds.
const ROWS_A_PURGE: u64 = 128;

/// Runs that one step buries; each is two rows.
const RUNS_A_PURGE: u64 = 32;

/// What a step goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// How long, how much and how many.
    pub limits: Limits,
    /// Since when the server has been up and its clock even.
    pub up_since: Timestamp,
    /// How long runs are kept where their project does not say.
    pub retention: Retention,
}

/// What a step leads to once it is committed.
#[derive(Debug, Default)]
pub struct Outcome {
    /// One for each command, in order.
    pub replies: Vec<Result<Reply, CommandError>>,
    /// The earliest timer that was set.
    pub next_timer: Option<Timestamp>,
    /// Whether inputs were left for the next step.
    pub deferred: bool,
    /// Whether something was deleted that has to be removed.
    pub buried: bool,
    /// Whether a task was offered.
    pub offered: bool,
    /// What was granted to those who wait for tasks, by their index.
    pub granted: Vec<(usize, Vec<Grant>)>,
    /// How often what happened.
    pub tally: Tally,
}

/// Carries out commands in one transaction, each wholly or not at all, and commits it. `waiting` are claims that nothing could
/// be granted to before, the oldest first: what is offered now is granted to them in the same transaction. When it fails as a
/// whole nothing has happened, unless it was the commit that failed: then reopening the store tells.
pub fn step(
    store: &mut dyn Store,
    commands: &[Command],
    now: Timestamp,
    setting: &Setting,
    cache: &mut Cache,
    waiting: &[Wanted],
) -> Result<Outcome, StoreError> {
    step_and(store, commands, now, setting, cache, waiting, &mut |tx| tx.commit())
}

/// What commits a transaction.
pub type Commit<'a> = dyn FnMut(Box<dyn StoreTx + '_>) -> Result<(), StoreError> + 'a;

/// The same, with the commit done by the caller, who may look at the clock around it.
pub fn step_and(
    store: &mut dyn Store,
    commands: &[Command],
    now: Timestamp,
    setting: &Setting,
    cache: &mut Cache,
    waiting: &[Wanted],
    commit: &mut Commit<'_>,
) -> Result<Outcome, StoreError> {
    let mut attempt = |undo| {
        let mut batch = Batch { tx: store.begin()?, now, setting, cache, waiting, undo, outcome: Outcome::default() };
        for command in commands {
            if !batch.carry_out(command)? {
                return Ok(None);
            }
        }
        commit(batch.tx)?;
        Ok(Some(batch.outcome))
    };
    // Hardly ever does a command fail once it has written something. So the first attempt cannot undo single commands, which
    // would have the store keep what each page was before each of them.
    let done = attempt(Undo::Batch).and_then(|done| done.map_or_else(|| attempt(Undo::Command), |done| Ok(Some(done))));
    if !matches!(done, Ok(Some(_))) {
        cache.clear();
    }
    done.map(Option::unwrap_or_default)
}

/// What is undone when a command fails.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Undo {
    /// All of the batch; it is to be carried out anew.
    Batch,
    /// The command alone.
    Command,
}

/// Commands that share a transaction.
struct Batch<'a> {
    tx: Box<dyn StoreTx + 'a>,
    now: Timestamp,
    setting: &'a Setting,
    cache: &'a mut Cache,
    waiting: &'a [Wanted],
    undo: Undo,
    outcome: Outcome,
}

impl Batch<'_> {
    /// Carries out a command. Whether the transaction can go on.
    fn carry_out(&mut self, command: &Command) -> Result<bool, StoreError> {
        if self.undo == Undo::Command {
            self.tx.savepoint()?;
        }
        let served = self.outcome.granted.iter().map(|(at, _)| *at).collect();
        let waiting = Waiting { claims: self.waiting, served };
        let mut work = Work::new(&mut *self.tx, self.now, self.setting, self.cache, waiting);
        let reply = work.carry_out(command).and_then(|reply| {
            work.finish()?;
            work.cache.write(work.tx)?;
            Ok(reply)
        });
        let Signals { next_timer, deferred, buried, offered, granted, tally } = work.signals;
        match &reply {
            Ok(_) => {
                if self.undo == Undo::Command {
                    self.tx.release()?;
                }
                self.outcome.next_timer = [self.outcome.next_timer, next_timer].into_iter().flatten().min();
                self.outcome.deferred |= deferred;
                self.outcome.buried |= buried;
                self.outcome.offered |= offered;
                self.outcome.granted.extend(granted);
                self.outcome.tally.add(&tally);
            }
            Err(error) => {
                // Once something is written, what is kept may be what is now undone, read or put.
                if error.comes_before_all_writes() {
                    self.cache.undo();
                } else {
                    self.cache.clear();
                }
                if self.undo == Undo::Command {
                    if let Err(undoing) = self.tx.rollback() {
                        // A disk that fails ends the whole transaction; then what failed first says why.
                        return Err(match error {
                            CommandError::Store(cause) => cause.clone(),
                            _ => undoing,
                        });
                    }
                } else if !error.comes_before_all_writes() {
                    return Ok(false);
                }
            }
        }
        self.outcome.replies.push(reply);
        Ok(true)
    }
}

/// What others have to be told once it is committed.
#[derive(Debug, Default)]
pub(super) struct Signals {
    pub(super) next_timer: Option<Timestamp>,
    pub(super) deferred: bool,
    pub(super) buried: bool,
    pub(super) offered: bool,
    pub(super) granted: Vec<(usize, Vec<Grant>)>,
    pub(super) tally: Tally,
}

/// Something that a command has caused and that is worked off before the step ends.
pub(super) enum Caused {
    /// A sequence hears of something.
    Deliver { sequence: String, input: Input },
    /// A stored `.triggered` event begins a sequence.
    Follow { project: ProjectId, position: u64, event: CloudEvent },
    /// A task was offered, and somebody may wait for it.
    Grant { offered: Offered, event: CloudEvent },
}

/// Claims that nothing could be granted to before.
pub(super) struct Waiting<'a> {
    /// The oldest first.
    pub(super) claims: &'a [Wanted],
    /// Those that an earlier command of the step has served.
    pub(super) served: BTreeSet<usize>,
}

/// One command while it is carried out.
pub(super) struct Work<'a> {
    pub(super) tx: &'a mut dyn StoreTx,
    pub(super) now: Timestamp,
    pub(super) setting: &'a Setting,
    pub(super) cache: &'a mut Cache,
    pub(super) caused: VecDeque<Caused>,
    pub(super) signals: Signals,
    pub(super) waiting: Waiting<'a>,
    pub(super) granted: BTreeMap<usize, Vec<Grant>>,
    /// Why the event that is taken in changed nothing.
    pub(super) ignored: Option<String>,
}

impl<'a> Work<'a> {
    fn new(
        tx: &'a mut dyn StoreTx,
        now: Timestamp,
        setting: &'a Setting,
        cache: &'a mut Cache,
        waiting: Waiting<'a>,
    ) -> Self {
        let (caused, signals) = (VecDeque::new(), Signals::default());
        Self { tx, now, setting, cache, caused, signals, waiting, granted: BTreeMap::new(), ignored: None }
    }

    fn carry_out(&mut self, command: &Command) -> Result<Reply, CommandError> {
        match command {
            Command::Ingest(ingest) => self.ingest(ingest, None),
            Command::Claim(wanted) => self.claim(wanted),
            Command::Heartbeat { lease, progress } => self.heartbeat(lease, progress.as_deref()),
            Command::Release { lease, reason } => self.release(lease, reason),
            Command::Answer(answer) => self.answer(answer),
            Command::Rerun { project, context, stage, origin, wish } => {
                self.rerun(project, context, stage.as_deref(), *origin, wish)
            }
            Command::Control { project, context, stage, control } => {
                self.control(project, context, stage.as_deref(), *control)
            }
            Command::Timers => self.timers(),
            Command::ClockSetBack => self.clock_set_back(),
            Command::Deferred => self.take_deferred(),
            Command::Purge => self.purge(),
            Command::Retain { project, retention } => self.retain(project, *retention),
            Command::CreateProject { name, configuration, shipyard, context } => {
                self.create_project(name, configuration, shipyard, context)
            }
            Command::ConfigureProject { name, configuration, shipyard } => {
                self.configure_project(name, configuration, shipyard)
            }
            Command::DeleteProject { name, context } => self.delete_project(name, context),
            Command::CreateService { project, service, commit, context } => {
                self.create_service(project, service, commit, context)
            }
            Command::DeleteService { project, service, commit, context } => {
                self.delete_service(project, service, commit, context)
            }
        }
    }

    /// Works off what the command has caused, at most so much of it; leaves the rest, durable, for the next step.
    fn finish(&mut self) -> Result<(), CommandError> {
        for _ in 0..INPUTS_A_STEP {
            match self.caused.pop_front() {
                None => return self.remember_granted(),
                Some(Caused::Deliver { sequence, input }) => self.deliver(&sequence, &input)?,
                Some(Caused::Follow { project, position, event }) => self.follow(project, position, &event)?,
                Some(Caused::Grant { offered, event }) => self.grant_to_waiting(&offered, &event)?,
            }
        }
        while let Some(caused) = self.caused.pop_front() {
            let (project, deferred) = match caused {
                Caused::Follow { project, position, .. } => (project, Deferred::Follow { project, position }),
                Caused::Deliver { sequence, input: Input::SlotGranted } => {
                    let Some(project) = self.sequence(&sequence)?.map(|known| known.project) else { continue };
                    (project, Deferred::Granted { sequence })
                }
                Caused::Grant { offered, event } => {
                    self.grant_to_waiting(&offered, &event)?;
                    continue;
                }
                // That one stands behind others is told at once; the command itself delivers all else.
                Caused::Deliver { sequence, input } => {
                    self.deliver(&sequence, &input)?;
                    continue;
                }
            };
            self.tx.defer(project, &deferred)?;
            self.signals.deferred = true;
        }
        self.remember_granted()
    }

    fn timers(&mut self) -> Result<Reply, CommandError> {
        let due = self.tx.due_timers(self.now, TIMERS_A_STEP)?;
        let more = due.len() as u64 == TIMERS_A_STEP;
        for timer in due {
            // Whoever still waits sets it anew.
            self.tx.disarm(&timer.sequence, timer.kind)?;
            if self.is_unreadable(&timer.sequence) {
                continue;
            }
            let input = Input::Timer { kind: timer.kind, up_since: self.setting.up_since };
            self.deliver(&timer.sequence, &input)?;
        }
        Ok(if more { Reply::More } else { Reply::Done })
    }

    /// Buries what is past its time, or removes some of what is buried.
    fn purge(&mut self) -> Result<Reply, CommandError> {
        self.forget()?;
        let more =
            self.tx.expire(self.now, self.setting.retention, RUNS_A_PURGE)? || self.tx.purge(self.now, ROWS_A_PURGE)?;
        Ok(if more { Reply::More } else { Reply::Done })
    }

    fn clock_set_back(&mut self) -> Result<Reply, CommandError> {
        let timers = self.tx.due_timers(Timestamp::MAX, i64::MAX as u64)?;
        let sequences: BTreeSet<String> = timers.into_iter().map(|timer| timer.sequence).collect();
        for sequence in sequences {
            if !self.is_unreadable(&sequence) {
                self.deliver(&sequence, &Input::ClockSetBack)?;
            }
        }
        Ok(Reply::Done)
    }

    /// Whether a sequence cannot be read: what it is to hear of the time would fail for ever and hold up all others.
    fn is_unreadable(&mut self, sequence: &str) -> bool {
        let Err(StoreError::Unreadable(why)) = self.sequence(sequence) else { return false };
        tracing::error!(sequence, why, "a sequence that cannot be read does not hear of the time");
        true
    }

    fn holds_slot(&mut self, id: &str) -> Result<bool, CommandError> {
        let Some(known) = self.sequence(id)? else { return Ok(false) };
        let (project, name) = (known.project, known.sequence.queue());
        let queue = self.queue(project, &name)?;
        Ok(queue.held.iter().any(|place| place.sequence == id))
    }

    /// Goes on with all that earlier steps have left.
    pub(super) fn take_all_deferred(&mut self) -> Result<(), CommandError> {
        while self.take_deferred()? == Reply::More {
            self.finish()?;
        }
        self.finish()
    }

    fn take_deferred(&mut self) -> Result<Reply, CommandError> {
        let left = self.tx.take_deferred(INPUTS_A_STEP as u64)?;
        let more = left.len() == INPUTS_A_STEP;
        for deferred in left {
            match deferred {
                // A pause may have taken it out of the queue meanwhile; then its turn is to come again.
                Deferred::Granted { sequence } if !self.holds_slot(&sequence)? => {}
                Deferred::Granted { sequence } => {
                    self.caused.push_back(Caused::Deliver { sequence, input: Input::SlotGranted });
                }
                Deferred::Follow { project, position } => {
                    if let Some(event) = self.tx.event(position)? {
                        self.caused.push_back(Caused::Follow { project, position, event });
                    }
                }
            }
        }
        self.signals.deferred |= more;
        Ok(if more { Reply::More } else { Reply::Done })
    }
}
