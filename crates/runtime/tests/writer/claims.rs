//! Claims that wait in the writer.

use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use capstan_engine::orchestrate::Sequence;
use capstan_runtime::command::{Command, CommandError, Grant, Wanted};
use capstan_runtime::memory::{MemoryDisk, MemoryStore};
use capstan_runtime::ports::{EventFilter, SequenceFilter, Slice, SystemClock};
use capstan_runtime::writer::{Handle, Options, SubmitError, Writer, WriterThread};
use jiff::SignedDuration;
use serde_json::json;

use super::{event, ingest, start, with_project};

const LONG: Duration = Duration::from_secs(30);

type Claiming<'a> = Pin<Box<dyn Future<Output = Result<Vec<Grant>, SubmitError>> + 'a>>;

fn build(tool: &str) -> Wanted {
    Wanted {
        tool: tool.to_owned(),
        tasks: vec!["build".to_owned()],
        project: None,
        stage: None,
        service: None,
        max: 1,
        term: SignedDuration::from_secs(60),
        key: None,
    }
}

fn trigger(handle: &Handle, run: &str) -> Command {
    ingest(event(handle, "dev.delivery.triggered", run, None, json!({ "service": run })), None)
}

/// The next writer on the same disk, which does not run yet: what is sent meanwhile it finds all at once.
fn stopped(thread: WriterThread, disk: &MemoryDisk) -> (Writer, Handle) {
    thread.stop();
    Writer::new(Box::new(disk.kill(0)), Arc::new(SystemClock::start()), Options::default()).unwrap()
}

/// Sends it, and does not wait for an answer.
async fn send<F: Future + Unpin>(mut asked: F) -> F {
    tokio::select! {
        biased;
        _ = &mut asked => panic!("it is answered at once"),
        () = ready(()) => asked,
    }
}

/// A claim that waits: whatever is sent after it comes after it.
async fn waiting<'a>(handle: &'a Handle, tool: &str) -> Claiming<'a> {
    let claim: Claiming<'a> = Box::pin(handle.claim(build(tool), LONG));
    let claim = send(claim).await;
    handle.submit(Command::Purge).await.unwrap();
    claim
}

async fn in_time<T>(what: &str, wait: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), wait).await.expect(what)
}

async fn started(handle: &Handle) -> u64 {
    let filter = EventFilter { kind: Some("sh.keptn.event.build.started".to_owned()), ..EventFilter::default() };
    handle.read(move |reader| reader.events(&filter, Slice::ALL)).await.unwrap().total
}

async fn leases(handle: &Handle) -> usize {
    let filter = SequenceFilter { project: "p".to_owned(), open: true, ..SequenceFilter::default() };
    let open = handle.read(move |reader| reader.sequences(&filter, Slice::ALL)).await.unwrap().items;
    open.iter().flat_map(Sequence::attempts).map(|(_, attempt)| attempt.leases.len()).sum()
}

#[tokio::test]
async fn claims_that_wait_are_granted_in_turn() {
    let (handle, thread, _) = start(MemoryStore::new(), Options::default());
    with_project(&handle).await;
    let (first, second) = (waiting(&handle, "a").await, waiting(&handle, "a").await);
    let other = waiting(&handle, "b").await;
    handle.submit(trigger(&handle, "one")).await.unwrap();
    let granted = in_time("the first and the other are granted", async { (first.await, other.await) }).await;
    let (first, other) = (granted.0.unwrap().remove(0), granted.1.unwrap().remove(0));
    assert_eq!((first.event.id.as_str(), first.lease.tool.as_str()), (other.event.id.as_str(), "a"));
    let second = send(second).await;
    handle.submit(trigger(&handle, "two")).await.unwrap();
    let second = in_time("the second is granted", second).await.unwrap().remove(0);
    assert_ne!(second.event.id, first.event.id);
    thread.stop();
}

#[tokio::test]
async fn a_claim_gets_what_is_offered_in_the_batch_in_which_it_begins_to_wait() {
    let (handle, thread, disk) = start(MemoryStore::new(), Options::default());
    with_project(&handle).await;
    // Both are there before the writer looks: the claim first.
    let (writer, handle) = stopped(thread, &disk);
    let claim: Claiming<'_> = Box::pin(handle.claim(build("a"), LONG));
    let claim = send(claim).await;
    let triggered = send(Box::pin(handle.submit(trigger(&handle, "one")))).await;
    let thread = writer.start(&handle).unwrap();
    triggered.await.unwrap();
    assert_eq!(in_time("the claim is granted", claim).await.unwrap().len(), 1);
    thread.stop();
}

