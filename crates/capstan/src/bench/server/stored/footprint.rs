//! W6: what a server occupies when it is left alone, and how soon it answers.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use http_body_util::BodyExt as _;
use hyper::Method;
use hyper::body::{Bytes, Incoming};
use tempfile::TempDir;

use super::super::candidate::{Candidate, Server};
use super::super::connection::Connection;
use super::super::latency::Latencies;
use super::super::place::Place;
use super::super::sample::Sample;
use super::growth::megabytes;
use super::stock::Stocks;
use crate::bench::server::arguments::Scale;
use crate::failure::Failure;

/// In which state a server is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum State {
    /// A new one.
    Empty,
    /// With a million events.
    Stored,
    /// With ten thousand open runs as well.
    Open,
    /// And with a hundred clients that follow the stream.
    Streams,
}

impl fmt::Display for State {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Empty => "empty",
            Self::Stored => "1M",
            Self::Open => "10k-open",
            Self::Streams => "streams",
        })
    }
}

/// A server that is started over and over.
#[derive(Debug)]
pub(in super::super) struct Footprints {
    executable: PathBuf,
    /// Where its data lie; a room of its own for each start where it is to be empty.
    at: Option<PathBuf>,
    scale: Scale,
    state: State,
}

impl Footprints {
    pub(in super::super) async fn new(
        candidate: &Candidate,
        place: &Place,
        stocks: &mut Stocks,
        scale: Scale,
        state: State,
    ) -> Result<Self, Failure> {
        let [.., events] = scale.events;
        let stock = match state {
            State::Empty => None,
            State::Stored => Some(stocks.with(candidate, place, events, 0).await?),
            State::Open | State::Streams => Some(stocks.with(candidate, place, events, scale.open_runs).await?),
        };
        let executable = candidate.executable();
        let executable = executable.ok_or_else(|| Failure::plain("a server that is there is not looked into"))?;
        Ok(Self { executable: executable.to_owned(), at: stock.map(|stock| stock.path().to_owned()), scale, state })
    }

    pub(in super::super) async fn measure(&mut self, length: Duration, place: &Place) -> Result<Sample, Failure> {
        let mut starts = Latencies::new();
        for _ in 1..self.scale.starts {
            let (_, took, _room) = self.start(place).await?;
            starts.record(took);
        }
        let (server, took, _room) = self.start(place).await?;
        starts.record(took);
        let mut streams = Vec::new();
        if self.state == State::Streams {
            for connection in Connection::open_many(&server.target, self.scale.streams).await? {
                streams.push(follow(connection).await?);
            }
        }
        // What it does by itself after the start is done by then, or belongs to it.
        tokio::time::sleep((length / 5).min(Duration::from_secs(2))).await;
        let footprint = server.footprint();
        let binary = std::fs::metadata(&self.executable).ok().map(|file| file.len());
        Ok(Sample::of_times(starts)
            .and(RSS, footprint.resident_bytes.map(megabytes))
            .and("pss_mb", footprint.proportional_bytes.map(megabytes))
            .and("threads", footprint.threads.map(|count| count as f64))
            .and("files", footprint.files.map(|count| count as f64))
            .and(BINARY, binary.map(megabytes)))
    }

    /// Starts it and waits until it answers a question; says how long that took. The room is to be kept for as long as it.
    async fn start(&self, place: &Place) -> Result<(Server, Duration, Option<TempDir>), Failure> {
        let room = if self.at.is_none() { Some(place.room()?) } else { None };
        let at: &Path = match (&self.at, &room) {
            (Some(at), _) => at,
            (None, room) => room.as_ref().map_or(place.path(), TempDir::path),
        };
        let begun = Instant::now();
        let server = Server::start(&self.executable, at).await?;
        let mut connection = Connection::open(&server.target).await?;
        connection.send(Method::GET, "/api/controlPlane/v1/project?pageSize=1", Bytes::new()).await?.good("project")?;
        Ok((server, begun.elapsed(), room))
    }
}

pub(in super::super) const RSS: &str = "rss_mb";
pub(in super::super) const BINARY: &str = "binary_mb";

/// Follows the stream from its first byte on.
async fn follow(mut connection: Connection) -> Result<(Connection, Incoming), Failure> {
    let path = "/api/capstan/v1/stream";
    let mut body = connection.begin(Method::GET, path, Bytes::new()).await?.into_body();
    match body.frame().await {
        Some(Ok(_)) => Ok((connection, body)),
        _ => Err(Failure::plain(format!("'{path}' has ended"))),
    }
}
