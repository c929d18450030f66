//! W1, and the references that take the same events: as many clients as that, each sending the next event when the last is
//! acknowledged.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use hyper::body::Bytes;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::candidate::Server;
use super::connection::{Connection, Target};
use super::event::{About, body, new_id};
use super::latency::Latencies;
use super::population::{STAGES, Subject};
use super::sample::Sample;
use crate::failure::Failure;

/// The type of events that no shipyard asks for and no task waits for.
const KIND: &str = "sh.keptn.event.bench.measured";

/// Where events are sent in Keptn v1.
pub(super) const EVENT: &str = "/api/v1/event";

/// Clients that send, each over a connection of its own. They connect anew each time: a server ends connections that rest while
/// others have their turn.
#[derive(Debug)]
pub(super) struct Clients {
    target: Arc<Target>,
    count: usize,
    path: &'static str,
    /// How many events were acknowledged, and some of them.
    acknowledged: usize,
    some: Vec<(String, Subject)>,
}

/// So many acknowledged events are kept to be read back at most, each as likely as any other (reservoir sampling).
const MOST: usize = 4_000;

impl Clients {
    pub(super) fn new(target: &Arc<Target>, count: usize, path: &'static str) -> Self {
        Self { target: Arc::clone(target), count, path, acknowledged: 0, some: Vec::new() }
    }

    /// Sends for so long. What began before the end counts, and so does the time until all of it is acknowledged.
    pub(super) async fn send(&mut self, length: Duration) -> Result<(u64, f64, Latencies), Failure> {
        self.send_while(&|begun| begun.elapsed() < length).await
    }

    /// Sends so many events.
    pub(super) async fn send_count(&mut self, count: u64) -> Result<(), Failure> {
        let left = Cell::new(count);
        let take = |_| left.replace(left.get().saturating_sub(1)) > 0;
        self.send_while(&take).await.map(|_| ())
    }

    async fn send_while(&mut self, go_on: &dyn Fn(Instant) -> bool) -> Result<(u64, f64, Latencies), Failure> {
        let mut connections = Connection::open_many(&self.target, self.count).await?;
        let (begun, latencies) = (Instant::now(), RefCell::new(Latencies::new()));
        let (path, acknowledged, some) = (self.path, Cell::new(self.acknowledged), RefCell::new(&mut self.some));
        try_join_all(connections.iter_mut().map(async |connection| {
            while go_on(begun) {
                let (context, subject) = (new_id().to_string(), Subject::random());
                let event = unrelated_of(&context, subject);
                let sent = Instant::now();
                connection.post(path, event).await?;
                latencies.borrow_mut().record(sent.elapsed());
                acknowledged.set(acknowledged.get() + 1);
                let mut some = some.borrow_mut();
                if some.len() < MOST {
                    some.push((context, subject));
                } else if let Some(place) = some.get_mut(fastrand::usize(..acknowledged.get())) {
                    *place = (context, subject);
                }
            }
            Ok::<_, Failure>(())
        }))
        .await?;
        self.acknowledged = acknowledged.get();
        let seconds = begun.elapsed().as_secs_f64();
        let latencies = latencies.into_inner();
        Ok((latencies.count(), seconds, latencies))
    }
}

/// An event of this run that concerns nobody.
pub(super) fn unrelated_of(context: &str, subject: Subject) -> Bytes {
    let mut buffer = uuid::Uuid::encode_buffer();
    let triggered_id = new_id().hyphenated().encode_lower(&mut buffer);
    body(About { kind: KIND, context, triggered_id, subject, stage: STAGES[0], pass: false })
}

/// W1 at a server.
#[derive(Debug)]
pub(super) struct Ingest {
    clients: Clients,
    server: Server,
}

impl Ingest {
    pub(super) fn new(server: Server, clients: usize) -> Self {
        Self { clients: Clients::new(&server.target, clients, EVENT), server }
    }

    pub(super) async fn measure(&mut self, length: Duration) -> Result<Sample, Failure> {
        let before = self.server.usage();
        let (count, seconds, latencies) = self.clients.send(length).await?;
        let used = self.server.usage().since(before);
        let each = |total: Option<f64>| total.map(|total| total / count as f64);
        Ok(Sample::of_rate(count, seconds, latencies)
            .and("written_bytes_per_event", each(used.written_bytes.map(|bytes| bytes as f64)))
            .and("cpu_us_per_event", each(used.cpu_seconds).map(|seconds| seconds * 1e6)))
    }

    /// Whether what was acknowledged is there once, of some.
    pub(super) async fn check(&self) -> Result<(), String> {
        let mut connection = Connection::open(&self.server.target).await.map_err(told)?;
        for (context, subject) in &self.clients.some {
            let count = stored(&mut connection, subject.project(), context).await.map_err(told)?;
            if count != 1 {
                return Err(format!("the event of run '{context}' was accepted, and is there {count} times"));
            }
        }
        Ok(())
    }
}

/// The sentence of a failure.
pub(super) fn told(failure: Failure) -> String {
    match failure {
        Failure::Plain { message, .. } => message,
        Failure::Files(_) => "a file is wrong".to_owned(),
    }
}

/// How many events of a run a server has.
async fn stored(connection: &mut Connection, project: &str, context: &str) -> Result<usize, Failure> {
    #[derive(Deserialize)]
    struct Page {
        events: Vec<IgnoredAny>,
    }
    let query = format!("project={project}&keptnContext={context}&pageSize=2");
    Ok(connection.get::<Page>(&format!("/api/mongodb-datastore/event?{query}")).await?.events.len())
}
