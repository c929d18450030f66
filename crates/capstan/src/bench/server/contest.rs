//! Rows that take turns: A B A B …, so that what the machine does meanwhile hits all of them.

use std::time::Duration;

use super::arguments::Profile;
use super::candidate::Candidate;
use super::goal::median;
use super::ingest::{Ingest, told};
use super::place::Place;
use super::plan::{Row, Tempo};
use super::reference::{Disk, Rows, Twin};
use super::sample::{RATE, Sample};
use super::sequences::{Arrivals, Sequences, Way};
use super::stored::{Footprints, Growth, Recovery, Stocks};
use crate::bench::contention::Contention;
use crate::failure::Failure;

/// What was measured in one row at one server, or of a reference.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) row: Row,
    /// Which candidate, where there are several.
    pub(super) label: Option<char>,
    /// What else went on shortly before.
    pub(super) contention: Contention,
    /// What is wrong with it: then there are no samples.
    pub(super) fault: Option<String>,
    pub(super) samples: Vec<Sample>,
}

/// What does the work of a row.
#[derive(Debug)]
enum Load {
    Disk(Disk),
    Rows(Rows),
    Twin(Twin),
    Ingest(Box<Ingest>),
    Sequences(Box<Sequences>),
    Growth(Growth),
    Footprint(Footprints),
    Recovery(Recovery),
}

/// What all contests of one run of the bench go by.
#[derive(Debug)]
pub(super) struct Contests<'a> {
    pub(super) candidates: &'a [Candidate],
    pub(super) place: &'a Place,
    pub(super) profile: Profile,
    pub(super) stocks: Stocks,
    /// What was measured so far.
    pub(super) rows: Vec<Measured>,
}

impl Load {
    async fn new(row: Row, candidate: &Candidate, contests: &mut Contests<'_>) -> Result<Self, Failure> {
        let (place, scale) = (contests.place, contests.profile.scale());
        let stocks = &mut contests.stocks;
        Ok(match row {
            Row::Disk => Self::Disk(Disk::new(place)?),
            Row::Rows(batch) => Self::Rows(Rows::new(place, batch)?),
            Row::Parse(clients) => Self::Twin(Twin::start(place, false, clients).await?),
            Row::Group(clients) => Self::Twin(Twin::start(place, true, clients).await?),
            Row::Ingest(clients) => Self::Ingest(Box::new(Ingest::new(candidate.start(place).await?, clients))),
            Row::Sequences(way, in_flight) => {
                let server = candidate.start(place).await?;
                let in_flight = (in_flight / scale.fewer_in_flight).max(1);
                Self::Sequences(Box::new(Sequences::new(server, way, Arrivals::InFlight(in_flight))))
            }
            Row::Hop(way, tempo) => {
                let server = candidate.start(place).await?;
                let arrivals = Arrivals::PerSecond(rate(way, tempo, &contests.rows)?);
                Self::Sequences(Box::new(Sequences::new(server, way, arrivals)))
            }
            Row::Growth(size) => {
                let events = scale.events.get(size).copied().unwrap_or_default();
                let rate = rate(Way::Claims, Tempo::Half, &contests.rows)?;
                Self::Growth(Growth::new(candidate, place, stocks, events, rate).await?)
            }
            Row::Footprint(state) => Self::Footprint(Footprints::new(candidate, place, stocks, scale, state).await?),
            Row::Recovery(cache) => Self::Recovery(Recovery::new(candidate, place, stocks, scale, cache).await?),
        })
    }

    async fn measure(&mut self, length: Duration, place: &Place) -> Result<Sample, Failure> {
        match self {
            Self::Disk(disk) => disk.measure(length).await,
            Self::Rows(rows) => rows.measure(length).await,
            Self::Twin(twin) => twin.measure(length).await,
            Self::Ingest(ingest) => ingest.measure(length).await,
            Self::Sequences(sequences) => sequences.measure(length).await,
            Self::Growth(growth) => growth.measure(length, place).await,
            Self::Footprint(footprints) => footprints.measure(length, place).await,
            Self::Recovery(recovery) => recovery.measure(length).await,
        }
    }

    async fn check(&self) -> Result<(), String> {
        match self {
            Self::Ingest(ingest) => ingest.check().await,
            Self::Sequences(sequences) => sequences.check().await,
            // The others look at it within each repetition, or there is nothing to lose.
            _ => Ok(()),
        }
    }
}

/// A row at one server while it is measured; without a load that is at fault.
struct Turn {
    load: Option<Load>,
    measured: Measured,
}

impl Turn {
    async fn begin(row: Row, candidate: &Candidate, contests: &mut Contests<'_>) -> Self {
        let label = candidate.label.filter(|_| row.is_of_server());
        let (load, fault) = match Load::new(row, candidate, contests).await {
            Ok(load) => (Some(load), None),
            Err(failure) => (None, Some(told(failure))),
        };
        Self { load, measured: Measured { row, label, contention: Contention::default(), fault, samples: Vec::new() } }
    }

    /// One repetition; one that fails is the last.
    async fn measure(&mut self, length: Duration, place: &Place) -> Option<Sample> {
        match self.load.as_mut()?.measure(length, place).await {
            Ok(sample) => Some(sample),
            Err(failure) => {
                self.measured.fault = Some(told(failure));
                self.load = None;
                None
            }
        }
    }

    async fn end(mut self) -> Measured {
        if let Some(load) = &self.load {
            self.measured.fault = load.check().await.err();
        }
        if self.measured.fault.is_some() {
            self.measured.samples.clear();
        }
        self.measured
    }
}

/// Measures the rows of a group by turns, those of servers at each candidate.
pub(super) async fn contest(group: &[Row], contests: &mut Contests<'_>) {
    let (candidates, place, pace) = (contests.candidates, contests.place, contests.profile.pace());
    let mut turns = Vec::new();
    for row in group {
        let taking_part = if row.is_of_server() { candidates } else { &candidates[..1] };
        for candidate in taking_part {
            turns.push(Turn::begin(*row, candidate, contests).await);
        }
    }
    let contention = Contention::look();
    for turn in &mut turns {
        turn.measured.contention = contention;
        let _ = turn.measure(pace.warm_up, place).await;
    }
    for _ in 0..pace.repetitions {
        for turn in &mut turns {
            let sample = turn.measure(pace.repetition, place).await;
            turn.measured.samples.extend(sample);
        }
    }
    for turn in turns {
        contests.rows.push(turn.end().await);
    }
}

/// How many runs begin in a second.
fn rate(way: Way, tempo: Tempo, before: &[Measured]) -> Result<f64, Failure> {
    match tempo {
        Tempo::PerSecond(rate) => Ok(f64::from(rate)),
        Tempo::Half => {
            let whole = Row::half_of(way);
            // Where the time was too short for a run, as in a smoke test, one a second.
            let rate = median(before, whole, RATE).map(|rate| (rate / 2.0).max(1.0));
            rate.ok_or_else(|| Failure::plain(format!("half of {whole} cannot be sent: it has no figure")))
        }
    }
}
