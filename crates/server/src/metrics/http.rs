//! Requests, counted and timed.

use std::convert::Infallible;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::MatchedPath;
use axum::http::{Method, Request, StatusCode};
use axum::response::Response;
use axum::routing::Route;
use axum::routing::future::RouteFuture;
use prometheus_client::encoding::{EncodeLabelValue, LabelValueEncoder};
use tower::{Layer, Service};

use super::set::{Answered, Asked, Metrics};
use crate::state::AppState;

/// Counts a request that began then, with the status of its answer.
pub(crate) fn count(state: &AppState, begun: Duration, asked: &Asked, status: StatusCode) {
    let took = state.handle.clock().monotonic().saturating_sub(begun);
    state.metrics.http_seconds.get_or_create(asked).observe(took.as_secs_f64());
    let answered = Answered { method: asked.method, route: asked.route.clone(), status: class(status) };
    state.metrics.http_requests.get_or_create(&answered).inc();
}

impl Asked {
    /// What is asked for. Which route it takes is known behind the router; what is refused before has none.
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        let route = RouteName(request.extensions().get::<MatchedPath>().cloned());
        Self { method: word(request.method()), route }
    }
}

/// Name of a route as a label; empty where none was taken.
#[derive(Debug, Clone)]
pub(super) struct RouteName(Option<MatchedPath>);

impl RouteName {
    fn as_str(&self) -> &str {
        self.0.as_ref().map(MatchedPath::as_str).unwrap_or_default()
    }
}

impl PartialEq for RouteName {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for RouteName {}

impl Hash for RouteName {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.as_str().hash(hasher);
    }
}

impl EncodeLabelValue for RouteName {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> fmt::Result {
        self.as_str().encode(encoder)
    }
}

/// Counts what a router answers, each request under its route.
#[derive(Clone)]
pub(crate) struct Count(pub(crate) AppState);

impl Layer<Route> for Count {
    type Service = Counted;

    fn layer(&self, route: Route) -> Counted {
        Counted { route, state: self.0.clone() }
    }
}

/// A route that is counted.
#[derive(Clone)]
pub(crate) struct Counted {
    route: Route,
    state: AppState,
}

impl Service<axum::extract::Request> for Counted {
    type Response = Response;
    type Error = Infallible;
    type Future = Counting;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // Routes always are.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: axum::extract::Request) -> Counting {
        let begun = self.state.handle.clock().monotonic();
        let asked = Asked::of(&request);
        Counting { answer: self.route.call(request), state: self.state.clone(), begun, asked }
    }
}

/// An answer under way; a concrete type, as one box more for each request is what a layer made of a function costs.
pub(crate) struct Counting {
    answer: RouteFuture<Infallible>,
    state: AppState,
    begun: Duration,
    asked: Asked,
}

impl Future for Counting {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let response = ready!(Pin::new(&mut self.answer).poll(context))?;
        count(&self.state, self.begun, &self.asked, response.status());
        Poll::Ready(Ok(response))
    }
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
