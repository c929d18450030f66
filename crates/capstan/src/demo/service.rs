//! The sample service: an HTTP server on loopback whose answers take as long as its current build makes them take.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::error::DemoError;
use super::latency::{Build, Fates};
use super::metrics::Registry;

/// How long requests under way may take to end when the service stops.
const GRACE: Duration = Duration::from_secs(2);

/// A running sample service. Dropped, it no longer accepts connections; [`stop`](Self::stop) also lets the requests
/// under way end.
#[derive(Debug)]
pub(crate) struct Service {
    address: SocketAddr,
    running: Arc<Mutex<Running>>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
}

/// What a request sees of the service.
#[derive(Debug)]
struct Running {
    build: Build,
    fates: Fates,
    registry: Registry,
}

impl Service {
    /// Starts the service with `build` on a free port of 127.0.0.1: `GET /` answers 200 or 500, `GET /metrics` the
    /// service's metrics.
    pub(crate) async fn start(build: Build) -> Result<Self, DemoError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(DemoError::Service)?;
        let address = listener.local_addr().map_err(DemoError::Service)?;
        let mut registry = Registry::default();
        registry.series(build.version);
        let running = Arc::new(Mutex::new(Running { build, fates: Fates::new(build), registry }));
        let router = Router::new().route("/", get(answer)).route("/metrics", get(metrics)).with_state(running.clone());
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(async move {
            // A sender that is dropped stops the service as one that sends does.
            axum::serve(listener, router).with_graceful_shutdown(async { drop(stopped.await) }).await
        });
        Ok(Self { address, running, stop, server })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Puts `build` in the place of the current one. Requests under way end as they began; the new build's series
    /// are exposed from now on, at 0 where it was not deployed before.
    pub(crate) fn deploy(&self, build: Build) {
        let mut running = lock(&self.running);
        running.registry.series(build.version);
        running.fates = Fates::new(build);
        running.build = build;
    }

    /// Stops listening and waits for the requests under way, at most two seconds.
    pub(crate) async fn stop(self) {
        let Self { stop, mut server, .. } = self;
        let _ = stop.send(());
        if tokio::time::timeout(GRACE, &mut server).await.is_err() {
            server.abort();
        }
    }
}

async fn answer(State(running): State<Arc<Mutex<Running>>>) -> impl IntoResponse {
    let began = Instant::now();
    let (build, fate) = {
        let mut running = lock(&running);
        (running.build, running.fates.next())
    };
    let fails = fate.is_some_and(|fate| fate.fails);
    if let Some(fate) = fate {
        tokio::time::sleep(fate.delay).await;
    }
    let code = if fails { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK };
    // Counted before the answer leaves: who has the answer finds it in the metrics.
    let millis = began.elapsed().as_secs_f64() * 1000.0;
    lock(&running).registry.series(build.version).observe(code.as_u16(), millis);
    (code, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], format!("build {}\n", build.version))
}

async fn metrics(State(running): State<Arc<Mutex<Running>>>) -> impl IntoResponse {
    let text = lock(&running).registry.exposition();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}

/// A handler that panicked with the lock held leaves counters that are still counters.
fn lock(running: &Mutex<Running>) -> MutexGuard<'_, Running> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}
