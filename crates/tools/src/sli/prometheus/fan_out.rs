//! Sends many queries to one server: some at a time, again where that may help, and all within one deadline.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Duration;

use capstan_model::event::sli::MissingReason;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use reqwest::Url;
use tokio::time::{Instant, sleep_until, timeout};

use super::client::{Attempt, PrometheusSource, Reach};
use super::query::{Queries, seconds};
use crate::sli::collect::Limits;
use crate::sli::request::{Answer, Failure, Indicator, Scope};

/// The wait before the second attempt; it doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// The longest wait between two attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// What to ask one server.
pub(crate) struct Order<'o> {
    /// The server.
    pub(crate) source: &'o PrometheusSource,
    /// The indicators that are wanted from it, each with its place in the list of all.
    pub(crate) indicators: Vec<(usize, &'o Indicator)>,
    /// What they are about.
    pub(crate) scope: &'o Scope,
    /// How patient to be.
    pub(crate) limits: &'o Limits,
    /// When to have done.
    pub(crate) deadline: Instant,
    /// Hears each answer as it comes.
    pub(crate) on_answer: &'o (dyn Fn(&Answer) + Sync),
}

/// One query, and the indicators that it stands for.
struct Job<'o> {
    indicators: Vec<(usize, &'o Indicator)>,
    attempts: u32,
    begun: Option<Instant>,
    last: Option<Failure>,
    open: bool,
}

/// Answers each of the indicators, in the order in which the answers come.
pub(crate) async fn fan_out(order: Order<'_>) -> Vec<(usize, Answer)> {
    let at = order.source.at(&seconds(order.scope.end));
    let (queries, mut desk) = Desk::lay_out(order);
    let parallel = desk.limits.parallel.max(1);
    let mut in_flight = FuturesUnordered::new();
    let deadline = sleep_until(desk.deadline);
    tokio::pin!(deadline);
    loop {
        while in_flight.len() < parallel
            && let Some(job) = desk.take(in_flight.len())
        {
            in_flight.push(attempt(desk.source, &at, job, &queries[job], desk.limits.query_timeout));
        }
        let due = desk.due();
        if in_flight.is_empty() && due.is_none() {
            return desk.answers;
        }
        tokio::select! {
            biased;
            () = &mut deadline => {
                desk.close(&queries);
                return desk.answers;
            }
            Some((job, attempt)) = in_flight.next() => desk.settle(job, attempt, &queries),
            () = sleep_until(due.unwrap_or(desk.deadline)), if due.is_some() && in_flight.len() < parallel => {}
        }
    }
}

async fn attempt(source: &PrometheusSource, at: &Url, job: usize, query: &str, patience: Duration) -> (usize, Attempt) {
    let attempt = timeout(patience, source.ask(at, query)).await.unwrap_or_else(|_| {
        let message = format!("no answer within {patience:?}");
        Attempt { outcome: Err(Failure::new(MissingReason::Timeout, message)), reach: Reach::Silent, again: true }
    });
    (job, attempt)
}

/// Keeps the books: what is open, what waits for another attempt, what is answered.
struct Desk<'o> {
    source: &'o PrometheusSource,
    limits: &'o Limits,
    deadline: Instant,
    on_answer: &'o (dyn Fn(&Answer) + Sync),
    jobs: Vec<Job<'o>>,
    /// The first job that was never sent; all behind it were not either.
    fresh: usize,
    /// Jobs that wait for another attempt, the one that is due first on top.
    waiting: BinaryHeap<Reverse<(Instant, usize)>>,
    /// Whether the server ever answered.
    reached: bool,
    /// Whether a connection failed. Until one comes about, nothing new is sent: else each query would learn it anew.
    knocking: bool,
    /// Why nothing more is sent at all.
    verdict: Option<Failure>,
    answers: Vec<(usize, Answer)>,
}

impl<'o> Desk<'o> {
    /// Makes the queries, each one once. Indicators that have none are answered already.
    fn lay_out(order: Order<'o>) -> (Vec<String>, Self) {
        let Order { source, indicators, scope, limits, deadline, on_answer } = order;
        let maker = Queries::new(scope);
        let mut known: HashMap<String, usize> = HashMap::with_capacity(indicators.len());
        let mut desk = Self {
            source,
            limits,
            deadline,
            on_answer,
            jobs: Vec::with_capacity(indicators.len()),
            fresh: 0,
            waiting: BinaryHeap::new(),
            reached: false,
            knocking: false,
            verdict: None,
            answers: Vec::with_capacity(indicators.len()),
        };
        for (index, indicator) in indicators {
            match maker.render(&indicator.name, indicator.query.as_deref()) {
                Ok(query) => {
                    let next = desk.jobs.len();
                    let job = *known.entry(query).or_insert(next);
                    if job == next {
                        desk.jobs.push(Job {
                            indicators: Vec::with_capacity(1),
                            attempts: 0,
                            begun: None,
                            last: None,
                            open: true,
                        });
                    }
                    desk.jobs[job].indicators.push((index, indicator));
                }
                Err(failure) => desk.answer(index, indicator, None, Err(failure), 0, Duration::ZERO),
            }
        }
        let mut queries = vec![String::new(); desk.jobs.len()];
        for (query, job) in known {
            queries[job] = query;
        }
        (queries, desk)
    }

