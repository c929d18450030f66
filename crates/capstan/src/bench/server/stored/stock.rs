//! A data directory with as much in it as is asked for, written by the server that is measured on it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use futures_util::future::try_join_all;
use tempfile::TempDir;

use super::super::candidate::{Candidate, Server};
use super::super::connection::Connection;
use super::super::event::{About, body, new_id};
use super::super::ingest::{Clients, EVENT};
use super::super::place::Place;
use super::super::population::{EVENTS_PER_RUN, STAGES, Subject, TRIGGER, settle};
use super::super::sequences::{Arrivals, Sequences, Way};
use crate::failure::{Failure, reason};
use crate::terminal::note;

/// How many of the events, one in so many, are those of runs that are over.
const SHARE_OF_RUNS: u64 = 3;

/// How many runs are in flight, and how many clients send, while it is filled.
const AT_ONCE: usize = 128;

/// The stocks of the candidates, each filled further as rows need it.
#[derive(Debug, Default)]
pub(in super::super) struct Stocks(HashMap<Option<char>, Stock>);

/// A data directory that nobody serves at the moment.
#[derive(Debug)]
pub(in super::super) struct Stock {
    pub(super) executable: PathBuf,
    room: TempDir,
    /// How many events are in it.
    pub(super) events: u64,
    /// Contexts and projects of the runs that are open.
    pub(super) open: Vec<(String, &'static str)>,
}

impl Stocks {
    /// The stock of a candidate, filled until it has so many events and open runs.
    pub(in super::super) async fn with(
        &mut self,
        candidate: &Candidate,
        place: &Place,
        events: u64,
        open: usize,
    ) -> Result<&mut Stock, Failure> {
        let stock = match self.0.entry(candidate.label) {
            Entry::Occupied(stock) => stock.into_mut(),
            Entry::Vacant(place_of) => {
                let executable = candidate.executable();
                let executable = executable.ok_or_else(|| Failure::plain("a server that is there is not filled"))?;
                place_of.insert(Stock::new(executable, place.room()?).await?)
            }
        };
        stock.fill(events, open).await?;
        Ok(stock)
    }
}

impl Stock {
    async fn new(executable: &Path, room: TempDir) -> Result<Self, Failure> {
        let server = Server::start(executable, room.path()).await?;
        settle(&server.target, false).await?;
        Ok(Self { executable: executable.to_owned(), room, events: 0, open: Vec::new() })
    }

    /// Where its data lie.
    pub(super) fn path(&self) -> &Path {
        self.room.path()
    }

    async fn fill(&mut self, events: u64, open: usize) -> Result<(), Failure> {
        let (missing, to_open) = (events.saturating_sub(self.events), open.saturating_sub(self.open.len()));
        if missing == 0 && to_open == 0 {
            return Ok(());
        }
        let begun = Instant::now();
        let mut server = Server::start(&self.executable, self.room.path()).await?;
        if missing > 0 {
            let runs = (missing / SHARE_OF_RUNS).div_ceil(EVENTS_PER_RUN as u64);
            let mut sequences = Sequences::new(server, Way::Claims, Arrivals::InFlight(AT_ONCE));
            sequences.carry_out(runs as usize).await?;
            server = sequences.into_server();
            let others = missing.saturating_sub(runs * EVENTS_PER_RUN as u64);
            Clients::new(&server.target, AT_ONCE, EVENT).send_count(others).await?;
            self.events += others + runs * EVENTS_PER_RUN as u64;
        }
        if to_open > 0 {
            let mut connections = Connection::open_many(&server.target, AT_ONCE).await?;
            let each = to_open.div_ceil(AT_ONCE);
            let shares = (0..to_open).step_by(each).map(|from| each.min(to_open - from));
            let opened = connections.iter_mut().zip(shares).map(|(connection, count)| begin(connection, count));
            self.open.extend(try_join_all(opened).await?.into_iter().flatten());
        }
        server.kill();
        let (events, open, seconds) = (self.events, self.open.len(), begun.elapsed().as_secs());
        if seconds > 5 {
            note(&format!("  filled in {seconds} s: {events} events and {open} open runs\n"));
        }
        Ok(())
    }

    /// A copy that is on disk as a whole, so that nothing of it is still to be written while something is measured.
    pub(super) async fn copy(&self, place: &Place) -> Result<TempDir, Failure> {
        Self::copy_of(self.path(), place).await
    }

    /// The same of any folder.
    pub(super) async fn copy_of(from: &Path, place: &Place) -> Result<TempDir, Failure> {
        let (from, room) = (from.to_owned(), place.room()?);
        let to = room.path().to_owned();
        let copied = tokio::task::spawn_blocking(move || copy(&from, &to)).await;
        let copied = copied.map_err(|error| Failure::plain(error.to_string()))?;
        copied
            .map_err(|error| Failure::plain(format!("the data of the bench cannot be copied: {}", reason(&error))))?;
        Ok(room)
    }

    /// How many bytes its files have.
    pub(super) fn bytes(&self) -> Option<u64> {
        bytes(self.path()).ok()
    }
}

/// Begins runs that nobody answers.
async fn begin(connection: &mut Connection, count: usize) -> Result<Vec<(String, &'static str)>, Failure> {
    let mut begun = Vec::with_capacity(count);
    for _ in 0..count {
        let (context, subject) = (new_id().to_string(), Subject::random());
        let about =
            About { kind: TRIGGER, context: &context, triggered_id: "", subject, stage: STAGES[0], pass: false };
        connection.post(EVENT, body(about)).await?;
        begun.push((context, subject.project()));
    }
    Ok(begun)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            std::fs::create_dir(&target)?;
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target)?;
            std::fs::File::open(&target)?.sync_all()?;
        }
    }
    Ok(())
}

fn bytes(folder: &Path) -> io::Result<u64> {
    let mut total = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        total += if metadata.is_dir() { bytes(&entry.path())? } else { metadata.len() };
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_all_that_is_there() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::create_dir_all(from.path().join("a/b")).unwrap();
        std::fs::write(from.path().join("a/b/c"), "123").unwrap();
        std::fs::write(from.path().join("d"), "45").unwrap();
        copy(from.path(), to.path()).unwrap();
        assert_eq!(std::fs::read_to_string(to.path().join("a/b/c")).unwrap(), "123");
        assert_eq!(bytes(to.path()).unwrap(), 5);
    }
}
