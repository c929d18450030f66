//! Hostile schedules, as many as are wanted, on all processors.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use capstan_runtime::memory::Call;
use capstan_runtime::simulator::{self, Event, Happening, Scenario, Tally, Trial};
use jiff::SignedDuration;
use tokio::sync::mpsc;

use super::command::SimulateFormat;
use super::summary;
use crate::exit::Exit;
use crate::failure::{Failure, reason};
use crate::signals::Signals;
use crate::terminal::{Progress, print, quiet_panics};

/// Which seeds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seeds {
    from: u64,
    /// At least one, and none beyond the highest number.
    count: u64,
    break_promises: bool,
}

/// What came of all of them so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) played: u64,
    pub(super) steps: u64,
    pub(super) hashes: HashSet<u64>,
    pub(super) tally: Tally,
    pub(super) failed: Option<Trial>,
}

/// The scenario of a seed.
pub(super) fn plan(seed: u64, break_promises: bool) -> Scenario {
    let mut scenario = simulator::plan(seed);
    prepare(&mut scenario, break_promises);
    scenario
}

fn prepare(scenario: &mut Scenario, break_promises: bool) {
    if break_promises {
        let happening = Happening::Fail { call: Call::Promise, skip: 3, times: 1 };
        scenario.events.insert(0, Event { at: SignedDuration::ZERO, happening });
    }
}

impl Seen {
    fn add(&mut self, trial: Trial) {
        self.played += 1;
        self.steps += trial.steps;
        self.hashes.insert(trial.hash);
        self.tally.merge(&trial.tally);
        let is_lowest = self.failed.as_ref().is_none_or(|failed| trial.seed < failed.seed);
        if trial.failure.is_some() && is_lowest {
            self.failed = Some(trial);
        }
    }
}

/// What the threads share.
struct Race {
    seeds: Seeds,
    /// How many have been taken.
    taken: AtomicU64,
    /// The lowest seed that does not hold.
    lowest: AtomicU64,
    stop: AtomicBool,
}

impl Race {
    fn new(seeds: Seeds) -> Self {
        Self { seeds, taken: AtomicU64::new(0), lowest: AtomicU64::new(u64::MAX), stop: AtomicBool::new(false) }
    }

    /// One thread: takes the next seed, for as long as there is one below all that do not hold.
    fn run(&self, sender: &mpsc::UnboundedSender<Trial>) {
        while !self.stop.load(Ordering::Relaxed) {
            let taken = self.taken.fetch_add(1, Ordering::Relaxed);
            if taken >= self.seeds.count {
                return;
            }
            let seed = self.seeds.from + taken;
            if seed > self.lowest.load(Ordering::Relaxed) {
                return;
            }
            let trial = simulator::trial(seed, |scenario| prepare(scenario, self.seeds.break_promises));
            if trial.failure.is_some() {
                self.lowest.fetch_min(seed, Ordering::Relaxed);
            }
            if sender.send(trial).is_err() {
                return;
            }
        }
    }
}

impl Seeds {
    /// So many from this one on; refuses those that end beyond the highest number.
    pub(super) fn new(from: u64, count: u64, break_promises: bool) -> Result<Self, Failure> {
        if count.checked_sub(1).and_then(|others| from.checked_add(others)).is_none() {
            let message = format!("--seeds {count} --from {from}: there is no seed above {}", u64::MAX);
            return Err(Failure::with_help(message, "begin lower with --from, or play fewer with --seeds"));
        }
        Ok(Self { from, count, break_promises })
    }

    /// Plays them; stops at the lowest that does not hold, writes it to a file as small as it gets, and says how to repeat it.
    pub(super) fn run(self, format: SimulateFormat) -> Result<Exit, Failure> {
        quiet_panics();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::plain(format!("cannot begin: {}", reason(&error))))?;
        let began = started();
        let progress = Progress::on_terminal();
        progress.begin(self.count, "seeds");
        let (seen, interrupted) = runtime.block_on(self.play(&progress))?;
        progress.clear();
        let elapsed = began.elapsed();
        match format {
            SimulateFormat::Text => print(&summary::text(self.from, &seen, elapsed)),
            SimulateFormat::Json => print(&summary::json(self.from, &seen, elapsed)),
        }
        if let Some(failed) = &seen.failed {
            return self.tell_failure(failed);
        }
        // A signal that came with the last of them stopped nothing.
        let Some(signal) = interrupted.filter(|_| seen.played < self.count) else { return Ok(Exit::Success) };
        let (next, left) = (self.from + seen.played, self.count - seen.played);
        print(&format!("\nstopped by {signal}; to go on: capstan simulate --seeds {left} --from {next}\n"));
        Ok(Exit::NoVerdict)
    }

    async fn play(self, progress: &Progress) -> Result<(Seen, Option<&'static str>), Failure> {
        let mut signals =
            Signals::new().map_err(|error| Failure::plain(format!("cannot listen to signals: {}", reason(&error))))?;
        let (sender, mut trials) = mpsc::unbounded_channel::<Trial>();
        let race = Arc::new(Race::new(self));
        for _ in 0..std::thread::available_parallelism().map_or(1, std::num::NonZero::get) {
            let (race, sender) = (Arc::clone(&race), sender.clone());
            std::thread::spawn(move || race.run(&sender));
        }
        drop(sender);
        let mut seen = Seen::default();
        let mut interrupted = None;
        loop {
            tokio::select! {
                signal = signals.next() => {
                    interrupted = Some(signal);
                    race.stop.store(true, Ordering::Relaxed);
                }
                trial = trials.recv() => match trial {
                    Some(trial) => {
                        progress.advance();
                        seen.add(trial);
                    }
                    // All of them have ended.
                    None => return Ok((seen, interrupted)),
                },
            }
        }
    }

    fn tell_failure(self, failed: &Trial) -> Result<Exit, Failure> {
        let seed = failed.seed;
        let mut small = simulator::shrink(&plan(seed, self.break_promises));
        let what = failed.failure.as_deref().unwrap_or_default();
        small.about = format!("Seed {seed}, made smaller.");
        let path = PathBuf::from(format!("seed-{seed}.yaml"));
        std::fs::write(&path, simulator::write(&small))
            .map_err(|error| Failure::plain(format!("cannot write '{}': {}", path.display(), reason(&error))))?;
        print(&format!(
            "\nseed {seed} does not hold: {what}\nto repeat it, as small as it gets: capstan simulate {}\n",
            path.display()
        ));
        Ok(Exit::Fail)
    }
}

#[allow(clippy::disallowed_methods, reason = "how long it took is told to people, and decides nothing")]
fn started() -> Instant {
    Instant::now()
}
