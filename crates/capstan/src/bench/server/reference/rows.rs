//! S: `SQLite` without anything around it, with as many rows in a transaction as that, synced before each commit returns.

use std::time::{Duration, Instant};

use rusqlite::Connection;
use tempfile::TempDir;

use super::super::event::{EVENT_BYTES, new_id};
use super::super::latency::Latencies;
use super::super::place::Place;
use super::super::sample::Sample;
use crate::failure::Failure;

const SCHEMA: &str = "
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE event (position INTEGER PRIMARY KEY, context TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX event_context ON event (context);
";

/// A database and how many rows share a commit.
#[derive(Debug)]
pub(in super::super) struct Rows {
    connection: Option<Connection>,
    batch: usize,
    _room: TempDir,
}

impl Rows {
    pub(in super::super) fn new(place: &Place, batch: usize) -> Result<Self, Failure> {
        let room = place.room()?;
        let connection = Connection::open(room.path().join("rows.db")).map_err(|error| failed(&error))?;
        connection.execute_batch(SCHEMA).map_err(|error| failed(&error))?;
        Ok(Self { connection: Some(connection), batch, _room: room })
    }

    pub(in super::super) async fn measure(&mut self, length: Duration) -> Result<Sample, Failure> {
        let Some(connection) = self.connection.take() else { return Ok(Sample::default()) };
        let batch = self.batch;
        let measured = tokio::task::spawn_blocking(move || {
            let sample = insert(&connection, batch, length);
            (connection, sample)
        });
        let (connection, sample) = measured.await.map_err(|error| Failure::plain(error.to_string()))?;
        self.connection = Some(connection);
        sample.map_err(|error| failed(&error))
    }
}

fn failed(error: &rusqlite::Error) -> Failure {
    Failure::plain(format!("the bench's own database fails: {error}"))
}

/// Rows a second; times are those of whole transactions.
fn insert(connection: &Connection, batch: usize, length: Duration) -> rusqlite::Result<Sample> {
    let body = "x".repeat(EVENT_BYTES);
    let mut latencies = Latencies::new();
    let begun = Instant::now();
    while begun.elapsed() < length {
        let sent = Instant::now();
        let transaction = connection.unchecked_transaction()?;
        {
            let mut insert = transaction.prepare_cached("INSERT INTO event (context, kind, body) VALUES (?, ?, ?)")?;
            for _ in 0..batch {
                insert.execute((new_id().to_string(), "sh.keptn.event.bench.measured", &body))?;
            }
        }
        transaction.commit()?;
        latencies.record(sent.elapsed());
    }
    let seconds = begun.elapsed().as_secs_f64();
    Ok(Sample::of_rate(latencies.count() * batch as u64, seconds, latencies))
}
