//! What takes turns: a gate, and its queries bare.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Url;
use tokio::runtime::Runtime;

use super::bare::Bare;
use super::cell::BareKind;
use crate::failure::Failure;
use crate::gate::{GateRun, RunArgs, runtime};
use crate::report::{self, Format, Report};
use crate::terminal::Progress;

/// What one gate is asked to do.
#[derive(Debug)]
pub(super) struct Task {
    /// The words of `capstan gate run`, the first of which is a name.
    pub(super) line: Vec<String>,
    /// Where its queries go.
    pub(super) addresses: Vec<Url>,
}

/// Runs gates and bare queries by turns, on whatever thread it is on.
pub(super) struct Contestant {
    task: Arc<Task>,
    args: RunArgs,
    bare: BareKind,
    /// Kept from turn to turn, for warm bare queries.
    runtime: Runtime,
    client: Bare,
}

impl Contestant {
    pub(super) fn new(task: Arc<Task>, bare: BareKind) -> Result<Self, Failure> {
        let args = RunArgs::parse_words(task.line.iter().cloned())?;
        Ok(Self { task, args, bare, runtime: runtime()?, client: Bare::new()? })
    }

    /// Runs a gate: everything that the command does behind its arguments, but the event goes nowhere.
    pub(super) fn gate(&mut self) -> Result<(), Failure> {
        let gate = GateRun::prepare(&self.args)?;
        let report = runtime()?.block_on(gate.judge(&Progress::silent()))?;
        black_box(report::write(&report, Format::Json));
        whole(&report, self.task.addresses.len())
    }

    /// Sends the same queries bare.
    pub(super) fn bare(&mut self) -> Result<(), Failure> {
        match self.bare {
            BareKind::Warm => self.runtime.block_on(self.client.ask(&self.task.addresses)),
            BareKind::Cold => {
                let client = Bare::new()?;
                runtime()?.block_on(client.ask(&self.task.addresses))
            }
        }
    }
}

/// Refuses a gate that lacks values: it would have done less than it should.
fn whole(report: &Report, wanted: usize) -> Result<(), Failure> {
    let results = report.finished().evaluation.indicator_results.as_deref().unwrap_or_default();
    let missing = results.iter().filter_map(|result| result.value.as_ref()).find(|value| !value.success);
    match missing {
        None if results.len() == wanted => Ok(()),
        None => Err(Failure::plain(format!("a gate of the bench was not judged: {}", report.finished().message))),
        Some(value) => Err(Failure::plain(format!("a gate of the bench has no '{}': {}", value.metric, value.message))),
    }
}

/// Has all contestants do one thing at the same time, and says how long it takes until the last has done it.
pub(super) fn wave(
    contestants: &mut [Contestant],
    act: fn(&mut Contestant) -> Result<(), Failure>,
) -> Result<Duration, Failure> {
    let begun = Instant::now();
    match contestants {
        [one] => act(one)?,
        several => std::thread::scope(|scope| {
            let threads: Vec<_> = several.iter_mut().map(|one| scope.spawn(|| act(one))).collect();
            let outcomes = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
            // All are waited for, whatever comes of the first.
            let outcomes: Vec<_> = outcomes
                .map(|done| done.unwrap_or_else(|_| Err(Failure::plain("a gate of the bench panicked"))))
                .collect();
            outcomes.into_iter().collect::<Result<(), Failure>>()
        })?,
    }
    Ok(begun.elapsed())
}
