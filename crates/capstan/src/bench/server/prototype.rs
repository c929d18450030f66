//! The least that a server of events could be, to hold the real one against: it runs in a process of its own, as that does.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::mpsc;

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::post;
use clap::Args;
use serde::de::IgnoredAny;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::exit::Exit;
use crate::failure::{Failure, reason};
use crate::terminal::print;

/// How many events share a sync at most.
const BATCH: usize = 1_024;

/// The hidden command that serves a prototype until it is killed.
#[derive(Debug, Args)]
pub(crate) struct PrototypeArgs {
    /// Append events to this file and sync it before they are acknowledged; without it events are only parsed
    #[arg(long, value_name = "FILE")]
    pub(super) append: Option<PathBuf>,
}

/// Serves until it is killed.
pub(crate) fn run(args: &PrototypeArgs) -> Result<Exit, Failure> {
    let failed = |error: &std::io::Error| Failure::plain(format!("cannot serve: {}", reason(error)));
    let router = match &args.append {
        None => Router::new().route("/", post(parse)),
        Some(path) => {
            let file = OpenOptions::new().create(true).append(true).open(path).map_err(|error| failed(&error))?;
            let (queue, queued) = mpsc::channel();
            std::thread::spawn(move || write(file, &queued));
            Router::new().route("/", post(move |body: Bytes| append(queue.clone(), body)))
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| failed(&error))?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| failed(&error))?;
        let address = listener.local_addr().map_err(|error| failed(&error))?;
        print(&format!("listens on http://{address}\n"));
        let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, router).await.map_err(|error| failed(&error))
    })?;
    Ok(Exit::Success)
}

/// As much as a server has to know of an event.
fn is_event(body: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(body).is_ok()
}

async fn parse(body: Bytes) -> StatusCode {
    if is_event(&body) { StatusCode::OK } else { StatusCode::BAD_REQUEST }
}

type Queued = (Bytes, oneshot::Sender<bool>);

async fn append(queue: mpsc::Sender<Queued>, body: Bytes) -> StatusCode {
    if !is_event(&body) {
        return StatusCode::BAD_REQUEST;
    }
    let (done, written) = oneshot::channel();
    if queue.send((body, done)).is_err() {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    match written.await {
        Ok(true) => StatusCode::OK,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// One write and one sync for all that have come together, then everyone is told.
fn write(mut file: File, queued: &mpsc::Receiver<Queued>) {
    let mut buffer = Vec::new();
    while let Ok(first) = queued.recv() {
        let batch: Vec<_> = std::iter::once(first).chain(queued.try_iter().take(BATCH - 1)).collect();
        buffer.clear();
        for (body, _) in &batch {
            buffer.extend_from_slice(body);
            buffer.push(b'\n');
        }
        let written = file.write_all(&buffer).and_then(|()| file.sync_data()).is_ok();
        for (_, done) in batch {
            // Who has gone does not want to know.
            let _ = done.send(written);
        }
    }
}
