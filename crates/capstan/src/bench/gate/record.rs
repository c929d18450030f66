//! Everything about one run of the bench, as `--out` writes it.

use std::time::Duration;

use capstan_model::timeframe;
use jiff::Timestamp;
use serde::Serialize;

use super::arguments::Profile;
use super::cell::{BareKind, Goal};
use super::measure::{Measured, Repetition};
use crate::bench::contention::Contention;
use crate::bench::machine::{Machine, Revision};
use crate::bench::spread::Spread;

/// One run. All times are in milliseconds unless their name says otherwise.
#[derive(Debug, Serialize)]
pub(super) struct Record {
    /// What was measured.
    pub(super) bench: &'static str,
    /// When it began.
    pub(super) began: String,
    /// How long it took.
    pub(super) seconds: f64,
    pub(super) machine: Machine,
    pub(super) versions: Versions,
    /// The commit that is checked out in the current directory.
    pub(super) revision: Option<Revision>,
    pub(super) settings: Settings,
    pub(super) rows: Vec<Row>,
}

/// What took part.
#[derive(Debug, Serialize)]
pub(super) struct Versions {
    pub(super) capstan: &'static str,
    /// Whether it was built with optimisation.
    pub(super) release_build: bool,
    pub(super) prometheus: Option<String>,
}

/// How it was measured.
#[derive(Debug, Serialize)]
pub(super) struct Settings {
    pub(super) profile: Profile,
    pub(super) warm_up_seconds: u64,
    pub(super) repetitions: usize,
    pub(super) repetition_seconds: u64,
    /// Queries that one gate has under way at the same time.
    pub(super) fan_out: usize,
    pub(super) criteria_per_indicator: usize,
    /// Where gates, bare queries and sources run.
    pub(super) load_generator: &'static str,
}

/// One row.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) source: String,
    pub(super) slis: usize,
    pub(super) gates_at_once: usize,
    /// `warm`: on connections that were there before; `cold`: on new ones, as the gate's are.
    pub(super) bare: &'static str,
    /// What survives a crash when a gate has ended.
    pub(super) durability: &'static str,
    pub(super) contended: bool,
    pub(super) contention: Contention,
    /// Of the repetitions' medians.
    pub(super) gate_ms: Spread,
    /// Of the repetitions' medians.
    pub(super) bare_ms: Spread,
    /// Of the repetitions' medians of the differences within pairs.
    pub(super) overhead_ms: Spread,
    pub(super) goal: Option<Judged>,
    pub(super) repetitions: Vec<Repetition>,
}

/// A goal, and whether its row reaches it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Judged {
    /// `overhead` or `whole gate`.
    pub(super) of: &'static str,
    /// The median that counts.
    pub(super) measured_ms: f64,
    pub(super) bar_ms: f64,
    pub(super) bar_met: bool,
    pub(super) aim_ms: Option<f64>,
    pub(super) aim_met: Option<bool>,
}

impl Judged {
    /// Holds a row's medians against its goal.
    fn new(goal: Goal, gate_ms: f64, overhead_ms: f64) -> Self {
        let (of, measured_ms, bar_ms, aim_ms) = match goal {
            Goal::Overhead { bar, aim } => ("overhead", overhead_ms, bar, Some(aim)),
            Goal::Whole(bar) => ("whole gate", gate_ms, bar, None),
        };
        Self {
            of,
            measured_ms,
            bar_ms,
            bar_met: measured_ms <= bar_ms,
            aim_ms,
            aim_met: aim_ms.map(|aim| measured_ms <= aim),
        }
    }
}

impl Record {
    /// Puts a run on record.
    pub(super) fn new(
        began: Timestamp,
        took: Duration,
        profile: Profile,
        prometheus: Option<String>,
        rows: &[Measured],
    ) -> Self {
        let pace = profile.pace();
        Self {
            bench: "gate",
            began: timeframe::display(began),
            seconds: took.as_secs_f64(),
            machine: Machine::here(),
            versions: Versions {
                capstan: env!("CARGO_PKG_VERSION"),
                release_build: !cfg!(debug_assertions),
                prometheus,
            },
            revision: Revision::here(),
            settings: Settings {
                profile,
                warm_up_seconds: pace.warm_up.as_secs(),
                repetitions: pace.repetitions,
                repetition_seconds: pace.repetition.as_secs(),
                fan_out: super::bare::PARALLEL,
                criteria_per_indicator: 3,
                load_generator: "gates, bare queries and sources share this machine",
            },
            rows: rows.iter().filter_map(Row::new).collect(),
        }
    }
}

impl Row {
    /// None where nothing was measured.
    fn new(measured: &Measured) -> Option<Self> {
        let cell = measured.cell;
        let gate_ms = measured.over(|repetition| repetition.gate_ms)?;
        let overhead_ms = measured.over(|repetition| repetition.overhead_ms)?;
        Some(Self {
            name: cell.to_string(),
            source: cell.source.to_string(),
            slis: cell.slis,
            gates_at_once: cell.at_once,
            bare: match cell.bare {
                BareKind::Warm => "warm",
                BareKind::Cold => "cold",
            },
            durability: "none",
            contended: measured.contention.contended(),
            contention: measured.contention,
            gate_ms,
            bare_ms: measured.over(|repetition| repetition.bare_ms)?,
            overhead_ms,
            goal: cell.goal().map(|goal| Judged::new(goal, gate_ms.median, overhead_ms.median)),
            repetitions: measured.repetitions.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_are_held_against_their_own_figure() {
        let overhead = Judged::new(Goal::Overhead { bar: 5.0, aim: 0.5 }, 100.0, 5.0);
        assert_eq!((overhead.measured_ms, overhead.bar_met, overhead.aim_met), (5.0, true, Some(false)));
        let whole = Judged::new(Goal::Whole(900.0), 901.0, 1.0);
        assert_eq!((whole.of, whole.bar_met, whole.aim_met), ("whole gate", false, None));
    }
}
