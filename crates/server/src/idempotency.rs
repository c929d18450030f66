//! The header under which a sender's repeat is known.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::HeaderValue;
use axum::http::request::Parts;

use crate::error::Failure;

const KEY: &str = "idempotency-key";

/// The longest key, in bytes.
const KEY_MAX: usize = 255;

/// The header, if it is there.
pub(crate) struct Idempotency(Option<HeaderValue>);

impl<S: Send + Sync> FromRequestParts<S> for Idempotency {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.headers.get(KEY).cloned()))
    }
}

impl Idempotency {
    /// The key, or that it cannot be one.
    pub(crate) fn key(&self) -> Result<Option<&str>, Failure> {
        let Some(value) = &self.0 else { return Ok(None) };
        match value.to_str() {
            Ok(text) if (1..=KEY_MAX).contains(&text.len()) => Ok(Some(text)),
            _ => Err(Failure::bad_request(format!(
                "the header 'Idempotency-Key' is to hold 1 to {KEY_MAX} ASCII characters"
            ))),
        }
    }
}
