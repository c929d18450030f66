//! Everything about one run of the bench, as `--out` writes it.

use std::time::Duration;

use capstan_model::timeframe;
use jiff::Timestamp;
use serde::Serialize;

use super::arguments::Profile;
use super::candidate::Candidate;
use super::contest::Measured;
use super::event::EVENT_BYTES;
use super::goal::{Judged, judge, spread};
use super::place::{Disk, Place};
use super::sample::Sample;
use crate::bench::contention::Contention;
use crate::bench::machine::{Machine, Revision};
use crate::bench::spread::Spread;

/// One run.
#[derive(Debug, Serialize)]
pub(super) struct Record {
    /// What was measured.
    pub(super) bench: &'static str,
    /// When it began.
    pub(super) began: String,
    /// How long it took.
    pub(super) seconds: f64,
    pub(super) machine: Machine,
    pub(super) disk: Disk,
    pub(super) versions: Versions,
    /// The commit that is checked out in the current directory.
    pub(super) revision: Option<Revision>,
    pub(super) settings: Settings,
    /// The servers that were measured.
    pub(super) servers: Vec<Candidate>,
    pub(super) rows: Vec<Row>,
    pub(super) goals: Vec<Judged>,
}

/// What took part.
#[derive(Debug, Serialize)]
pub(super) struct Versions {
    pub(super) capstan: &'static str,
    /// Whether the bench was built with optimisation.
    pub(super) release_build: bool,
    pub(super) sqlite: &'static str,
}

/// How it was measured.
#[derive(Debug, Serialize)]
pub(super) struct Settings {
    pub(super) profile: Profile,
    pub(super) warm_up_seconds: f64,
    pub(super) repetitions: usize,
    pub(super) repetition_seconds: f64,
    pub(super) event_bytes: usize,
    /// Where clients and servers run.
    pub(super) load_generator: &'static str,
}

/// One row at one server.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) name: String,
    /// Which of the servers, where there are several.
    pub(super) server: Option<char>,
    /// What survives when something is acknowledged.
    pub(super) durability: &'static str,
    pub(super) contended: bool,
    pub(super) contention: Contention,
    /// What is wrong with it: then it has no figures.
    pub(super) fault: Option<String>,
    pub(super) figures: Vec<Figure>,
    pub(super) repetitions: Vec<Sample>,
}

/// A figure over all repetitions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Figure {
    pub(super) name: &'static str,
    #[serde(flatten)]
    pub(super) spread: Spread,
    /// Ratio to the same figure of the first server, of repetitions that came one after the other.
    pub(super) to_first: Option<Spread>,
}

impl Record {
    /// Puts a run on record.
    pub(super) fn new(
        began: Timestamp,
        took: Duration,
        profile: Profile,
        place: &Place,
        servers: Vec<Candidate>,
        rows: &[Measured],
    ) -> Self {
        let pace = profile.pace();
        let is_foreign = servers.iter().any(|server| server.executable().is_none());
        Self {
            bench: "server",
            began: timeframe::display(began),
            seconds: took.as_secs_f64(),
            machine: Machine::here(),
            disk: place.disk.clone(),
            versions: Versions {
                capstan: env!("CARGO_PKG_VERSION"),
                release_build: !cfg!(debug_assertions),
                sqlite: rusqlite::version(),
            },
            revision: Revision::here(),
            settings: Settings {
                profile,
                warm_up_seconds: pace.warm_up.as_secs_f64(),
                repetitions: pace.repetitions,
                repetition_seconds: pace.repetition.as_secs_f64(),
                event_bytes: EVENT_BYTES,
                load_generator: "clients, references and servers share this machine",
            },
            servers,
            rows: rows.iter().map(|measured| Row::new(measured, rows, place.disk.is_memory(), is_foreign)).collect(),
            goals: judge(rows),
        }
    }

    /// What is wrong, by row.
    pub(super) fn faults(&self) -> impl Iterator<Item = (String, &str)> {
        self.rows.iter().filter_map(|row| Some((row.title(), row.fault.as_deref()?)))
    }
}

impl Row {
    fn new(measured: &Measured, all: &[Measured], in_memory: bool, is_foreign: bool) -> Self {
        let first = all.iter().find(|other| other.row == measured.row);
        let first = first.filter(|first| first.label != measured.label);
        let names = measured.samples.first().into_iter().flat_map(|sample| &sample.figures.0).map(|(name, _)| *name);
        let figures = names.filter_map(|name| {
            let to_first = first.and_then(|first| {
                let pairs = measured.samples.iter().zip(&first.samples);
                Spread::of(pairs.filter_map(|(this, first)| Some(this.get(name)? / first.get(name)?)))
            });
            Some(Figure { name, spread: spread(measured, name)?, to_first })
        });
        Self {
            name: measured.row.to_string(),
            server: measured.label,
            durability: match measured.row.durability() {
                // Where its data lie, and what it does before it answers, the bench cannot see.
                _ if is_foreign && measured.row.is_of_server() => "unknown",
                "power" if in_memory => "process",
                durability => durability,
            },
            contended: measured.contention.contended(),
            contention: measured.contention,
            fault: measured.fault.clone(),
            figures: figures.collect(),
            repetitions: measured.samples.clone(),
        }
    }

    /// Its name with that of its server.
    pub(super) fn title(&self) -> String {
        self.server.map_or_else(|| self.name.clone(), |server| format!("{} {server}", self.name))
    }

    /// A figure by its name.
    pub(super) fn figure(&self, name: &str) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.name == name)
    }
}
