//! What the writer does without being asked is done, also where it fails at first.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use capstan_engine::orchestrate::{Control, Deadline, Sequence};
use capstan_runtime::command::{Command, IdempotencyKey, Reply, Wanted};
use capstan_runtime::memory::{Call, MemoryDisk, MemoryStore, Order};
use capstan_runtime::ports::{Clock, EventFilter, Keep, Retention, SequenceFilter, Slice, SystemClock};
use capstan_runtime::writer::{Handle, Options, WriterThread};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{SetClock, event, hasty, ingest, start_with, until, with_project};

async fn trigger(handle: &Handle) {
    with_project(handle).await;
    let trigger = event(handle, "dev.delivery.triggered", "run", None, json!({}));
    handle.submit(ingest(trigger, None)).await.unwrap();
}

/// Until so many writes have failed.
async fn until_failed(disk: &MemoryDisk, times: u64) {
    let failed = async {
        while disk.struck().get(&(Call::Write, false)).copied().unwrap_or_default() < times {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), failed).await.expect("writes fail");
}

#[tokio::test]
async fn a_clock_that_was_set_back_is_seen_to_also_after_a_commit_that_failed() {
    let clock = SetClock::set(0);
    let options = hasty(SignedDuration::from_millis(300));
    let (handle, thread, disk) = start_with(MemoryStore::new(), Arc::clone(&clock) as Arc<dyn Clock>, options);
    trigger(&handle).await;
    disk.fail_next_commit();
    clock.set_by.store(-3_600, Ordering::SeqCst);
    until(&handle, "timedOut").await;
    thread.stop();
}

#[tokio::test]
async fn timers_that_fail_alone_come_again_however_busy_the_writer_is() {
    let clock = SetClock::set(0);
    let options = hasty(SignedDuration::from_millis(50));
    let (handle, thread, disk) = start_with(MemoryStore::new(), Arc::clone(&clock) as Arc<dyn Clock>, options);
    trigger(&handle).await;
    // Once in the batch, once alone.
    disk.order(Order { times: 2, ..Order::next(Call::Write) });
    until_failed(&disk, 2).await;
    // Whoever is answered now was taken in after the writer knew that it has failed.
    handle.submit(Command::Deferred).await.unwrap();
    clock.passed.store(31, Ordering::SeqCst);
    let busy = async {
        loop {
            handle.submit(Command::Deferred).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = busy => {}
        () = until(&handle, "timedOut") => {}
    }
    thread.stop();
}

/// The server keeps everything; the writer sleeps for an hour when there is nothing to be done.
#[tokio::test]
async fn what_a_project_keeps_for_a_short_time_goes_in_that_time() {
    let (handle, thread, _) = start_with(MemoryStore::new(), Arc::new(SystemClock::start()), Options::default());
    keep_for_a_second(&handle).await;
    abort(&handle).await;
    let gone = async {
        while !handle.read(|reader| reader.runs_of("run")).await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), gone).await.expect("the run goes");
    thread.stop();
}

