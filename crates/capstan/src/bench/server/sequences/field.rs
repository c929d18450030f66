//! What sources, workers and the clock of one repetition share. All of them are on one thread.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::super::latency::Latencies;
use super::super::population::{Subject, TASKS};
use super::job::{Job, Task, Way};

/// One repetition under way.
pub(super) struct Field {
    pub(super) way: Way,
    /// Whether the end of a run begins the next one.
    pub(super) closed_loop: bool,
    /// How many runs may still begin.
    left: Cell<usize>,
    none_left: Notify,
    queue: RefCell<VecDeque<Job>>,
    queued: Notify,
    /// Told when a task of this kind may have been offered.
    nudges: [Notify; TASKS.len()],
    open: RefCell<HashMap<String, Open>>,
    ended: RefCell<Vec<Ended>>,
    hops: RefCell<Latencies>,
    /// Ids of tasks that were taken: those that poll see a task until it has ended.
    taken: RefCell<HashSet<String>>,
    requests: Cell<u64>,
    stopping: Cell<bool>,
    drained: Notify,
    /// Whether nothing is to come any more.
    over: Cell<bool>,
    all_over: Notify,
}

/// A run that is not over.
struct Open {
    due: Instant,
    /// When its last answer was sent, until the next task comes.
    answered: Option<Instant>,
}

/// A run that is over.
pub(super) struct Ended {
    pub(super) context: String,
    pub(super) subject: Subject,
    pub(super) at: Instant,
    /// From when it was due until its last answer was acknowledged.
    pub(super) took: Duration,
}

impl Field {
    pub(super) fn new(way: Way, closed_loop: bool) -> Self {
        Self {
            way,
            closed_loop,
            left: Cell::new(usize::MAX),
            none_left: Notify::new(),
            queue: RefCell::default(),
            queued: Notify::new(),
            nudges: std::array::from_fn(|_| Notify::new()),
            open: RefCell::default(),
            ended: RefCell::default(),
            hops: RefCell::new(Latencies::new()),
            taken: RefCell::default(),
            requests: Cell::new(0),
            stopping: Cell::new(false),
            drained: Notify::new(),
            over: Cell::new(false),
            all_over: Notify::new(),
        }
    }

    /// Hands something to a worker.
    pub(super) fn put(&self, job: Job) {
        self.queue.borrow_mut().push_back(job);
        self.queued.notify_one();
    }

    /// The next thing for a worker.
    pub(super) async fn take(&self) -> Job {
        loop {
            // Nothing can come between the look and the wait: there is one thread.
            if let Some(job) = self.queue.borrow_mut().pop_front() {
                return job;
            }
            self.queued.notified().await;
        }
    }

    /// A task has come to a source; whether it is news.
    pub(super) fn receive(&self, task: Task, now: Instant) -> bool {
        if self.way == Way::V1 && !self.taken.borrow_mut().insert(task.handle.clone()) {
            return false;
        }
        let mut open = self.open.borrow_mut();
        // One of a run that this repetition has not begun is not its own.
        let Some(run) = open.get_mut(&task.context) else { return false };
        if let Some(answered) = run.answered.take() {
            self.hops.borrow_mut().record(now - answered);
        }
        drop(open);
        self.put(Job::Task(task));
        true
    }

    /// Lets no more than so many runs begin.
    pub(super) fn limit(&self, runs: usize) {
        self.left.set(runs);
    }

    /// Waits until as many runs have begun as may.
    pub(super) async fn all_begun(&self) {
        while self.left.get() > 0 {
            self.none_left.notified().await;
        }
    }

    /// Whether one more run may begin; it is then counted.
    pub(super) fn may_begin(&self) -> bool {
        let left = self.left.get();
        if self.stopping.get() || left == 0 {
            return false;
        }
        self.left.set(left - 1);
        self.none_left.notify_one();
        true
    }

    /// A run begins that was due at this time.
    pub(super) fn begin(&self, context: &str, due: Instant) {
        self.open.borrow_mut().insert(context.to_owned(), Open { due, answered: None });
    }

    /// An answer goes out now.
    pub(super) fn answering(&self, task: &Task) {
        if let Some(run) = self.open.borrow_mut().get_mut(&task.context) {
            run.answered = Some(Instant::now());
        }
    }

    /// The last answer of a run is acknowledged.
    pub(super) fn end(&self, task: Task) {
        let Some(run) = self.open.borrow_mut().remove(&task.context) else { return };
        let (Task { context, subject, .. }, at) = (task, Instant::now());
        self.ended.borrow_mut().push(Ended { context, subject, at, took: at.saturating_duration_since(run.due) });
        self.drained.notify_one();
    }

    /// A task of this kind may be there.
    pub(super) fn nudge(&self, task: usize) {
        self.nudges[task].notify_one();
    }

    pub(super) async fn nudged(&self, task: usize) {
        self.nudges[task].notified().await;
    }

    pub(super) fn count_request(&self) {
        self.requests.set(self.requests.get() + 1);
    }

    pub(super) fn requests(&self) -> u64 {
        self.requests.get()
    }

    /// How many runs are not over.
    pub(super) fn open(&self) -> usize {
        self.open.borrow().len()
    }

    /// Begins no more runs, and waits until those that are under way are over.
    pub(super) async fn drain(&self) {
        self.stopping.set(true);
        while self.open() > 0 {
            self.drained.notified().await;
        }
        self.over.set(true);
        self.all_over.notify_waiters();
        self.nudges.iter().for_each(Notify::notify_one);
    }

    /// Whether sources are to end.
    pub(super) fn is_over(&self) -> bool {
        self.over.get()
    }

    /// Waits until it is all over.
    pub(super) async fn end_of_all(&self) {
        while !self.is_over() {
            self.all_over.notified().await;
        }
    }

    /// Forgets the hops so far.
    pub(super) fn forget_hops(&self) {
        *self.hops.borrow_mut() = Latencies::new();
    }

    /// The hops since they were last forgotten.
    pub(super) fn hops(&self) -> Latencies {
        self.hops.borrow().clone()
    }

    /// All runs that are over.
    pub(super) fn into_ended(self) -> Vec<Ended> {
        self.ended.into_inner()
    }
}
