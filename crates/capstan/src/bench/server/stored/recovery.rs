//! W5: a server with a lot stored is killed under load, and started again.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use hyper::body::Bytes;
use serde::Deserialize;

use super::super::candidate::{Candidate, Server};
use super::super::connection::{Connection, read};
use super::super::event::{SOURCE, new_id};
use super::super::ingest::{EVENT, unrelated_of};
use super::super::place::Place;
use super::super::population::{Subject, TASKS};
use super::super::sample::Sample;
use super::growth::megabytes;
use super::lost::{Acknowledged, find_lost, find_twice};
use super::stock::Stocks;
use crate::bench::server::arguments::Scale;
use crate::failure::{Failure, reason};

/// Whether what was read before the kill is still in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Cache {
    Warm,
    /// Dropped by the system, where it lets the bench do so.
    Cold,
}

/// How many clients send events, and how many tools move runs, when the server is killed.
const CLIENTS: usize = 32;
const TOOLS: usize = 16;

/// How long they do so at most.
const LOAD: Duration = Duration::from_secs(1);

/// How long the first task may take to come.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that is killed over and over.
#[derive(Debug)]
pub(in super::super) struct Recovery {
    executable: PathBuf,
    room: PathBuf,
    cache: Cache,
    bytes: Option<u64>,
}

/// What was acknowledged before the kill.
#[derive(Debug, Default)]
struct Book {
    events: RefCell<Vec<(String, &'static str)>>,
    answers: RefCell<Vec<Acknowledged>>,
    killed: Cell<bool>,
}

impl Recovery {
    pub(in super::super) async fn new(
        candidate: &Candidate,
        place: &Place,
        stocks: &mut Stocks,
        scale: Scale,
        cache: Cache,
    ) -> Result<Self, Failure> {
        if cache == Cache::Cold {
            drop_caches()?;
        }
        let [.., events] = scale.events;
        let stock = stocks.with(candidate, place, events, scale.open_runs).await?;
        Ok(Self { executable: stock.executable.clone(), room: stock.path().to_owned(), cache, bytes: stock.bytes() })
    }

    pub(in super::super) async fn measure(&mut self, length: Duration) -> Result<Sample, Failure> {
        let book = Book::default();
        let server = Server::start(&self.executable, &self.room).await?;
        self.load_and_kill(server, &book, (length / 5).min(LOAD)).await?;
        if self.cache == Cache::Cold {
            drop_caches()?;
        }
        let begun = Instant::now();
        let server = Server::start(&self.executable, &self.room).await?;
        let mut connection = Connection::open(&server.target).await?;
        connection.send(hyper::Method::GET, "/readyz", Bytes::new()).await?.good("/readyz")?;
        let ready = begun.elapsed();
        let answers = first_hop(&mut connection).await?;
        let hop = begun.elapsed();
        book.answers.borrow_mut().extend(answers);
        let (events, answers) = (book.events.into_inner(), book.answers.into_inner());
        let (lost, wrong) = find_lost(&server.target, &events, &answers).await?;
        let twice = find_twice(&server.target, &answers).await?;
        if let Some(why) = wrong.or_else(|| twice.first().cloned()) {
            let message = format!("{lost} acknowledged events are lost and {} triggers came twice: {why}", twice.len());
            return Err(Failure::plain(message));
        }
        Ok(Sample::default()
            .and(READY, Some(ready.as_secs_f64()))
            .and("first_hop_seconds", Some(hop.as_secs_f64()))
            .and("acknowledged", Some((events.len() + answers.len()) as f64))
            .and("lost", Some(lost as f64))
            .and("triggered_twice", Some(twice.len() as f64))
            .and("file_mb", self.bytes.map(megabytes)))
    }

    /// Puts load on the server for so long, and kills it in the midst of it.
    async fn load_and_kill(&self, server: Server, book: &Book, length: Duration) -> Result<(), Failure> {
        let senders = Connection::open_many(&server.target, CLIENTS).await?;
        let tools = Connection::open_many(&server.target, TOOLS).await?;
        let send = join_all(senders.into_iter().map(|connection| send(connection, book)));
        let work = join_all(tools.into_iter().map(|connection| work(connection, book)));
        let kill = async {
            tokio::time::sleep(length).await;
            book.killed.set(true);
            server.kill();
        };
        let (sent, worked, ()) = tokio::join!(send, work, kill);
        // What fails after the kill fails by it.
        sent.into_iter().chain(worked).collect()
    }
}

pub(in super::super) const READY: &str = "ready_seconds";

/// Sends events until the server is gone.
async fn send(mut connection: Connection, book: &Book) -> Result<(), Failure> {
    loop {
        let (context, subject) = (new_id().to_string(), Subject::random());
        match connection.post(EVENT, unrelated_of(&context, subject)).await {
            Ok(_) => book.events.borrow_mut().push((context, subject.project())),
            Err(_) if book.killed.get() => return Ok(()),
            Err(failure) => return Err(failure),
        }
    }
}

/// Answers tasks until the server is gone.
async fn work(mut connection: Connection, book: &Book) -> Result<(), Failure> {
    loop {
        match answer_one(&mut connection).await {
            Ok(answered) => book.answers.borrow_mut().extend(answered),
            Err(_) if book.killed.get() => return Ok(()),
            Err(failure) => return Err(failure),
        }
    }
}

#[derive(Deserialize)]
struct Claims {
    claims: Vec<Claim>,
}

#[derive(Deserialize)]
struct Claim {
    lease: String,
    project: String,
    context: String,
}

#[derive(Deserialize)]
struct Answered {
    id: String,
}

/// Claims a task and answers it; none where none is there at the moment.
async fn answer_one(connection: &mut Connection) -> Result<Option<Acknowledged>, Failure> {
    let path = "/api/capstan/v1/claims";
    let tasks = TASKS.map(|task| format!("\"{task}\"")).join(",");
    // No lease is lost meanwhile: an attempt that is offered anew would look like one that was triggered twice.
    let wanted = format!(r#"{{"tool":"{SOURCE}","tasks":[{tasks}],"lease_seconds":3600,"wait_seconds":1}}"#);
    let answer = connection.post(path, wanted.into()).await?;
    let Some(claim) = read::<Claims>(path, &answer)?.claims.pop() else { return Ok(None) };
    let path = format!("{path}/{}/answer", claim.lease);
    let answer = connection.post(&path, Bytes::from_static(br#"{"result":"pass"}"#)).await?;
    let Answered { id } = read(&path, &answer)?;
    Ok(Some(Acknowledged { id, context: claim.context, project: claim.project }))
}

/// Answers a task, and waits for another: what comes next.
async fn first_hop(connection: &mut Connection) -> Result<Vec<Acknowledged>, Failure> {
    let begun = Instant::now();
    let mut answered = Vec::new();
    while answered.len() < 2 {
        answered.extend(answer_one(connection).await?);
        if begun.elapsed() > PATIENCE {
            return Err(Failure::plain("no task came after the restart, though runs are open"));
        }
    }
    Ok(answered)
}

/// What tells the system to forget, for those who may.
const DROP_CACHES: &str = "/proc/sys/vm/drop_caches";

/// Whether the system can be told to forget what it has read.
pub(in super::super) fn can_drop_caches() -> bool {
    std::fs::OpenOptions::new().write(true).open(DROP_CACHES).is_ok()
}

/// Has the system forget what it has read, which it lets none but root do.
fn drop_caches() -> Result<(), Failure> {
    std::fs::write(DROP_CACHES, "1")
        .map_err(|error| Failure::plain(format!("cannot write '{DROP_CACHES}': {}", reason(&error))))
}
