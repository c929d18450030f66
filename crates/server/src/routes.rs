//! All routes under one roof.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::get;

use crate::state::AppState;
use crate::{auth, body, capstan, family, health, metrics, slashes, v1};

/// Everything that the server answers over HTTP.
pub fn router(state: AppState) -> Router {
    let routes = Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route(auth::METRICS, get(metrics::page))
        .merge(v1::router())
        .merge(capstan::openapi::router())
        .fallback(family::unknown_route)
        .method_not_allowed_fallback(family::wrong_method)
        .layer(DefaultBodyLimit::max(body::LIMIT))
        .layer(middleware::from_fn(metrics::remember_route))
        .with_state(state.clone());
    // As a service inside another router, so that the path is tidied before it is matched.
    Router::new()
        .fallback_service(routes)
        .layer(middleware::from_fn_with_state(state.clone(), auth::check))
        .layer(middleware::from_fn(slashes::merge))
        .layer(middleware::from_fn_with_state(state, metrics::count))
}
