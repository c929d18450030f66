//! W7: the same work on a store that has little in it, and on one that has much.

use std::time::{Duration, Instant};

use tempfile::TempDir;

use serde::de::IgnoredAny;

use super::super::candidate::{Candidate, Server};
use super::super::connection::Connection;
use super::super::ingest::{Clients, EVENT};
use super::super::latency::Latencies;
use super::super::place::Place;
use super::super::population::projects;
use super::super::sample::{P50, P99, RATE, Sample};
use super::super::sequences::{Arrivals, Sequences, Way};
use super::stock::{Stock, Stocks};
use crate::failure::Failure;

/// How many clients send events.
const CLIENTS: usize = 32;

/// How often each list is asked for at most in one repetition.
const READS: usize = 200;

/// A copy of a store, made anew for each repetition where the work would make it another one.
#[derive(Debug)]
pub(in super::super) struct Growth {
    executable: std::path::PathBuf,
    original: Original,
    /// How many events were in it.
    events: u64,
    /// How many runs begin in a second.
    rate: f64,
}

/// Below this many events a repetition multiplies what is stored.
const SMALL: u64 = 200_000;

#[derive(Debug)]
enum Original {
    /// Copied for each repetition.
    Kept(TempDir),
    /// Used by all of them.
    Used(TempDir),
}

impl Growth {
    pub(in super::super) async fn new(
        candidate: &Candidate,
        place: &Place,
        stocks: &mut Stocks,
        events: u64,
        rate: f64,
    ) -> Result<Self, Failure> {
        let stock = stocks.with(candidate, place, events, 0).await?;
        let copy = stock.copy(place).await?;
        let original = if events < SMALL { Original::Kept(copy) } else { Original::Used(copy) };
        Ok(Self { executable: stock.executable.clone(), original, events: stock.events, rate })
    }

    pub(in super::super) async fn measure(&mut self, length: Duration, place: &Place) -> Result<Sample, Failure> {
        match &self.original {
            Original::Used(room) => self.measure_in(room.path(), length).await,
            Original::Kept(original) => {
                let room = Stock::copy_of(original.path(), place).await?;
                self.measure_in(room.path(), length).await
            }
        }
    }

    async fn measure_in(&self, room: &std::path::Path, length: Duration) -> Result<Sample, Failure> {
        let server = Server::start(&self.executable, room).await?;
        let mut connection = Connection::open(&server.target).await?;
        let (mut v1, mut own, mut one) = (Latencies::new(), Latencies::new(), Latencies::new());
        let begun = Instant::now();
        for project in projects().cycle().take(READS) {
            if begun.elapsed() > length {
                break;
            }
            let list = format!("/api/controlPlane/v1/sequence/{project}?pageSize=20");
            let page: Page = timed(&mut connection, &list, &mut v1).await?;
            let _: IgnoredAny =
                timed(&mut connection, &format!("/api/capstan/v1/projects/{project}/runs?limit=20"), &mut own).await?;
            if let Some(run) = page.states.first() {
                let events = format!(
                    "/api/mongodb-datastore/event?project={project}&keptnContext={}&pageSize=100",
                    run.shkeptncontext
                );
                let _: IgnoredAny = timed(&mut connection, &events, &mut one).await?;
            }
        }
        let mut sequences = Sequences::new(server, Way::Claims, Arrivals::PerSecond(self.rate));
        let hops = sequences.measure(length / 2).await?;
        sequences.check().await.map_err(Failure::plain)?;
        let server = sequences.into_server();
        let (count, seconds, times) = Clients::new(&server.target, CLIENTS, EVENT).send(length / 5).await?;
        Ok(Sample::of_rate(count, seconds, times)
            .and("stored_events", Some(self.events as f64))
            .and("runs_per_second", hops.get(RATE))
            .and(HOP_P50, hops.get(P50))
            .and(HOP_P99, hops.get(P99))
            .and("list_v1_p50_ms", v1.quantile_ms(0.5))
            .and("list_v1_p99_ms", v1.quantile_ms(0.99))
            .and("list_p50_ms", own.quantile_ms(0.5))
            .and(LIST_P99, own.quantile_ms(0.99))
            .and("get_p50_ms", one.quantile_ms(0.5))
            .and("get_p99_ms", one.quantile_ms(0.99))
            .and("rss_mb", server.footprint().resident_bytes.map(megabytes)))
    }
}

pub(in super::super) const HOP_P50: &str = "hop_p50_ms";
pub(in super::super) const HOP_P99: &str = "hop_p99_ms";
pub(in super::super) const LIST_P99: &str = "list_p99_ms";

pub(super) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[derive(serde::Deserialize)]
struct Page {
    states: Vec<State>,
}

#[derive(serde::Deserialize)]
struct State {
    shkeptncontext: String,
}

async fn timed<T: serde::de::DeserializeOwned>(
    connection: &mut Connection,
    path: &str,
    times: &mut Latencies,
) -> Result<T, Failure> {
    let sent = Instant::now();
    let answer = connection.get(path).await?;
    times.record(sent.elapsed());
    Ok(answer)
}
