//! Requests, counted and timed.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use super::set::{Answered, Asked, Metrics};
use crate::state::AppState;

/// Counts a request with its answer, whoever gave it.
pub(crate) async fn count(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let method = word(request.method());
    let begun = state.handle.clock().monotonic();
    let response = next.run(request).await;
    let took = state.handle.clock().monotonic().saturating_sub(begun);
    // The router says in the answer which of its routes it took; what was refused before has none.
    let route = response.extensions().get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default();
    let asked = Asked { method, route: route.to_owned() };
    state.metrics.http_seconds.get_or_create(&asked).observe(took.as_secs_f64());
    let answered = Answered { method, route: asked.route, status: class(response.status()) };
    state.metrics.http_requests.get_or_create(&answered).inc();
    response
}

/// Leaves in the answer of a route which one it was.
pub(crate) async fn remember_route(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    if let Some(route) = route {
        response.extensions_mut().insert(route);
    }
    response
}

/// A stream that is open.
pub(crate) struct Open(Arc<Metrics>);

impl Open {
    /// One more, until it is dropped.
    pub(crate) fn new(metrics: Arc<Metrics>) -> Self {
        metrics.streams.inc();
        Self(metrics)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.streams.dec();
    }
}

/// Anybody can make methods up.
fn word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    }
}
