//! All routes under one roof.

use axum::Router;
use axum::routing::get;

use crate::state::AppState;
use crate::{auth, capstan, family, health, metrics, v1};

/// Every route with its handler. Each layer boxes and clones once more for each request: there is one.
pub(crate) fn router(state: &AppState) -> Router {
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route(auth::METRICS, get(metrics::page))
        .merge(v1::router())
        .merge(capstan::openapi::router())
        .fallback(family::unknown_route)
        .method_not_allowed_fallback(family::wrong_method)
        .layer(metrics::Count(state.clone()))
        .with_state(state.clone())
}
