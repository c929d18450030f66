//! All metrics, with their names and what they say: this is the only place that names them.

use std::path::PathBuf;
use std::sync::Mutex;

use jiff::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::http::RouteName;

/// What a server says of itself.
#[derive(Debug, Clone)]
pub struct About {
    /// Its version.
    pub version: &'static str,
    /// When it started.
    pub started_at: Timestamp,
    /// Its files, each with one word for what it holds.
    pub files: Vec<(&'static str, PathBuf)>,
}

/// Counters and gauges of a server. No label of them is a name that users choose, but for that of a task.
#[derive(Debug)]
pub struct Metrics {
    /// Held while gauges are set and written down, so that no two answers mix.
    pub(super) registry: Mutex<Registry>,
    pub(super) files: Vec<(&'static str, PathBuf)>,
    pub(super) http_requests: Family<Answered, Counter>,
    pub(super) http_seconds: Family<Asked, Histogram, fn() -> Histogram>,
    pub(super) streams: Gauge,
    pub(super) commands: Family<CarriedOut, Counter>,
    pub(super) queue: Gauge,
    pub(super) refused: Counter,
    pub(super) batch: Histogram,
    pub(super) work: Histogram,
    pub(super) commit: Histogram,
    pub(super) failed: Counter,
    pub(super) writable: Gauge,
    pub(super) claims: Gauge,
    pub(super) events: Family<Origin, Counter>,
    pub(super) ignored: Counter,
    pub(super) triggered: Counter,
    pub(super) not_begun: Counter,
    pub(super) ended: Family<Ended, Counter>,
    pub(super) offered: Counter,
    pub(super) started: Family<Started, Counter>,
    pub(super) answered: Counter,
    pub(super) tasks_ended: Family<End, Counter>,
    pub(super) retried: Family<End, Counter>,
    pub(super) released: Counter,
    pub(super) alive: Counter,
    pub(super) runs: Gauge,
    pub(super) sequences: Family<State, Gauge>,
    pub(super) waiting: Family<Reason, Gauge>,
    pub(super) longest_queue: Gauge,
    pub(super) tasks: Family<OfTask, Gauge>,
    pub(super) store_bytes: Family<StoreFile, Gauge>,
}

/// Declares the labels of a metric: fields of text that is fixed, owned or shared.
macro_rules! labels {
    ($($name:ident { $($field:ident : $type:ty),* })*) => {
        $(#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
        pub(crate) struct $name { $(pub(super) $field: $type),* })*
    };
}

labels! {
    Asked { method: &'static str, route: RouteName }
    Answered { method: &'static str, route: RouteName, status: &'static str }
    CarriedOut { command: &'static str, outcome: &'static str }
    Origin { origin: &'static str }
    Ended { result: &'static str }
    Started { by: &'static str }
    End { end: &'static str }
    State { state: String }
    Reason { reason: &'static str }
    OfTask { task: String, state: &'static str }
    StoreFile { file: &'static str }
}

/// From a fifth of a millisecond to half a minute: as long as a claim waits by default.
const REQUEST: [f64; 12] = [0.000_2, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0, 30.0];

/// From what a disk with a cache of its own takes for a sync to what one takes that is about to fail; the work on a batch is as
/// long, from a few commands to hundreds.
const BATCH_SECONDS: [f64; 12] = [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5];

/// Up to what shares a sync at most.
const BATCH: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

impl Metrics {
    /// All at zero.
    pub fn new(about: About) -> Self {
        let mut registry = Registry::default();
        let all = register(&mut registry, &about);
        Self { registry: Mutex::new(registry), files: about.files, ..all }
    }
}

fn register(registry: &mut Registry, about: &About) -> Metrics {
    let start = about.started_at.as_microsecond() as f64 / 1_000_000.0;
    let text = "When the process started, as Unix time";
    registry.register_with_unit("process_start_time", text, Unit::Seconds, ConstGauge::new(start));
    let registry = registry.sub_registry_with_prefix("capstan");
    registry.register("build", "What runs", Info::new([("version", about.version)]));

    let http_requests = Family::default();
    let text = "Requests that were answered, by route and class of status; the route is empty where there is none, or no token";
    registry.register("http_requests", text, http_requests.clone());
    let http_seconds: Family<_, _, fn() -> Histogram> = Family::new_with_constructor(|| Histogram::new(REQUEST));
    let text = "How long requests took until their answer began; that of a claim includes what it waited for a task";
    registry.register_with_unit("http_request_duration", text, Unit::Seconds, http_seconds.clone());
    let streams = counted(registry, "http_streams_open", "Clients that follow what happens", Gauge::default());

    let text = "Commands that the writer carried out, refused, or failed to write";
    let commands = counted(registry, "writer_commands", text, Family::default());
    let text = "Commands that wait for the writer";
    let queue = counted(registry, "writer_queue_depth", text, Gauge::default());
    let text = "Commands that were sent away with 503 because too many waited already";
    let refused = counted(registry, "writer_queue_refused", text, Counter::default());
    let text = "Commands that shared a commit; its count is that of the commits";
    let batch = counted(registry, "writer_batch_commands", text, Histogram::new(BATCH));
    let text = "How long the work on a batch took before its commit";
    let work = timed(registry, "writer_batch_work", text, Histogram::new(BATCH_SECONDS));
    let text = "How long a commit took, with its sync to the disk";
    let commit = timed(registry, "writer_commit", text, Histogram::new(BATCH_SECONDS));
    let text = "Batches that could not be committed; nothing of them has happened";
    let failed = counted(registry, "writer_commits_failed", text, Counter::default());
    let text = "1 while the store can be written, 0 while what is sent is refused";
    let writable = counted(registry, "store_writable", text, Gauge::default());
    let store_bytes: Family<_, Gauge> = Family::default();
    registry.register_with_unit("store_size", "Size of the store's files", Unit::Bytes, store_bytes.clone());

    let text = "Events that were stored: from outside, or derived from others; a repeat is not stored again";
    let events = counted(registry, "events", text, Family::default());
    let text = "Events that changed nothing: they came late or twice, or answer nothing";
    let ignored = counted(registry, "events_ignored", text, Counter::default());
    let triggered = counted(registry, "sequences_triggered", "Sequences that came to be", Counter::default());
    let text = "Triggers that could start no sequence";
    let not_begun = counted(registry, "sequences_refused", text, Counter::default());
    let ended = counted(registry, "sequences_ended", "Sequences that ended, by their result", Family::default());
    let text = "Tasks that were offered to tools, each attempt counted";
    let offered = counted(registry, "tasks_offered", text, Counter::default());
    let text = "Tools that started on a task: by a claim, or by an event of their own";
    let started = counted(registry, "tasks_started", text, Family::default());
    let answered = counted(registry, "tasks_answered", "Answers of tools that counted", Counter::default());
    let text = "Tasks that were over, and in which way";
    let tasks_ended = counted(registry, "tasks_ended", text, Family::default());
    let text = "Attempts that came to nothing and that another one follows";
    let retried = counted(registry, "tasks_retried", text, Family::default());
    let released = counted(registry, "leases_released", "Claims that tools gave back", Counter::default());
    let alive = counted(registry, "signs_of_life", "Heartbeats and status events of tools", Counter::default());

    let text = "Claims that wait for a task to be offered";
    let claims = counted(registry, "claims_waiting", text, Gauge::default());
    let runs = counted(registry, "runs_open", "Runs with a sequence that is not over", Gauge::default());
    let text = "Sequences that are not over, by the state that v1 names";
    let sequences = counted(registry, "sequences_open", text, Family::default());
    let text = "What open sequences wait for, in the words of /api/capstan/v1/waiting";
    let waiting = counted(registry, "waiting", text, Family::default());
    let text = "Sequences that wait for the same slot, where they are most";
    let longest_queue = counted(registry, "slot_queue_depth_max", text, Gauge::default());
    let text = "Offered tasks by name, free or taken by a tool; those of the rarest names together, without a name";
    let tasks = counted(registry, "tasks_open", text, Family::default());
    Metrics {
        registry: Mutex::default(),
        files: Vec::new(),
        http_requests,
        http_seconds,
        streams,
        commands,
        queue,
        refused,
        batch,
        work,
        commit,
        failed,
        writable,
        claims,
        events,
        ignored,
        triggered,
        not_begun,
        ended,
        offered,
        started,
        answered,
        tasks_ended,
        retried,
        released,
        alive,
        runs,
        sequences,
        waiting,
        longest_queue,
        tasks,
        store_bytes,
    }
}

fn counted<M: prometheus_client::registry::Metric + Clone>(
    registry: &mut Registry,
    name: &str,
    text: &str,
    metric: M,
) -> M {
    registry.register(name, text, metric.clone());
    metric
}

fn timed(registry: &mut Registry, name: &str, text: &str, metric: Histogram) -> Histogram {
    registry.register_with_unit(name, text, Unit::Seconds, metric.clone());
    metric
}
