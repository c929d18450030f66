//! The loop of the writer.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{oneshot, watch};

use super::claims::{Asked, Claimer, WaitingClaims};
use super::clock::{JUMP, offset, set_back_from, time_of_step};
use super::handle::{Handle, Message, UNHEARD};
use super::options::Options;
use crate::command::{Command, CommandError, Reply};
use crate::observe::{CommittedBatch, Load, Observer, Unobserved};
use crate::ports::{Clock, Store, StoreError, StoreReader};
use crate::step::{Cache, Outcome, Setting, step_and};

/// How long the writer sleeps at most; nothing relies on it.
const SAFETY: Duration = Duration::from_secs(30);

/// How often what is past its time is removed, unless something is to be kept for less than that.
const TIDY: SignedDuration = SignedDuration::from_hours(1);

/// The writer before it runs.
pub struct Writer {
    store: Box<dyn Store>,
    clock: Arc<dyn Clock>,
    options: Options,
    receiver: Receiver<Message>,
    commits: watch::Sender<u64>,
    offers: watch::Sender<u64>,
    cache: Cache,
    /// Whether what was written last is on disk.
    writable: watch::Sender<bool>,
    /// What steps go by: with it the time since when the server has been up and its clock even.
    setting: watch::Sender<Setting>,
    /// Where the wall clock would stand if it had never jumped, less the monotonic one.
    offset: SignedDuration,
    /// What is to be done before the next message.
    chores: Chores,
    /// Where the clock was set back and deadlines have to be pulled in: what it said before.
    set_back: Option<Timestamp>,
    /// When, by the monotonic clock, what is to be done without being asked is read anew: something of it has failed alone.
    again: Option<Duration>,
    /// When what is past its time is removed next.
    tidy: Timestamp,
    /// Whether a commit has failed and the store was not reopened yet.
    broken: bool,
    claims: WaitingClaims,
    load: Arc<Load>,
    observer: Arc<dyn Observer>,
}

/// What is to be done without being asked.
#[derive(Debug, Default)]
struct Chores {
    next_timer: Option<Timestamp>,
    deferred: bool,
    buried: bool,
}

impl Chores {
    fn read(reader: &dyn StoreReader) -> Result<Self, StoreError> {
        Ok(Self { next_timer: reader.next_timer()?, deferred: reader.has_deferred()?, buried: reader.has_buried()? })
    }
}

/// The thread of a writer.
pub struct WriterThread {
    thread: std::thread::JoinHandle<()>,
    sender: SyncSender<Message>,
}

impl WriterThread {
    /// Has everything carried out that has been submitted, and waits for it.
    pub fn stop(self) {
        // A writer that has ended already needs no telling.
        let _ = self.sender.send(Message::Stop);
        if self.thread.join().is_err() {
            tracing::error!("the writer has panicked");
        }
    }
}

impl Writer {
    /// A writer and the handle to it. Reads from the store what is open.
    pub fn new(store: Box<dyn Store>, clock: Arc<dyn Clock>, options: Options) -> Result<(Self, Handle), StoreError> {
        let (sender, receiver) = sync_channel(options.queue);
        let (commits, commits_seen) = watch::channel(0);
        let (offers, offers_seen) = watch::channel(0);
        let (writable, writable_seen) = watch::channel(true);
        let reader = store.reader();
        let chores = Chores::read(&*reader)?;
        let set_back = set_back_from(&*reader, clock.now())?;
        let (up_since, offset) = (clock.now(), offset(&*clock));
        let (setting, setting_seen) =
            watch::channel(Setting { limits: options.limits, up_since, retention: options.retention });
        let load = Arc::<Load>::default();
        let handle = Handle {
            sender,
            reader,
            clock: Arc::clone(&clock),
            commits: commits_seen,
            offers: offers_seen,
            writable: writable_seen,
            setting: setting_seen,
            polled: Arc::default(),
            load: Arc::clone(&load),
            claims: Arc::default(),
        };
        let writer = Self {
            store,
            clock,
            options,
            receiver,
            commits,
            offers,
            cache: Cache::default(),
            writable,
            setting,
            offset,
            chores,
            tidy: up_since,
            set_back,
            again: None,
            broken: false,
            claims: WaitingClaims::default(),
            load,
            observer: Arc::new(Unobserved),
        };
        Ok((writer, handle))
    }

