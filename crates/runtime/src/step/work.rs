//! A batch of commands in one transaction, each in a savepoint of its own.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use capstan_engine::orchestrate::{Input, Limits};
use capstan_model::event::CloudEvent;
use jiff::Timestamp;

use super::shipyards::Shipyards;
use crate::command::{Command, CommandError, Grant, Reply, Wanted};
use crate::ports::{Deferred, Offered, ProjectId, StoreError, StoreTx};

/// Inputs to other sequences that one command may cause in its own step; the rest is left for the next.
const INPUTS_A_STEP: usize = 64;

/// Elapsed timers that one step works off.
const TIMERS_A_STEP: u64 = 64;

/// Rows that one step removes: well below five milliseconds.
const ROWS_A_PURGE: u64 = 128;

/// What a step goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// How long, how much and how many.
    pub limits: Limits,
    /// Since when the server has been up and its clock even.
    pub up_since: Timestamp,
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
}

/// Carries out commands in a transaction, each wholly or not at all. `waiting` are claims that nothing could be granted to
/// before, the oldest first: what is offered now is granted to them in the same transaction. Fails as a whole only when the store does so even
/// in undoing; then nothing of it may be committed.
pub fn step(
    tx: &mut dyn StoreTx,
    commands: &[Command],
    now: Timestamp,
    setting: &Setting,
    shipyards: &mut Shipyards,
    waiting: &[Wanted],
) -> Result<Outcome, StoreError> {
    let mut outcome = Outcome::default();
    for command in commands {
        tx.savepoint()?;
        let served = outcome.granted.iter().map(|(at, _)| *at).collect();
        let mut work = Work::new(tx, now, setting, shipyards, Waiting { claims: waiting, served });
        let reply = work.carry_out(command).and_then(|reply| {
            work.finish()?;
            Ok(reply)
        });
        let Signals { next_timer, deferred, buried, offered, granted } = work.signals;
        if reply.is_ok() {
            tx.release()?;
            outcome.next_timer = [outcome.next_timer, next_timer].into_iter().flatten().min();
            outcome.deferred |= deferred;
            outcome.buried |= buried;
            outcome.offered |= offered;
            outcome.granted.extend(granted);
        } else if let Err(undoing) = tx.rollback() {
            // A disk that fails ends the whole transaction; then what failed first says why.
            return Err(match reply {
                Err(CommandError::Store(cause)) => cause,
                _ => undoing,
            });
        }
        outcome.replies.push(reply);
    }
    Ok(outcome)
}

/// What others have to be told once it is committed.
#[derive(Debug, Default)]
pub(super) struct Signals {
    pub(super) next_timer: Option<Timestamp>,
    pub(super) deferred: bool,
    pub(super) buried: bool,
    pub(super) offered: bool,
    pub(super) granted: Vec<(usize, Vec<Grant>)>,
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
    pub(super) shipyards: &'a mut Shipyards,
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
        shipyards: &'a mut Shipyards,
        waiting: Waiting<'a>,
    ) -> Self {
        let (caused, signals) = (VecDeque::new(), Signals::default());
        Self { tx, now, setting, shipyards, caused, signals, waiting, granted: BTreeMap::new(), ignored: None }
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
            Command::Purge => {
                let more = self.tx.purge(self.now, ROWS_A_PURGE)?;
                Ok(if more { Reply::More } else { Reply::Done })
            }
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
                    let Some((project, _)) = self.tx.sequence(&sequence)? else { continue };
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
            if let Err(StoreError::Unreadable(why)) = self.tx.sequence(&timer.sequence) {
                // It would fail for ever and hold up all other timers.
                tracing::error!(
                    sequence = timer.sequence,
                    why,
                    "a timer of a sequence that cannot be read is given up"
                );
                continue;
            }
            let input = Input::Timer { kind: timer.kind, up_since: self.setting.up_since };
            self.deliver(&timer.sequence, &input)?;
        }
        Ok(if more { Reply::More } else { Reply::Done })
    }

    fn clock_set_back(&mut self) -> Result<Reply, CommandError> {
        let timers = self.tx.due_timers(Timestamp::MAX, i64::MAX as u64)?;
        let sequences: BTreeSet<String> = timers.into_iter().map(|timer| timer.sequence).collect();
        for sequence in sequences {
            self.deliver(&sequence, &Input::ClockSetBack)?;
        }
        Ok(Reply::Done)
    }

    fn holds_slot(&mut self, id: &str) -> Result<bool, CommandError> {
        let Some((project, sequence)) = self.tx.sequence(id)? else { return Ok(false) };
        let queue = self.tx.queue(project, &sequence.queue())?;
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
