//! F: one writer that appends 4 KB to a file and syncs it, over and over.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::super::latency::Latencies;
use super::super::place::Place;
use super::super::sample::Sample;
use crate::failure::{Failure, reason};

/// How much is written before each sync, in bytes.
const RECORD: usize = 4_096;

/// A file to append to.
#[derive(Debug)]
pub(in super::super) struct Disk {
    path: PathBuf,
    _room: TempDir,
}

impl Disk {
    pub(in super::super) fn new(place: &Place) -> Result<Self, Failure> {
        let room = place.room()?;
        Ok(Self { path: room.path().join("records"), _room: room })
    }

    pub(in super::super) async fn measure(&mut self, length: Duration) -> Result<Sample, Failure> {
        let path = self.path.clone();
        let measured = tokio::task::spawn_blocking(move || append(&path, length)).await;
        measured
            .map_err(|error| Failure::plain(error.to_string()))?
            .map_err(|error| Failure::plain(format!("cannot write to '{}': {}", self.path.display(), reason(&error))))
    }
}

fn append(path: &std::path::Path, length: Duration) -> std::io::Result<Sample> {
    let mut file = File::create(path)?;
    let (record, mut latencies) = ([b'x'; RECORD], Latencies::new());
    let begun = Instant::now();
    while begun.elapsed() < length {
        let sent = Instant::now();
        file.write_all(&record)?;
        file.sync_data()?;
        latencies.record(sent.elapsed());
    }
    Ok(Sample::of_rate(latencies.count(), begun.elapsed().as_secs_f64(), latencies))
}
