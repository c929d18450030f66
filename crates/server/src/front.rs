//! What stands before the routes. Each request passes here, so that nothing is boxed or copied for it.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use axum::body::HttpBody;
use axum::http::Request;
use axum::response::Response;
use axum::routing::future::RouteFuture;
use axum::{BoxError, Router};
use futures_util::future::Either;
use tower::Service;

use crate::metrics::{Asked, count};
use crate::state::{AppState, Means};
use crate::{auth, routes, slashes};

/// Everything that the server answers over HTTP; cheap to clone.
#[derive(Clone)]
pub struct Front {
    state: AppState,
    routes: Router,
}

impl Front {
    /// All routes under one roof.
    pub fn new(means: Means) -> Self {
        let state = AppState::of(means);
        Self { routes: routes::router(&state), state }
    }
}

impl<B> Service<Request<B>> for Front
where
    B: HttpBody<Data = axum::body::Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<RouteFuture<Infallible>, Ready<Result<Response, Infallible>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let begun = self.state.handle.clock().monotonic();
        // Before it is matched.
        slashes::merge(request.uri_mut());
        let Some(refusal) = auth::refusal(&*self.state.token, request.uri().path(), request.headers()) else {
            return Either::Left(self.routes.call(request));
        };
        count(&self.state, begun, &Asked::of(&request), refusal.status());
        Either::Right(ready(Ok(refusal)))
    }
}
