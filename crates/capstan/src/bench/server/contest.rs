//! Rows that take turns: A B A B …, so that what the machine does meanwhile hits all of them.

use std::time::Duration;

use super::arguments::Pace;
use super::candidate::Candidate;
use super::ingest::{Ingest, told};
use super::place::Place;
use super::plan::Row;
use super::reference::{Disk, Rows, Twin};
use super::sample::Sample;
use super::sequences::{Arrivals, Sequences};
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
}

impl Load {
    async fn new(row: Row, candidate: &Candidate, place: &Place) -> Result<Self, Failure> {
        Ok(match row {
            Row::Disk => Self::Disk(Disk::new(place)?),
            Row::Rows(batch) => Self::Rows(Rows::new(place, batch)?),
            Row::Parse(clients) => Self::Twin(Twin::start(place, false, clients).await?),
            Row::Group(clients) => Self::Twin(Twin::start(place, true, clients).await?),
            Row::Ingest(clients) => Self::Ingest(Box::new(Ingest::new(candidate.start(place).await?, clients).await?)),
            Row::Sequences(way, in_flight) => {
                let server = candidate.start(place).await?;
                Self::Sequences(Box::new(Sequences::new(server, way, Arrivals::InFlight(in_flight)).await?))
            }
        })
    }

    async fn measure(&mut self, length: Duration) -> Result<Sample, Failure> {
        match self {
            Self::Disk(disk) => disk.measure(length).await,
            Self::Rows(rows) => rows.measure(length).await,
            Self::Twin(twin) => twin.measure(length).await,
            Self::Ingest(ingest) => ingest.measure(length).await,
            Self::Sequences(sequences) => sequences.measure(length).await,
        }
    }

    async fn check(&self) -> Result<(), String> {
        match self {
            Self::Disk(_) | Self::Rows(_) | Self::Twin(_) => Ok(()),
            Self::Ingest(ingest) => ingest.check().await,
            Self::Sequences(sequences) => sequences.check().await,
        }
    }
}

/// Measures the rows of a group by turns, those of servers at each candidate.
pub(super) async fn contest(
    group: &[Row],
    candidates: &[Candidate],
    place: &Place,
    pace: Pace,
) -> Result<Vec<Measured>, Failure> {
    let mut turns = Vec::new();
    for row in group {
        let taking_part = if row.is_of_server() { candidates } else { &candidates[..1] };
        for candidate in taking_part {
            let label = candidate.label.filter(|_| row.is_of_server());
            turns.push((*row, label, Load::new(*row, candidate, place).await?));
        }
    }
    let contention = Contention::look();
    let mut measured: Vec<Measured> = Vec::new();
    for (row, label, load) in &mut turns {
        let fault = load.measure(pace.warm_up).await.err().map(told);
        measured.push(Measured { row: *row, label: *label, contention, fault, samples: Vec::new() });
    }
    for _ in 0..pace.repetitions {
        for ((_, _, load), measured) in turns.iter_mut().zip(&mut measured).filter(|(_, of)| of.fault.is_none()) {
            match load.measure(pace.repetition).await {
                Ok(sample) => measured.samples.push(sample),
                Err(failure) => measured.fault = Some(told(failure)),
            }
        }
    }
    for ((_, _, load), measured) in turns.iter().zip(&mut measured).filter(|(_, of)| of.fault.is_none()) {
        measured.fault = load.check().await.err();
    }
    for measured in measured.iter_mut().filter(|measured| measured.fault.is_some()) {
        measured.samples.clear();
    }
    Ok(measured)
}
