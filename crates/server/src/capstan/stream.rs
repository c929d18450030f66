//! What happens, as it happens: facts as server-sent events, from a position on.
//!
//! Whoever follows reads the store by position whenever something was committed. Positions are given in the order of the
//! commits by the one writer, so what is behind a position is all that the client has not seen.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use capstan_runtime::ports::{FactFilter, FactSpan};
use capstan_runtime::writer::Handle;
use futures_util::stream;
use tokio::sync::watch;

use super::problem::Problem;
use super::told::{self, Told};
use super::unknown;
use crate::error::Failure;
use crate::metrics::Open;
use crate::params::Params;
use crate::state::AppState;

/// How many facts are looked at, and held at most for a client that is slow.
const SLICE: u64 = 256;

/// How long nothing is read at most; nothing relies on it.
const SAFETY: Duration = Duration::from_secs(30);

/// How long a client hears nothing at most.
const ALIVE: Duration = Duration::from_secs(15);

/// The header with which a client says what it has seen last.
const LAST_EVENT_ID: &str = "last-event-id";

/// Proxies that collect answers are not to collect this one; nginx goes by it.
const UNBUFFERED: (HeaderName, &str) = (HeaderName::from_static("x-accel-buffering"), "no");

/// Follow what happens.
///
/// Server-sent events, each named `fact`, with its position as `id`. A cursor is such a position and means: all up to there
/// was seen. The header `Last-Event-ID` is one and comes before `after`; without either the stream begins with what happens
/// from now on. A comment comes at once, and another after each 15 seconds of silence. The stream ends when the server
/// stops, and where facts are removed that the client has not seen yet; whoever connects again with the last id misses
/// nothing and sees nothing twice.
#[utoipa::path(
    get,
    path = "/api/capstan/v1/stream",
    operation_id = "follow",
    tag = "stream",
    params(
        ("project" = Option<String>, Query, description = "Facts of this project alone."),
        ("service" = Option<String>, Query, description = "Facts of sequences and runs of this service alone."),
        ("run" = Option<String>, Query, description = "Facts of the run with this context alone."),
        ("after" = Option<u64>, Query, description = "The cursor."),
        ("Last-Event-ID" = Option<u64>, Header, description = "The cursor of a client that connects again."),
    ),
    responses(
        (status = 200, description = "Events without end; the data of each are these.", body = Told, content_type = "text/event-stream"),
        (status = 400, description = "The cursor is no position.", body = Problem),
        (status = 401, description = "The token is missing or wrong.", body = Problem),
        (status = 404, description = "There is no such project.", body = Problem),
        (status = 410, description = "Facts behind the cursor were removed, or it is ahead of the newest.", body = Problem),
    )
)]
pub(super) async fn get(
    State(state): State<AppState>,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, Failure> {
    let cursor = cursor(&headers, &params)?;
    let (project, service, context) = (params.text("project"), params.text("service"), params.text("run"));
    let filter = FactFilter { project, service, context };
    let name = filter.project.clone();
    let span = state.handle.read(move |reader| match name {
        Some(name) if reader.project(&name)?.is_none() => unknown::project(reader, &name).map(Err),
        _ => reader.fact_span().map(Ok),
    });
    let position = begin(cursor, span.await??)?;
    let follower = Follower {
        commits: state.handle.commits(),
        stopping: state.stopping.clone(),
        handle: state.handle.clone(),
        filter,
        position,
        open: Open::new(Arc::clone(&state.metrics)),
        // So that headers and a first byte go out.
        ready: VecDeque::from([Event::default().comment("hello")]),
    };
    let events = stream::unfold(follower, |mut follower| async move {
        follower.next().await.map(|event| (Ok::<_, Infallible>(event), follower))
    });
    let events = Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE).text("alive"));
    Ok(([UNBUFFERED], events).into_response())
}

fn cursor(headers: &HeaderMap, params: &Params) -> Result<Option<u64>, Failure> {
    let header = headers.get(LAST_EVENT_ID).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let (name, text) = match (header.filter(|text| !text.is_empty()), params.text("after")) {
        (Some(text), _) => ("the header 'Last-Event-ID'", text),
        (None, Some(text)) => ("'after'", text),
        (None, None) => return Ok(None),
    };
    let refuse = |_| {
        Failure::bad_request(format!(
            "{name} is no position: '{text}'; it is the id of the event of this stream that was seen last"
        ))
    };
    text.parse().map(Some).map_err(refuse)
}

/// The position behind which to begin.
fn begin(cursor: Option<u64>, span: FactSpan) -> Result<u64, Failure> {
    let (first, newest) = (span.first(), span.next - 1);
    let gone = |why: String| {
        let message = format!("{why}; read anew what there is, then follow without a cursor");
        Failure::new(StatusCode::GONE, message).code(410).with("oldest", first)
    };
    match cursor {
        None => Ok(newest),
        Some(cursor) if cursor > newest => {
            Err(gone(format!("the cursor {cursor} is ahead of the newest fact, {newest}: it is that of another store")))
        }
        Some(cursor) if cursor + 1 < first => {
            let newest_gone = first - 1;
            Err(gone(format!("the facts behind the cursor {cursor} were removed up to {newest_gone}")))
        }
        Some(cursor) => Ok(cursor),
    }
}

/// A client and what it has seen.
struct Follower {
    handle: Handle,
    commits: watch::Receiver<u64>,
    stopping: watch::Receiver<bool>,
    filter: FactFilter,
    /// All up to here was looked at.
    position: u64,
    /// Counts it for as long as it is there.
    #[allow(dead_code, reason = "it is there to be dropped")]
    open: Open,
    /// What it is to be sent next.
    ready: VecDeque<Event>,
}

impl Follower {
    /// The next event; none at the end of the stream. Nothing is read before all that was read is taken.
    async fn next(&mut self) -> Option<Event> {
        while !*self.stopping.borrow() {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            // A commit that the look does not see any more ends the wait at once.
            if !self.look().await? {
                self.wait().await?;
            }
        }
        None
    }

    /// Reads the next slice. Whether there was anything to look at; none where what follows cannot be read.
    async fn look(&mut self) -> Option<bool> {
        let (filter, after) = (self.filter.clone(), self.position);
        let read = self.handle.read(move |reader| {
            let page = reader.facts_after(&filter, after, SLICE)?;
            let told = told::of(reader, page.items)?;
            // After the page: what was there when it was read can only have become less.
            Ok((told, page.last, reader.fact_span()?))
        });
        let (told, last, span) = match read.await {
            Ok(read) => read,
            Err(error) => {
                tracing::error!(%error, "a stream ends, as the store cannot be read");
                return None;
            }
        };
        if after + 1 < span.first() {
            tracing::warn!(
                after,
                first = span.first(),
                "a stream ends: facts were removed that its client had not seen"
            );
            return None;
        }
        self.position = last;
        self.ready.extend(told.iter().filter_map(|(position, told)| event(*position, told)));
        Some(last > after)
    }

    /// Waits until something was committed; none where the server stops.
    async fn wait(&mut self) -> Option<()> {
        tokio::select! {
            changed = tokio::time::timeout(SAFETY, self.commits.changed()) => match changed {
                Ok(Err(_)) => None,
                Ok(Ok(())) | Err(_) => Some(()),
            },
            _ = self.stopping.wait_for(|stopping| *stopping) => None,
        }
    }
}

/// None never is: what is told always has a form in JSON, on one line.
fn event(position: u64, told: &Told) -> Option<Event> {
    Event::default().id(position.to_string()).event("fact").json_data(told).ok()
}
