//! One token for everything (contract: surfaces.md 1.1).

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::error::Failure;
use crate::family::Family;
use crate::state::AppState;

/// Lets a request pass that carries the token, or that needs none.
pub(crate) async fn check(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if matches!(path, "/healthz" | "/readyz") {
        return next.run(request).await;
    }
    match token(request.headers()) {
        Some(token) if (state.token)(token) => next.run(request).await,
        given => refuse(Family::of(path), given.is_some()),
    }
}

fn token(headers: &HeaderMap) -> Option<&str> {
    headers.get("x-token").and_then(|value| value.to_str().ok()).filter(|token| !token.is_empty())
}

fn refuse(family: Family, given: bool) -> Response {
    const BEHIND_THE_GATEWAY: &str = r#"{"code":401,"message":"unauthenticated or invalid credentials"}"#;
    let message = match family {
        // As in v1 it is JSON that does not say so.
        Family::ControlPlane | Family::Datastore => {
            return (StatusCode::UNAUTHORIZED, [("content-type", "text/plain")], BEHIND_THE_GATEWAY).into_response();
        }
        _ if given => "incorrect api key auth",
        Family::Api => "unauthenticated for invalid credentials",
        Family::Capstan | Family::Outside => "the header 'x-token' is missing; it carries the token of the API",
    };
    Failure::new(StatusCode::UNAUTHORIZED, message).code(401).into_response()
}
