//! Whether the process lives, and whether it can do its work. Neither needs a token.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::error::Failure;
use crate::state::AppState;

#[derive(Serialize)]
struct Health {
    status: &'static str,
}

/// The process lives.
pub(crate) async fn alive() -> Response {
    Json(Health { status: "alive" }).into_response()
}

/// The server is ready, and its store can be read and was written when that was last tried.
pub(crate) async fn ready(State(state): State<AppState>) -> Result<Response, Failure> {
    if !(state.ready)() {
        let failure = Failure::new(StatusCode::SERVICE_UNAVAILABLE, "the server is not ready yet, or is stopping");
        return Err(failure.retry_after(1));
    }
    if !state.handle.is_writable() {
        let message = "the server cannot write to its store at the moment; its log says why, and it goes on by itself";
        return Err(Failure::new(StatusCode::SERVICE_UNAVAILABLE, message).retry_after(5));
    }
    state.handle.read(|reader| reader.has_deferred()).await?;
    Ok(Json(Health { status: "ready" }).into_response())
}