    /// The same, heard by somebody who counts.
    #[must_use]
    pub fn observed_by(self, observer: Arc<dyn Observer>) -> Self {
        Self { observer, ..self }
    }

    /// Starts the thread.
    pub fn start(self, handle: &Handle) -> std::io::Result<WriterThread> {
        let sender = handle.sender.clone();
        let thread = std::thread::Builder::new().name("writer".to_owned()).spawn(move || self.run())?;
        Ok(WriterThread { thread, sender })
    }

    fn run(mut self) {
        loop {
            self.do_chores();
            let first = match self.receiver.recv_timeout(self.patience()) {
                Ok(message) => message,
                Err(RecvTimeoutError::Timeout) => {
                    self.look();
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let Collected { batch, ceased, go_on } = self.batch(first);
            self.load.taken((batch.len() + ceased.len()) as u64);
            if !batch.is_empty() {
                self.commit(batch);
            }
            // Afterwards: a claim may have come with the same batch, and may have been granted something.
            for number in ceased {
                self.claims.cease(number);
            }
            self.load.set_claims(self.claims.count());
            if !go_on {
                return;
            }
        }
    }

    /// Everything that waits already, up to one batch. Claims that would wait come last: what is offered in the same batch is
    /// theirs, and nobody would offer it to them afterwards.
    fn batch(&self, first: Message) -> Collected {
        let mut collected = self.collect(first);
        collected.batch.sort_by_key(|(_, asker)| matches!(asker, Asker::Waits(_)));
        collected
    }

    fn collect(&self, first: Message) -> Collected {
        let mut collected = Collected { batch: Vec::new(), ceased: Vec::new(), go_on: true };
        let mut next = Ok(first);
        loop {
            let Collected { batch, ceased, go_on } = &mut collected;
            match next {
                Ok(Message::Carry(command, answer)) => batch.push((command, Asker::Once(answer))),
                Ok(Message::Claim(wanted, claimer)) => batch.push((Command::Claim(wanted), Asker::Waits(claimer))),
                Ok(Message::Cease(number)) => ceased.push(number),
                Ok(Message::Stop) => {
                    *go_on = false;
                    return collected;
                }
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return collected,
            }
            if batch.len() + ceased.len() >= self.options.batch {
                return collected;
            }
            next = self.receiver.try_recv();
        }
    }

    /// How long nothing needs to be done unless somebody asks.
    fn patience(&self) -> Duration {
        if self.broken {
            return Duration::from_secs(1);
        }
        let is_set_back = self.set_back.is_some() && self.again.is_none();
        if is_set_back || self.chores.deferred || self.chores.buried || self.claims.has_unheard() {
            return Duration::ZERO;
        }
        let next = self.chores.next_timer.map_or(self.tidy, |timer| timer.min(self.tidy));
        let left = Duration::try_from(next.duration_since(self.clock.now())).unwrap_or(Duration::ZERO);
        let again = self.again.map_or(SAFETY, |again| again.saturating_sub(self.clock.monotonic()));
        left.min(again).min(SAFETY)
    }

    /// Inputs that were left, timers that have elapsed, rows that are to be removed. One step of each, so that whoever
    /// asks waits for no more than that.
    fn do_chores(&mut self) {
        if self.broken && !self.mend() {
            return;
        }
        self.watch_the_clock();
        if self.again.is_some_and(|again| again <= self.clock.monotonic()) {
            self.again = None;
            self.look();
        }
        if self.set_back.is_some() && self.again.is_none() && self.chore(Command::ClockSetBack).is_some() {
            self.set_back = None;
        }
        for lease in self.claims.take_unheard() {
            self.chore(Command::Release { lease, reason: UNHEARD.to_owned() });
        }
        if std::mem::take(&mut self.chores.deferred) {
            self.chore(Command::Deferred);
        }
        if self.chores.next_timer.is_some_and(|timer| timer <= self.clock.now()) {
            self.chores.next_timer = None;
            self.chore(Command::Timers);
        }
        let is_tidy_due = self.clock.now() >= self.tidy;
        if std::mem::take(&mut self.chores.buried) || is_tidy_due {
            self.chores.buried = matches!(self.chore(Command::Purge), Some(Reply::More));
            if !self.chores.buried {
                // Somebody may have said anew how long runs are kept, which is why it is done at once.
                let next = self.clock.now().saturating_add(self.tidy_each()).unwrap_or(Timestamp::MAX);
                self.tidy = if is_tidy_due { next } else { self.tidy.min(next) };
            }
        }
    }

    /// How often what is past its time is removed: as often as the shortest time has passed for which runs are kept.
    fn tidy_each(&self) -> SignedDuration {
        // Where it cannot be read, the server's own time counts until it can be.
        let of_projects = self.store.reader().shortest_keep().unwrap_or_default();
        let shortest = [self.options.retention.shortest(), of_projects].into_iter().flatten().min();
        shortest.map_or(TIDY, |shortest| shortest.clamp(SignedDuration::from_secs(1), TIDY))
    }

    fn chore(&mut self, command: Command) -> Option<Reply> {
        let reread = matches!(command, Command::Timers | Command::ClockSetBack);
        let (answer, mut answered) = oneshot::channel();
        self.commit(vec![(command, Asker::Once(answer))]);
        let reply = answered.try_recv().ok().and_then(Result::ok);
        // One that fails alone is tried again at a later look: it must not keep the writer from everything else.
        if reply.is_none() && !self.broken {
            self.again.get_or_insert(self.clock.monotonic().saturating_add(SAFETY));
        }
        if reread && reply.is_some() {
            match self.store.reader().next_timer() {
                Ok(next) => self.chores.next_timer = next,
                Err(error) => self.fail(&error),
            }
        }
        reply
    }

    /// Reads from the store what is to be done.
    fn look(&mut self) {
        match Chores::read(&*self.store.reader()) {
            Ok(chores) => self.chores = chores,
            Err(error) => self.fail(&error),
        }
    }

    /// Commits a batch and answers; after a commit that fails nothing of it has happened.
    fn commit(&mut self, batch: Vec<Request>) {
        if self.broken && !self.mend() {
            let error = CommandError::Store(StoreError::Failed("it failed before and does not recover yet".to_owned()));
            return answer_all(batch, &error);
        }
        // It may have been set while nobody said anything.
        self.watch_the_clock();
        self.claims.forget_the_gone();
        let (commands, answers): (Vec<Command>, Vec<_>) = batch.into_iter().unzip();
        match self.step(&commands) {
            Ok(outcome) => {
                self.chores.next_timer = [self.chores.next_timer, outcome.next_timer].into_iter().flatten().min();
                self.chores.deferred |= outcome.deferred;
                self.chores.buried |= outcome.buried;
                self.claims.hand_out(outcome.granted);
                for ((asker, reply), command) in answers.into_iter().zip(outcome.replies).zip(commands) {
                    if let Err(CommandError::Store(error)) = &reply {
                        tracing::error!(%error, "a command failed alone");
                    }
                    self.answer(asker, reply, command);
                }
                self.commits.send_modify(|count| *count += 1);
                if outcome.offered {
                    self.offers.send_modify(|count| *count += 1);
                }
            }
            Err(error) => {
                self.observer.failed(&commands);
                self.fail(&error);
                answer_all(commands.into_iter().zip(answers).collect(), &CommandError::Store(error));
            }
        }
    }

    fn step(&mut self, commands: &[Command]) -> Result<Outcome, StoreError> {
        let setting = *self.setting.borrow();
        let (clock, cache, waiting) = (&self.clock, &mut self.cache, self.claims.wanted());
        let (begun, mut commit) = (clock.monotonic(), Duration::ZERO);
        let now = time_of_step(clock.now(), self.set_back, commands);
        let outcome = step_and(&mut *self.store, commands, now, &setting, cache, waiting, &mut |tx| {
            let begun = clock.monotonic();
            let done = tx.commit();
            commit = clock.monotonic().saturating_sub(begun);
            done
        })?;
        let work = clock.monotonic().saturating_sub(begun).saturating_sub(commit);
        let Outcome { replies, tally, .. } = &outcome;
        self.observer.committed(&CommittedBatch { commands, replies, tally: *tally, work, commit });
        Ok(outcome)
    }

    /// Whoever asked may have gone; what was asked for stands, but for claims. One that found nothing waits, if its sender
    /// does.
    fn answer(&mut self, asker: Asker, reply: Result<Reply, CommandError>, command: Command) {
        match (asker, reply, command) {
            (Asker::Waits(claimer), Ok(Reply::Claimed(grants)), Command::Claim(wanted)) if grants.is_empty() => {
                self.claims.add(*wanted, claimer);
            }
            (Asker::Once(answer) | Asker::Waits(Claimer { answer, .. }), reply, _) => self.claims.tell(answer, reply),
        }
    }

    /// Says so once, however many are refused until the store can be written again.
    fn fail(&mut self, error: &StoreError) {
        self.broken = true;
        if self.writable.send_replace(false) {
            let help = "what is sent is refused until it can be written again, which is tried each second";
            tracing::error!(%error, help, "the store cannot be written");
        } else {
            tracing::debug!(%error, "the store cannot be written yet");
        }
    }

    /// Reads anew what is on disk. Whether the store can be used again.
    fn mend(&mut self) -> bool {
        let read = self.store.reopen().and_then(|()| Chores::read(&*self.store.reader()));
        match read {
            Ok(chores) => {
                self.chores = chores;
                self.broken = false;
                self.writable.send_replace(true);
                tracing::info!("the store can be written again");
            }
            Err(error) => self.fail(&error),
        }
        !self.broken
    }

    /// After a jump of the wall clock each lease gets one full term.
    fn watch_the_clock(&mut self) {
        let offset = offset(&*self.clock);
        let jump = offset - std::mem::replace(&mut self.offset, offset);
        if jump.abs() > JUMP {
            tracing::warn!(seconds = jump.as_secs(), "the clock has jumped");
            let now = self.clock.now();
            self.setting.send_modify(|setting| setting.up_since = now);
        }
        if jump < -JUMP {
            let before = self.clock.now().saturating_sub(jump).unwrap_or(Timestamp::MAX);
            self.set_back = self.set_back.max(Some(before));
            // Whatever else has failed, this is not to wait for it.
            self.again = self.again.map(|_| self.clock.monotonic());
            self.tidy = self.tidy.min(self.clock.now());
        }
    }
}

type Request = (Command, Asker);

/// What waited to be worked off.
struct Collected {
    batch: Vec<Request>,
    /// Numbers of claims that wait no longer.
    ceased: Vec<u64>,
    /// Whether there may come more.
    go_on: bool,
}

/// Who is to be told what a command has led to.
enum Asker {
    /// At once.
    Once(Asked),
    /// As soon as there is something to claim.
    Waits(Claimer),
}

fn answer_all(batch: Vec<Request>, error: &CommandError) {
    for (_, Asker::Once(answer) | Asker::Waits(Claimer { answer, .. })) in batch {
        let _ = answer.send(Err(error.clone()));
    }
}