    /// The next job to send, where there is one that may be sent now.
    fn take(&mut self, in_flight: usize) -> Option<usize> {
        // What was never asked goes first, so that a slow server answers as many indicators as it can.
        let hold = self.knocking && (in_flight > 0 || !self.waiting.is_empty());
        let job = if self.fresh < self.jobs.len() && !hold {
            self.fresh += 1;
            self.fresh - 1
        } else {
            self.due().filter(|due| *due <= Instant::now())?;
            let Reverse((_, job)) = self.waiting.pop()?;
            job
        };
        let entry = &mut self.jobs[job];
        entry.attempts += 1;
        entry.begun.get_or_insert_with(Instant::now);
        Some(job)
    }

    /// When the next job is to be tried again.
    fn due(&self) -> Option<Instant> {
        self.waiting.peek().map(|Reverse((due, _))| *due)
    }

    /// Takes what came of an attempt.
    fn settle(&mut self, job: usize, attempt: Attempt, queries: &[String]) {
        let Attempt { outcome, reach, again } = attempt;
        match reach {
            Reach::Answered => (self.reached, self.knocking) = (true, false),
            Reach::Unreachable => self.knocking = !self.reached,
            Reach::Silent => {}
        }
        let failure = match outcome {
            Ok(value) => return self.finish(job, &Ok(value), queries),
            Err(failure) => failure,
        };
        let attempts = self.jobs[job].attempts;
        let again = again && attempts < self.limits.attempts && self.verdict.is_none();
        let due = Instant::now() + wait(attempts);
        if again && due < self.deadline {
            self.jobs[job].last = Some(failure);
            self.waiting.push(Reverse((due, job)));
            return;
        }
        let failure = tried(failure, attempts, again.then_some(self.limits.deadline));
        // It would be the same for all: a refused login, and a server that is not there.
        if failure.reason == MissingReason::Login || (reach == Reach::Unreachable && !self.reached) {
            self.verdict.get_or_insert_with(|| failure.clone());
        }
        self.finish(job, &Err(failure), queries);
        if let Some(verdict) = self.verdict.clone() {
            for job in std::mem::replace(&mut self.fresh, self.jobs.len())..self.jobs.len() {
                self.finish(job, &Err(verdict.clone()), queries);
            }
            for Reverse((_, job)) in std::mem::take(&mut self.waiting) {
                self.finish(job, &Err(verdict.clone()), queries);
            }
        }
    }

    /// Ends what is still open: the deadline has come.
    fn close(&mut self, queries: &[String]) {
        for job in 0..self.jobs.len() {
            let Job { open, attempts, last, .. } = &mut self.jobs[job];
            if !*open {
                continue;
            }
            let tries = match attempts {
                0 => "never tried, the queries before it took all the time".to_owned(),
                1 => "tried once".to_owned(),
                attempts => format!("tried {attempts} times"),
            };
            let last = last.take().map(|last| format!("; before: {}", last.message)).unwrap_or_default();
            let message = format!("no answer before the deadline of {:?} ({tries}{last})", self.limits.deadline);
            self.finish(job, &Err(Failure::new(MissingReason::Timeout, message)), queries);
        }
    }

    fn finish(&mut self, job: usize, outcome: &Result<f64, Failure>, queries: &[String]) {
        let entry = &mut self.jobs[job];
        entry.open = false;
        let elapsed = entry.begun.map(|begun| begun.elapsed()).unwrap_or_default();
        let attempts = entry.attempts;
        for (index, indicator) in std::mem::take(&mut entry.indicators) {
            self.answer(index, indicator, Some(queries[job].clone()), outcome.clone(), attempts, elapsed);
        }
    }

    fn answer(
        &mut self,
        index: usize,
        indicator: &Indicator,
        query: Option<String>,
        outcome: Result<f64, Failure>,
        attempts: u32,
        elapsed: Duration,
    ) {
        let answer = Answer {
            indicator: indicator.name.clone(),
            source: indicator.source.clone(),
            query,
            outcome,
            attempts,
            elapsed,
        };
        (self.on_answer)(&answer);
        self.answers.push((index, answer));
    }
}

/// The wait behind attempt number `attempts`, counted from 1.
fn wait(attempts: u32) -> Duration {
    FIRST_WAIT.saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(LONGEST_WAIT)
}

/// `failure`, with how often it was tried, and the `deadline` where that keeps from trying again.
fn tried(failure: Failure, attempts: u32, deadline: Option<Duration>) -> Failure {
    let Failure { reason, message } = failure;
    let message = match (attempts, deadline) {
        (0 | 1, None) => message,
        (_, None) => format!("{message} (tried {attempts} times)"),
        (1, Some(deadline)) => format!("{message} (tried once, the deadline of {deadline:?} leaves no time for more)"),
        (_, Some(deadline)) => {
            format!("{message} (tried {attempts} times, the deadline of {deadline:?} leaves no time for more)")
        }
    };
    Failure { reason, message }
}
