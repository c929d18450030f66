//! The header under which a sender's repeat is known.

use axum::http::HeaderMap;

use crate::error::Failure;

const KEY: &str = "idempotency-key";

/// The longest key, in bytes.
const KEY_MAX: usize = 255;

/// What the header says, if it is there.
pub(crate) fn header(headers: &HeaderMap) -> Result<Option<&str>, Failure> {
    let Some(value) = headers.get(KEY) else { return Ok(None) };
    match value.to_str() {
        Ok(text) if (1..=KEY_MAX).contains(&text.len()) => Ok(Some(text)),
        _ => Err(Failure::bad_request(format!(
            "the header 'Idempotency-Key' is to hold 1 to {KEY_MAX} ASCII characters"
        ))),
    }
}
