//! The writer with its queue, batches and failures, on the memory store.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop where it stands")]

mod chores;
mod claims;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use capstan_engine::orchestrate::Limits;
use capstan_model::event::CloudEvent;
use capstan_runtime::command::{Command, CommandError, IdempotencyKey, Ingest, Reply};
use capstan_runtime::memory::{MemoryDisk, MemoryStore};
use capstan_runtime::ports::{Clock, Configuration, EventFilter, OfferFilter, Slice, SystemClock};
use capstan_runtime::writer::{Handle, Options, SubmitError, Writer, WriterThread};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

const SHIPYARD: &str = r"
apiVersion: spec.keptn.sh/0.2.3
kind: Shipyard
metadata: {name: s}
spec:
  stages:
    - name: dev
      sequences:
        - name: delivery
          tasks: [{name: build, properties: {flavour: plain}}, {name: check}]
    - name: prod
      sequences:
        - name: delivery
          triggeredOn: [{event: dev.delivery.finished}]
          tasks: [{name: release}]
";

/// The machine's clock, which can be set, and made to hurry.
struct SetClock {
    clock: SystemClock,
    /// By how many seconds it was set.
    set_by: AtomicI64,
    /// Seconds that have passed beside those of the machine.
    passed: AtomicU64,
}

impl SetClock {
    fn set(by: i64) -> Arc<Self> {
        Arc::new(Self { clock: SystemClock::start(), set_by: AtomicI64::new(by), passed: AtomicU64::new(0) })
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        let by = Duration::from_secs(self.passed.load(Ordering::SeqCst));
        self.clock.now() + by + SignedDuration::from_secs(self.set_by.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        self.clock.monotonic() + Duration::from_secs(self.passed.load(Ordering::SeqCst))
    }

    fn new_id(&self) -> String {
        self.clock.new_id()
    }
}

fn start(store: MemoryStore, options: Options) -> (Handle, WriterThread, MemoryDisk) {
    start_with(store, Arc::new(SystemClock::start()), options)
}

fn start_with(store: MemoryStore, clock: Arc<dyn Clock>, options: Options) -> (Handle, WriterThread, MemoryDisk) {
    let disk = store.disk();
    let (writer, handle) = Writer::new(Box::new(store), clock, options).unwrap();
    let thread = writer.start(&handle).unwrap();
    (handle, thread, disk)
}

async fn with_project(handle: &Handle) {
    let command = Command::CreateProject {
        name: "p".to_owned(),
        configuration: Configuration { shipyard: "hash".to_owned(), commit: "c0ffee".to_owned() },
        shipyard: SHIPYARD.to_owned(),
        context: "created".to_owned(),
    };
    assert_eq!(handle.submit(command).await.unwrap(), Reply::Done);
}

fn event(handle: &Handle, kind: &str, context: &str, triggered_id: Option<&str>, mut data: Value) -> CloudEvent {
    for (field, value) in [("project", "p"), ("stage", "dev"), ("service", "svc")] {
        if data.get(field).is_none() {
            data[field] = value.into();
        }
    }
    CloudEvent {
        id: handle.clock().new_id(),
        source: "test".to_owned(),
        kind: format!("sh.keptn.event.{kind}"),
        time: Some(handle.clock().now()),
        context: Some(context.to_owned()),
        triggered_id: triggered_id.map(str::to_owned),
        commit: None,
        extensions: Map::new(),
        data,
    }
}

fn ingest(event: CloudEvent, key: Option<IdempotencyKey>) -> Command {
    Command::Ingest(Box::new(Ingest { event, key }))
}

async fn open(handle: &Handle) -> Vec<CloudEvent> {
    let offers = handle.read(|reader| Ok(reader.offers(&OfferFilter::default(), Slice::ALL)?.items)).await.unwrap();
    offers.into_iter().map(|task| task.event.into_event().unwrap()).collect()
}

async fn answer(handle: &Handle, task: &CloudEvent) {
    let name = task.kind.split('.').nth(3).unwrap();
    let context = task.context.clone().unwrap();
    for phase in ["started", "finished"] {
        let data = json!({ "stage": task.data["stage"], "status": "succeeded", "result": "pass" });
        let event = event(handle, &format!("{name}.{phase}"), &context, Some(&task.id), data);
        handle.submit(ingest(event, None)).await.unwrap();
    }
}

#[tokio::test]
async fn a_run_goes_through_its_stages() {
    let (handle, thread, _) = start(MemoryStore::new(), Options::default());
    with_project(&handle).await;
    let trigger = event(&handle, "dev.delivery.triggered", "run", None, json!({}));
    handle.submit(ingest(trigger, None)).await.unwrap();
    let mut seen = Vec::new();
    while let Some(task) = open(&handle).await.first() {
        seen.push(format!("{} {}", task.data["stage"], task.kind));
        answer(&handle, task).await;
    }
    assert_eq!(
        seen,
        [
            "\"dev\" sh.keptn.event.build.triggered",
            "\"dev\" sh.keptn.event.check.triggered",
            "\"prod\" sh.keptn.event.release.triggered"
        ]
    );
    let run = handle.read(|reader| reader.runs_of("run")).await.unwrap().remove(0);
    assert_eq!(run.state().word(), "finished");
    thread.stop();
    assert!(matches!(handle.submit(Command::Timers).await, Err(SubmitError::Stopping)));
}

#[tokio::test]
async fn a_repeat_is_answered_as_the_first_was_and_nothing_happens_twice() {
    let (handle, thread, _) = start(MemoryStore::new(), Options::default());
    with_project(&handle).await;
    let trigger = event(&handle, "dev.delivery.triggered", "run", None, json!({}));
    let key = Some(IdempotencyKey::given("k", b"body"));
    let first = handle.submit(ingest(trigger.clone(), key.clone())).await.unwrap();
    let again = CloudEvent { id: "other".to_owned(), ..trigger };
    assert_eq!(handle.submit(ingest(again.clone(), key)).await.unwrap(), first);
    assert_eq!(open(&handle).await.len(), 1);
    let other = Some(IdempotencyKey::given("k", b"another body"));
    let refused = handle.submit(ingest(again, other)).await;
    assert!(matches!(refused, Err(SubmitError::Refused(CommandError::KeyReused))), "{refused:?}");
    thread.stop();
}

#[tokio::test]
async fn after_a_failed_commit_nothing_has_happened_and_the_next_one_goes_on() {
    let (handle, thread, disk) = start(MemoryStore::new(), Options::default());
    with_project(&handle).await;
    let trigger = || event(&handle, "dev.delivery.triggered", "run", None, json!({}));
    disk.fail_next_commit();
    let failed = handle.submit(ingest(trigger(), None)).await;
    assert!(matches!(failed, Err(SubmitError::Refused(CommandError::Store(_)))), "{failed:?}");
    handle.submit(ingest(trigger(), None)).await.unwrap();
    let of_run = EventFilter { context: Some("run".to_owned()), ..EventFilter::default() };
    let events = handle.read(move |reader| reader.events(&of_run, Slice::ALL)).await.unwrap();
    assert_eq!(events.total, 2, "one trigger and one task");
    thread.stop();
}

#[tokio::test]
async fn more_than_one_step_may_cause_is_left_for_the_next_and_done() {
    let mut followers = String::new();
    for n in 0..100 {
        followers += &format!(
            "    - name: s{n}\n      sequences: [{{name: go, triggeredOn: [{{event: dev.start.finished}}], tasks: [{{name: t}}]}}]\n"
        );
    }
    let shipyard = format!(
        "apiVersion: spec.keptn.sh/0.2.3\nkind: Shipyard\nmetadata: {{name: s}}\nspec:\n  stages:\n    - name: dev\n      \
         sequences: [{{name: start, tasks: [{{name: build}}]}}]\n{followers}"
    );
    let (handle, thread, _) = start(MemoryStore::new(), Options::default());
    let command = Command::CreateProject {
        name: "p".to_owned(),
        configuration: Configuration { shipyard: "hash".to_owned(), commit: "c0ffee".to_owned() },
        shipyard,
        context: "created".to_owned(),
    };
    handle.submit(command).await.unwrap();
    let mut commits = handle.commits();
    let trigger = event(&handle, "dev.start.triggered", "run", None, json!({}));
    handle.submit(ingest(trigger, None)).await.unwrap();
    let build = open(&handle).await.remove(0);
    answer(&handle, &build).await;
    tokio::time::timeout(Duration::from_secs(10), async {
        while open(&handle).await.len() < 100 {
            commits.changed().await.unwrap();
        }
    })
    .await
    .expect("all followers are offered their task");
    thread.stop();
}

/// Waits until the run has come to a state.
async fn until(handle: &Handle, state: &str) {
    let mut commits = handle.commits();
    let reached = async {
        loop {
            let runs = handle.read(|reader| reader.runs_of("run")).await.unwrap();
            if runs.first().is_some_and(|run| run.state().word() == state) {
                return;
            }
            commits.changed().await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(20), reached).await.expect("the run comes to that state");
}

fn hasty(start_timeout: SignedDuration) -> Options {
    Options { limits: Limits { start_timeout, ..Limits::default() }, ..Options::default() }
}

#[tokio::test]
async fn what_nobody_takes_up_ends_by_itself_also_after_a_restart() {
    let store = MemoryStore::new();
    let options = hasty(SignedDuration::from_millis(50));
    let (handle, thread, _) = start(store, options);
    with_project(&handle).await;
    let trigger = event(&handle, "dev.delivery.triggered", "run", None, json!({}));
    handle.submit(ingest(trigger, None)).await.unwrap();
    until(&handle, "timedOut").await;
    thread.stop();

    let (handle, thread, disk) = start(MemoryStore::new(), hasty(SignedDuration::from_hours(1)));
    with_project(&handle).await;
    let trigger = event(&handle, "dev.delivery.triggered", "run", None, json!({}));
    handle.submit(ingest(trigger, None)).await.unwrap();
    thread.stop();
    // The deadline is an hour off; a restart an hour later leaves one full term, which is short by then.
    let (handle, thread, _) = start_with(disk.kill(0), SetClock::set(3_601), options);
    until(&handle, "timedOut").await;
    thread.stop();
}

#[tokio::test]
async fn a_clock_that_is_set_back_makes_nothing_wait_for_longer() {
    let clock = SetClock::set(0);
    let options = hasty(SignedDuration::from_millis(300));
    let (handle, thread, _) = start_with(MemoryStore::new(), Arc::clone(&clock) as Arc<dyn Clock>, options);
    with_project(&handle).await;
    let trigger = event(&handle, "dev.delivery.triggered", "run", None, json!({}));
    handle.submit(ingest(trigger, None)).await.unwrap();
    clock.set_by.store(-3_600, Ordering::SeqCst);
    until(&handle, "timedOut").await;
    thread.stop();
}
