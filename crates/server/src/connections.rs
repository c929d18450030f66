//! Connections: taken in, served, and cut where a client takes too long to say what it wants.

use std::time::Duration;

use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::sync::watch;

use crate::front::Front;

/// Serves what connects until `stopping` turns to true, and then until every request under way has been answered.
///
/// `patience` is how long the head of a request may take to arrive, and with it how long a connection may stay without one.
pub async fn serve(mut listener: impl Listener, front: Front, patience: Duration, mut stopping: watch::Receiver<bool>) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(patience);
    let connections = GracefulShutdown::new();
    loop {
        let (stream, _) = tokio::select! {
            // A sender that is gone stops the server too.
            _ = stopping.wait_for(|stop| *stop) => break,
            accepted = listener.accept() => accepted,
        };
        let service = TowerToHyperService::new(front.clone());
        let connection = connections.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection has ended early");
            }
        });
    }
    drop(listener);
    connections.shutdown().await;
}
