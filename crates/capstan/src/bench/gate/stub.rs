//! A server that answers every query with one sample after a fixed time.

use std::net::{Ipv4Addr, SocketAddr};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::serve::ListenerExt as _;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::oneshot;

use crate::failure::{Failure, reason};

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 4096;

/// A running stub, on a thread and in a runtime of its own. Dropped, it ends.
#[derive(Debug)]
pub(super) struct Stub {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Stub {
    /// Starts a stub on a free port of 127.0.0.1 that takes `latency` for each answer.
    pub(super) fn start(latency: Duration) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::plain(format!("cannot start a stub server: {}", reason(&error)));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let listener = runtime.block_on(async { listen() }).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let router = Router::new().route("/api/v1/query", get(answer)).with_state(latency);
        let (stop, stopped) = oneshot::channel();
        let serve = move || {
            runtime.block_on(async {
                let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
                tokio::select! {
                    _ = axum::serve(listener, router) => {}
                    _ = stopped => {}
                }
            });
        };
        let thread = std::thread::Builder::new().name("bench-stub".to_owned()).spawn(serve).map_err(failed)?;
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it answers.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Listens on a free port. Sixteen gates that connect at once must find room in the queue: else they wait for a second.
fn listen() -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
    socket.listen(BACKLOG)
}

/// The parameters of a query, as far as they matter.
#[derive(Debug, serde::Deserialize)]
struct Parameters {
    query: String,
    time: String,
}

async fn answer(
    State(latency): State<Duration>,
    Query(Parameters { query, time }): Query<Parameters>,
) -> impl IntoResponse {
    // The clock of the runtime counts whole milliseconds: no wait is no sleep of 0.
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    let body = format!(
        "{{\"status\":\"success\",\"data\":{{\"resultType\":\"vector\",\"result\":[{{\"metric\":{{}},\"value\":[{time},\"{}\"]}}]}}}}",
        value(&query)
    );
    ([(header::CONTENT_TYPE, "application/json")], body)
}

/// A value from 300 up to 900 that goes with the query: some of them pass, some warn, some fail.
fn value(query: &str) -> f64 {
    let sum = query.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    300.0 + f64::from(sum % 6000) / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::gate::cell::SourceKind;
    use crate::bench::gate::workload::Workload;

    #[test]
    fn values_are_spread_over_the_criteria() {
        let values: Vec<f64> =
            Workload::new(SourceKind::Stub(0), 1000).queries.iter().map(|query| value(query)).collect();
        let share = |from: f64, to: f64| values.iter().filter(|value| (from..to).contains(*value)).count();
        assert_eq!(share(300.0, 900.0), 1000);
        assert!([share(300.0, 600.0), share(600.0, 800.0), share(800.0, 900.0)].iter().all(|count| *count > 100));
    }
}
