//! The load generator: requests at a fixed rate over connections that stay open, and what they measured.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::error::DemoError;
use super::http::Connection;

/// How much load, and where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// Whom to ask for `/`.
    pub(crate) address: SocketAddr,
    /// Requests a second.
    pub(crate) rate: u32,
    /// How many requests in all; divided by the rate, the time that the load takes.
    pub(crate) requests: u32,
    /// How many requests may be under way at once, each on a connection of its own.
    pub(crate) connections: u32,
}

/// What the load generator saw. Times are in milliseconds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Measurements {
    /// Requests sent.
    pub(crate) requests: u64,
    /// Those of them without an answer or with one outside of 2xx.
    pub(crate) errors: u64,
    /// Half of the answers were at most this slow.
    pub(crate) p50: f64,
    /// 90 % of the answers were at most this slow.
    pub(crate) p90: f64,
    /// 95 % of the answers were at most this slow.
    pub(crate) p95: f64,
    /// Answers a second.
    pub(crate) throughput: f64,
}

/// What one connection saw.
#[derive(Debug, Default)]
struct Seen {
    /// Response time of each answer in milliseconds, whatever its status.
    millis: Vec<f64>,
    /// Requests without an answer.
    unanswered: u64,
    /// Why the last of them had none.
    trouble: Option<io::Error>,
    /// Answers outside of 2xx.
    refused: u64,
}

/// Sends `GET /` at the plan's rate whether or not earlier requests have been answered, as users do: where a slow
/// service keeps all connections busy, the wait for a free one is part of the response time. Fails where no request
/// was answered at all.
pub(crate) async fn run(plan: Plan) -> Result<Measurements, DemoError> {
    let mut connections: Vec<Connection> =
        (0..plan.connections.max(1)).map(|_| Connection::new(plan.address)).collect();
    for connection in &mut connections {
        // One that cannot be opened now says why when it is used.
        let _ = connection.open().await;
    }
    let began = Instant::now();
    let next = Arc::new(AtomicU32::new(0));
    let mut workers = JoinSet::new();
    for connection in connections {
        workers.spawn(work(connection, plan, began, next.clone()));
    }
    let mut all = Seen::default();
    while let Some(joined) = workers.join_next().await {
        // A worker neither panics nor is aborted while this waits for it.
        let Ok(seen) = joined else { continue };
        all.millis.extend(seen.millis);
        all.unanswered += seen.unanswered;
        all.refused += seen.refused;
        all.trouble = seen.trouble.or(all.trouble);
    }
    let cause = all.trouble.take().unwrap_or_else(|| io::ErrorKind::NotConnected.into());
    Measurements::of(all, began.elapsed()).ok_or(DemoError::NoAnswer {
        sent: u64::from(plan.requests),
        address: plan.address,
        cause,
    })
}

/// Takes one due request after another until all are taken.
async fn work(mut connection: Connection, plan: Plan, began: Instant, next: Arc<AtomicU32>) -> Seen {
    let mut seen = Seen::default();
    loop {
        let turn = next.fetch_add(1, Ordering::Relaxed);
        if turn >= plan.requests {
            return seen;
        }
        let due = began + Duration::from_secs_f64(f64::from(turn) / f64::from(plan.rate.max(1)));
        // A connection that was free in time counts from when it sends: that its timer rang late is not the service's
        // doing. One that comes back too late counts from when it should have sent.
        let counts_from = if Instant::now() < due {
            tokio::time::sleep_until(due).await;
            Instant::now()
        } else {
            due
        };
        match connection.get("/").await {
            Ok(answer) => {
                seen.millis.push(counts_from.elapsed().as_secs_f64() * 1000.0);
                seen.refused += u64::from(!(200..300).contains(&answer.status));
            }
            Err(error) => {
                seen.unanswered += 1;
                seen.trouble = Some(error);
            }
        }
    }
}

impl Measurements {
    /// Sums up what was seen in `elapsed`; nothing where there was no answer.
    fn of(mut seen: Seen, elapsed: Duration) -> Option<Self> {
        seen.millis.sort_by(f64::total_cmp);
        let answers = seen.millis.len() as u64;
        Some(Self {
            requests: answers + seen.unanswered,
            errors: seen.unanswered + seen.refused,
            p50: percentile(&seen.millis, 50)?,
            p90: percentile(&seen.millis, 90)?,
            p95: percentile(&seen.millis, 95)?,
            throughput: answers as f64 / elapsed.as_secs_f64(),
        })
    }

    /// Share of the requests that failed, in per cent.
    pub(crate) fn error_rate(&self) -> f64 {
        100.0 * self.errors as f64 / self.requests as f64
    }

    /// Writes the values under the names of the demo's indicators, as one JSON object, to `path`.
    pub(crate) fn write(&self, path: &Path) -> Result<(), DemoError> {
        let values = json!({
            "response_time_p50": self.p50,
            "response_time_p90": self.p90,
            "response_time_p95": self.p95,
            "error_rate": self.error_rate(),
            "throughput": self.throughput,
        });
        std::fs::write(path, format!("{values:#}\n")).map_err(|cause| DemoError::Write { path: path.to_owned(), cause })
    }
}

/// The smallest value that at least `percent` per cent of `sorted` do not exceed; nothing where it is empty.
fn percentile(sorted: &[f64], percent: usize) -> Option<f64> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_reckoned_by_hand() {
        let twenty: Vec<f64> = (1..=20).map(f64::from).collect();
        assert_eq!([50, 90, 95, 100].map(|percent| percentile(&twenty, percent)), [10.0, 18.0, 19.0, 20.0].map(Some));
        // 95 % of three values is 2.85 of them: only the third has that many below or at it.
        assert_eq!([33, 34, 95].map(|percent| percentile(&[5.0, 6.0, 9.0], percent)), [5.0, 6.0, 9.0].map(Some));
        assert_eq!(percentile(&[7.0], 50), Some(7.0));
        assert_eq!(percentile(&[], 95), None);
    }

    #[test]
    fn failures_count_with_and_without_an_answer() {
        let seen = Seen { millis: vec![4.0, 1.0, 3.0, 2.0], unanswered: 1, refused: 1, trouble: None };
        let measured = Measurements::of(seen, Duration::from_secs(2));
        let expected = Measurements { requests: 5, errors: 2, p50: 2.0, p90: 4.0, p95: 4.0, throughput: 2.0 };
        assert_eq!(measured.as_ref(), Some(&expected));
        assert_eq!(expected.error_rate(), 40.0);
        assert_eq!(Measurements::of(Seen { unanswered: 9, ..Seen::default() }, Duration::from_secs(1)), None);
    }
}
