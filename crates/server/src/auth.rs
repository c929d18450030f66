//! One token for everything (contract: surfaces.md 1.1).

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::error::Failure;
use crate::family::Family;

/// Where Prometheus looks.
pub(crate) const METRICS: &str = "/metrics";

/// The answer to a request that does not carry the token; none where it does, or where it needs none.
pub(crate) fn refusal(is_token: &dyn Fn(&str) -> bool, path: &str, headers: &HeaderMap) -> Option<Response> {
    if matches!(path, "/healthz" | "/readyz") {
        return None;
    }
    match token(headers).or_else(|| bearer(headers).filter(|_| path == METRICS)) {
        Some(token) if is_token(token) => None,
        None if path == METRICS => Some(Failure::new(StatusCode::UNAUTHORIZED, NO_BEARER).code(401).into_response()),
        given => Some(refuse(Family::of(path), given.is_some())),
    }
}

fn token(headers: &HeaderMap) -> Option<&str> {
    headers.get("x-token").and_then(|value| value.to_str().ok()).filter(|token| !token.is_empty())
}

/// Most versions of Prometheus can send no header but this one.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}

const NO_BEARER: &str =
    "the token of the API is missing; send it as 'Authorization: Bearer TOKEN' or as 'x-token: TOKEN'";

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
