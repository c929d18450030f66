//! Whether a token is right.

use axum::http::StatusCode;

/// Whoever comes as far as here has shown the token; as in v1 the method does not matter.
pub(super) async fn auth() -> StatusCode {
    StatusCode::OK
}
