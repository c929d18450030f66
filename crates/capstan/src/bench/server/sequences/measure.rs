//! Repetitions of W2 and W3 at one server.

use std::time::{Duration, Instant};

use futures_util::future::{try_join, try_join_all};

use super::super::candidate::Server;
use super::super::connection::Connection;
use super::super::latency::Latencies;
use super::super::population::{STAGES, TASKS};
use super::super::sample::Sample;
use super::check;
use super::field::{Ended, Field};
use super::job::{Job, Way};
use super::source::{SOURCES, supply};
use super::worker::work;
use crate::failure::Failure;

/// How many connections the tools have in all.
const CONNECTIONS: usize = 64;

/// How long runs that are under way may take to end when no more are begun.
const DRAIN: Duration = Duration::from_secs(120);

/// When runs begin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in super::super) enum Arrivals {
    /// So many are in flight all the time: the end of one begins the next.
    InFlight(usize),
    /// So many a second, whatever becomes of them.
    PerSecond(f64),
}

/// Tools and runs at one server.
#[derive(Debug)]
pub(in super::super) struct Sequences {
    server: Server,
    way: Way,
    arrivals: Arrivals,
    ended: Vec<Finished>,
}

/// A run that is to be read back.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) context: String,
    pub(super) project: &'static str,
}

impl Sequences {
    pub(in super::super) fn new(server: Server, way: Way, arrivals: Arrivals) -> Self {
        Self { server, way, arrivals, ended: Vec::new() }
    }

    /// Has runs go through for a while, measures for so long, and lets those end that are under way.
    pub(in super::super) async fn measure(&mut self, length: Duration) -> Result<Sample, Failure> {
        let arrivals = self.arrivals;
        let (window, ended) = self.play(async |field, server| watch(field, server, arrivals, length).await).await?;
        Ok(window.sample(&ended, arrivals))
    }

    /// Has so many runs go through.
    pub(in super::super) async fn carry_out(&mut self, runs: usize) -> Result<(), Failure> {
        let Arrivals::InFlight(in_flight) = self.arrivals else { return Ok(()) };
        let complete = async |field: &Field, _: &Server| {
            field.limit(runs);
            for _ in 0..in_flight {
                field.put(Job::Trigger(Instant::now()));
            }
            field.all_begun().await;
            drain(field).await
        };
        self.play(complete).await.map(|_| ())
    }

    /// Has tools at work until `script` is over; says what it returns, and which runs have ended.
    async fn play<T>(
        &mut self,
        script: impl AsyncFnOnce(&Field, &Server) -> Result<T, Failure>,
    ) -> Result<(T, Vec<Ended>), Failure> {
        // Anew each time: a server ends connections that rest while others have their turn.
        let mut connections = Connection::open_many(&self.server.target, CONNECTIONS - SOURCES).await?;
        let field = Field::new(self.way, matches!(self.arrivals, Arrivals::InFlight(_)));
        let target = self.server.target.clone();
        let sources = try_join_all((0..SOURCES).map(|number| supply(&field, &target, number)));
        let workers = try_join_all(connections.iter_mut().map(|connection| work(&field, connection)));
        let (outcome, _) = tokio::select! {
            outcome = try_join(script(&field, &self.server), sources) => outcome?,
            failed = workers => return Err(failed.err().unwrap_or_else(no_end)),
        };
        let ended = field.into_ended();
        let finished = |run: &Ended| Finished { context: run.context.clone(), project: run.subject.project() };
        self.ended.extend(ended.iter().map(finished));
        Ok((outcome, ended))
    }

    /// The server, when no more is to go through.
    pub(in super::super) fn into_server(self) -> Server {
        self.server
    }

    /// Reads every event back. None of a check that finds nothing.
    pub(in super::super) async fn check(&self) -> Result<(), String> {
        check::check(&self.server.target, &self.ended).await
    }
}

fn no_end() -> Failure {
    Failure::plain("a tool of the bench came to an end")
}

/// What was seen between two points in time.
struct Window {
    from: Instant,
    to: Instant,
    cpu_seconds: Option<f64>,
    written_bytes: Option<u64>,
    requests: u64,
    hops: Latencies,
}

/// Begins runs, looks at what has happened from a point in time on for so long, and waits until all runs are over.
async fn watch(field: &Field, server: &Server, arrivals: Arrivals, length: Duration) -> Result<Window, Failure> {
    let lead = (length / 5).min(Duration::from_secs(1));
    let begun = Instant::now();
    let (from, to) = (begun + lead, begun + lead + length);
    let looked = async {
        tokio::time::sleep_until(from.into()).await;
        let (usage, requests) = (server.usage(), field.requests());
        field.forget_hops();
        tokio::time::sleep_until(to.into()).await;
        let used = server.usage().since(usage);
        Window {
            from,
            to,
            cpu_seconds: used.cpu_seconds,
            written_bytes: used.written_bytes,
            requests: field.requests() - requests,
            hops: field.hops(),
        }
    };
    let window = tokio::select! {
        window = looked => window,
        () = arrive(field, arrivals, begun) => return Err(no_end()),
    };
    drain(field).await?;
    Ok(window)
}

/// Waits for the runs that are under way.
async fn drain(field: &Field) -> Result<(), Failure> {
    if tokio::time::timeout(DRAIN, field.drain()).await.is_ok() {
        return Ok(());
    }
    let (open, seconds) = (field.open(), DRAIN.as_secs());
    Err(Failure::plain(format!("{open} runs have not ended {seconds} s after the last one began")))
}

/// Begins runs when they are due, for ever.
async fn arrive(field: &Field, arrivals: Arrivals, begun: Instant) {
    match arrivals {
        Arrivals::InFlight(count) => {
            for _ in 0..count {
                field.put(Job::Trigger(Instant::now()));
            }
            std::future::pending::<()>().await;
        }
        Arrivals::PerSecond(rate) => {
            for number in 0_u32.. {
                let due = begun + Duration::from_secs_f64(f64::from(number) / rate);
                tokio::time::sleep_until(due.into()).await;
                field.put(Job::Trigger(due));
            }
        }
    }
}

impl Window {
    /// Where runs come at a fixed rate the times are those of hops, else of runs.
    fn sample(self, ended: &[Ended], arrivals: Arrivals) -> Sample {
        let mut runs = Latencies::new();
        for run in ended.iter().filter(|run| (self.from..self.to).contains(&run.at)) {
            runs.record(run.took);
        }
        let (count, seconds) = (runs.count(), (self.to - self.from).as_secs_f64());
        let each = |total: Option<f64>| total.filter(|_| count > 0).map(|total| total / count as f64);
        let rate = count as f64 / seconds;
        let Self { hops, .. } = self;
        let sample = match arrivals {
            Arrivals::InFlight(_) => Sample::of_rate(count, seconds, runs)
                .and("tasks_per_second", Some(rate * (STAGES.len() * TASKS.len()) as f64))
                .and("hop_p50_ms", hops.quantile_ms(0.5))
                .and("hop_p99_ms", hops.quantile_ms(0.99)),
            Arrivals::PerSecond(_) => Sample::of_rate(count, seconds, hops)
                .and("run_p50_ms", runs.quantile_ms(0.5))
                .and("run_p99_ms", runs.quantile_ms(0.99)),
        };
        sample
            .and("cpu_seconds_per_1000_runs", each(self.cpu_seconds).map(|seconds| seconds * 1_000.0))
            .and("written_kib_per_run", each(self.written_bytes.map(|bytes| bytes as f64 / 1_024.0)))
            .and("requests_per_run", each(Some(self.requests as f64)))
    }
}