#[tokio::test]
async fn what_is_granted_as_a_claim_ceases_to_wait_is_its_own() {
    let (handle, thread, disk) = start(MemoryStore::new(), Options::default());
    with_project(&handle).await;
    let (writer, handle) = stopped(thread, &disk);
    let claim: Claiming<'_> = Box::pin(handle.claim(build("a"), Duration::from_millis(1)));
    let mut claim = send(claim).await;
    let triggered = send(Box::pin(handle.submit(trigger(&handle, "one")))).await;
    // Its wait is over before the writer comes to it.
    tokio::time::timeout(Duration::from_millis(50), &mut claim).await.unwrap_err();
    let thread = writer.start(&handle).unwrap();
    triggered.await.unwrap();
    assert_eq!(in_time("the claim is answered", claim).await.unwrap().len(), 1);
    assert_eq!((started(&handle).await, leases(&handle).await), (1, 1), "it is offered once");
    thread.stop();
}

#[tokio::test]
async fn nothing_is_granted_to_who_has_gone() {
    let (handle, thread, _) = start(MemoryStore::new(), Options::default());
    with_project(&handle).await;
    drop(waiting(&handle, "a").await);
    handle.submit(trigger(&handle, "one")).await.unwrap();
    assert_eq!(started(&handle).await, 0);
    assert_eq!(handle.claim(build("a"), Duration::ZERO).await.unwrap().len(), 1);
    let short = in_time("it waits no longer than it said", handle.claim(build("a"), Duration::from_millis(20))).await;
    assert_eq!(short.unwrap(), []);
    assert_eq!(handle.claim(build("a"), Duration::ZERO).await.unwrap(), []);
    thread.stop();
}

#[tokio::test]
async fn a_grant_that_nobody_waits_for_any_more_is_given_back() {
    let (handle, thread, _) = start(MemoryStore::new(), Options::default());
    with_project(&handle).await;
    let claim = waiting(&handle, "a").await;
    let mut commits = handle.commits();
    handle.submit(trigger(&handle, "one")).await.unwrap();
    assert_eq!((started(&handle).await, leases(&handle).await), (1, 1), "it is granted in the commit of the offer");
    drop(claim);
    in_time("the lease is given back", async {
        while leases(&handle).await > 0 {
            commits.changed().await.unwrap();
        }
    })
    .await;
    let again = handle.claim(build("a"), Duration::ZERO).await.unwrap().remove(0);
    assert!(again.lease.id.ends_with(".2"), "{}", again.lease.id);
    thread.stop();
}

#[tokio::test]
async fn what_is_given_back_goes_to_who_waits() {
    let (handle, thread, _) = start(MemoryStore::new(), Options::default());
    with_project(&handle).await;
    handle.submit(trigger(&handle, "one")).await.unwrap();
    let first = handle.claim(build("a"), Duration::ZERO).await.unwrap().remove(0);
    let second = waiting(&handle, "a").await;
    handle.submit(Command::Release { lease: first.lease.id, reason: String::new() }).await.unwrap();
    let second = in_time("the second is granted", second).await.unwrap().remove(0);
    assert_eq!(second.event.id, first.event.id);
    thread.stop();
}

#[tokio::test]
async fn after_a_failed_commit_those_who_wait_wait_on() {
    let (handle, thread, disk) = start(MemoryStore::new(), Options::default());
    with_project(&handle).await;
    let claim = waiting(&handle, "a").await;
    disk.fail_next_commit();
    let failed = handle.submit(trigger(&handle, "one")).await;
    assert!(matches!(failed, Err(SubmitError::Refused(CommandError::Store(_)))), "{failed:?}");
    assert_eq!(started(&handle).await, 0);
    let claim = send(claim).await;
    handle.submit(trigger(&handle, "one")).await.unwrap();
    assert_eq!(in_time("the claim is granted", claim).await.unwrap().len(), 1);
    assert_eq!(leases(&handle).await, 1);
    thread.stop();
}

#[tokio::test]
async fn a_grant_to_who_goes_while_it_is_committed_is_given_back() {
    let (handle, thread, disk) = start(MemoryStore::new(), Options::default());
    with_project(&handle).await;
    handle.submit(trigger(&handle, "one")).await.unwrap();
    // One that does not wait is carried out whether or not its sender is still there.
    let (writer, handle) = stopped(thread, &disk);
    let claim: Claiming<'_> = Box::pin(handle.claim(build("a"), Duration::ZERO));
    drop(send(claim).await);
    let mut commits = handle.commits();
    let thread = writer.start(&handle).unwrap();
    in_time("it is granted and given back", async {
        while started(&handle).await == 0 || leases(&handle).await > 0 {
            commits.changed().await.unwrap();
        }
    })
    .await;
    assert_eq!(handle.claim(build("a"), Duration::ZERO).await.unwrap().len(), 1);
    thread.stop();
}
