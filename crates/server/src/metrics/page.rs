//! `GET /metrics`.

use std::sync::PoisonError;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;

use super::plain;
use crate::error::Failure;
use crate::state::AppState;

/// What Prometheus asks for first.
const OPEN_METRICS: &str = "application/openmetrics-text";

/// All metrics, as `OpenMetrics` 1.0 for who asks for it, else in Prometheus's text format 0.0.4.
pub(crate) async fn page(State(state): State<AppState>, headers: HeaderMap) -> Result<Response, Failure> {
    let shared = state.clone();
    let written = state.handle.read(move |reader| {
        let census = reader.census()?;
        let registry = shared.metrics.registry.lock().unwrap_or_else(PoisonError::into_inner);
        shared.metrics.set(census, &shared.handle);
        Ok(write(&registry))
    });
    let written = written.await?;
    let accepts = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    Ok(if accepts.is_some_and(|accepts| accepts.contains(OPEN_METRICS)) {
        ([(CONTENT_TYPE, format!("{OPEN_METRICS}; version=1.0.0; charset=utf-8"))], written).into_response()
    } else {
        ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], plain::of(&written)).into_response()
    })
}

/// As `OpenMetrics`.
pub(super) fn write(registry: &Registry) -> String {
    let mut written = String::new();
    // Writing to a text does not fail.
    let _ = text::encode(&mut written, registry);
    written
}