/// What was to be looked at in a second is not looked at a day later.
#[tokio::test]
async fn what_is_kept_for_a_short_time_goes_also_after_the_clock_was_set_back() {
    let clock = SetClock::set(0);
    let (handle, thread, _) = start_with(MemoryStore::new(), Arc::clone(&clock) as Arc<dyn Clock>, Options::default());
    keep_for_a_second(&handle).await;
    // Before it takes anything else it sees to what it was told last: when it is to look, and then what the time is.
    handle.submit(Command::Deferred).await.unwrap();
    clock.set_by.store(-86_400, Ordering::SeqCst);
    handle.submit(Command::Deferred).await.unwrap();
    abort(&handle).await;
    clock.set_by.fetch_add(5, Ordering::SeqCst);
    let gone = async {
        while !handle.read(|reader| reader.runs_of("run")).await.unwrap().is_empty() {
            handle.submit(Command::Deferred).await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(20), gone).await.expect("the run goes");
    thread.stop();
}

/// A lease was renewed, which is a fact and no event; then the clock was set back while nobody was up to see it.
#[tokio::test]
async fn a_clock_that_was_set_back_meanwhile_is_noticed_by_the_last_sign_of_life() {
    let (_, _, thread, disk) = renewed().await;
    thread.stop();
    pulled_in_after_a_restart(&disk).await;
}

/// Pulling in fails alone, something else is written, and the process is killed: the next one still sees it.
#[tokio::test]
async fn a_clock_that_was_set_back_is_seen_to_also_after_a_failure_and_a_restart() {
    let (clock, handle, thread, disk) = renewed().await;
    // What nudges the writer, pulling in and removing, whichever comes first: each once in the batch, once alone.
    disk.order(Order { times: 6, ..Order::next(Call::Write) });
    clock.set_by.store(-40, Ordering::SeqCst);
    handle.submit(Command::Deferred).await.unwrap_err();
    until_failed(&disk, 6).await;
    let other = event(&handle, "dev.delivery.triggered", "other", None, json!({"service": "other"}));
    handle.submit(ingest(other, None)).await.unwrap();
    thread.stop();
    pulled_in_after_a_restart(&disk).await;
}

/// What is stored is two days ahead, so that each server sees anew that the clock was set back; the second cannot pull in.
#[tokio::test]
async fn a_repeat_is_known_also_while_nothing_can_be_pulled_in_after_the_clock_was_set_back() {
    let (handle, thread, disk) = start_with(MemoryStore::new(), SetClock::set(2 * 86_400), Options::default());
    trigger(&handle).await;
    thread.stop();
    let (handle, thread, disk) = start_with(disk.kill(0), SetClock::set(0), Options::default());
    let other = event(&handle, "dev.delivery.triggered", "other", None, json!({"service": "other"}));
    let repeated = ingest(other, Some(IdempotencyKey::given("k", b"other")));
    let first = handle.submit(repeated.clone()).await.unwrap();
    thread.stop();

    let store = disk.kill(0);
    store.disk().order(Order { times: 2, ..Order::next(Call::Write) });
    let (handle, thread, disk) = start_with(store, SetClock::set(0), Options::default());
    until_failed(&disk, 2).await;
    assert_eq!(handle.submit(repeated).await.unwrap(), first);
    let of_run = EventFilter { context: Some("other".to_owned()), ..EventFilter::default() };
    let events = handle.read(move |reader| reader.events(&of_run, Slice::ALL)).await.unwrap();
    assert_eq!(events.total, 2, "one trigger and one task: {events:?}");
    thread.stop();
}

/// A lease that was renewed after fifty seconds.
async fn renewed() -> (Arc<SetClock>, Handle, WriterThread, MemoryDisk) {
    let clock = SetClock::set(0);
    let (handle, thread, disk) =
        start_with(MemoryStore::new(), Arc::clone(&clock) as Arc<dyn Clock>, Options::default());
    let lease = claimed(&handle).await;
    clock.passed.store(50, Ordering::SeqCst);
    handle.submit(Command::Heartbeat { lease, progress: None }).await.unwrap();
    (clock, handle, thread, disk)
}

/// Of the fifty seconds between claim and sign of life ten are left.
async fn pulled_in_after_a_restart(disk: &MemoryDisk) {
    let (handle, thread, _) = start_with(disk.kill(0), SetClock::set(10), Options::default());
    until_pulled_in(&handle).await;
    thread.stop();
}

/// A run of a project that keeps none for longer than a second.
async fn keep_for_a_second(handle: &Handle) {
    trigger(handle).await;
    let retention = Retention { runs: Some(Keep::For(SignedDuration::from_secs(1))), evaluations: None };
    handle.submit(Command::Retain { project: "p".to_owned(), retention }).await.unwrap();
}

async fn abort(handle: &Handle) {
    let (project, context) = ("p".to_owned(), "run".to_owned());
    let abort = Command::Control { project, context, stage: None, control: Control::Abort };
    handle.submit(abort).await.unwrap();
}

/// The lease of a task that was just triggered.
async fn claimed(handle: &Handle) -> String {
    trigger(handle).await;
    let wanted = Wanted {
        tool: "a".to_owned(),
        tasks: vec!["build".to_owned()],
        project: None,
        stage: None,
        service: None,
        max: 1,
        term: SignedDuration::from_secs(60),
        key: None,
    };
    let Reply::Claimed(mut grants) = handle.submit(Command::Claim(Box::new(wanted))).await.unwrap() else {
        panic!("nothing was granted");
    };
    grants.remove(0).lease.id
}

/// Until the lease is no farther off than its full term.
async fn until_pulled_in(handle: &Handle) {
    let mut commits = handle.commits();
    let pulled_in = async {
        while deadline(handle).await > handle.clock().now() + SignedDuration::from_secs(60) {
            commits.changed().await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(20), pulled_in).await.expect("the lease is pulled in");
}

async fn deadline(handle: &Handle) -> Timestamp {
    let filter = SequenceFilter { project: "p".to_owned(), open: true, ..SequenceFilter::default() };
    let open = handle.read(move |reader| reader.sequences(&filter, Slice::ALL)).await.unwrap().items;
    let mut leases = open.iter().flat_map(Sequence::attempts).flat_map(|(_, attempt)| &attempt.leases);
    leases.next().map(|lease| lease.deadline).and_then(Deadline::at).unwrap()
}
