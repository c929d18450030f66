//! Bodies of requests, how large and how JSON is read from them, and the body of an answer that says nothing.

use std::error::Error;
use std::pin::pin;

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use futures_util::FutureExt as _;
use http_body_util::LengthLimitError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::timeout;
use utoipa::ToSchema;

use crate::error::Failure;
use crate::state::AppState;

/// The largest body, as at v1's gateway.
pub(crate) const LIMIT: usize = 5 << 20;

/// How deep a body may nest. What is made of it, a run's state for one, nests a few levels deeper, and has to be within
/// the 128 that the JSON reader allows when it is read back.
const DEPTH: usize = 96;

/// A body as it came.
pub(crate) struct Sent(pub(crate) Bytes);

/// Done; there is nothing to say.
#[derive(Serialize, ToSchema)]
pub(crate) struct Nothing {}

impl FromRequest<AppState> for Sent {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Failure> {
        let mut arriving = pin!(to_bytes(request.into_body(), LIMIT));
        // As a rule it has come with the head. Only one that has not is worth a timer.
        let arrived = match arriving.as_mut().now_or_never() {
            Some(arrived) => arrived,
            None => Box::pin(timeout(state.patience, arriving)).await.map_err(|_| {
                let message = format!("the body did not arrive within {} seconds", state.patience.as_secs_f32());
                Failure::new(StatusCode::REQUEST_TIMEOUT, message).code(408)
            })?,
        };
        arrived.map(Self).map_err(|error| {
            if error.source().is_some_and(<dyn Error>::is::<LengthLimitError>) {
                let message = format!("the body is larger than {} MB", LIMIT >> 20);
                Failure::new(StatusCode::PAYLOAD_TOO_LARGE, message).code(413)
            } else {
                Failure::bad_request("the body did not arrive as a whole")
            }
        })
    }
}

impl Sent {
    /// The body as JSON, or why it is none.
    pub(crate) fn json(&self) -> Result<Value, String> {
        let value = serde_json::from_slice(&self.0).map_err(|error| error.to_string())?;
        if is_deeper(&value, DEPTH) { Err(format!("it is nested deeper than {DEPTH} levels")) } else { Ok(value) }
    }

    /// The body as an object with these fields, or v1's answer for one that is not.
    pub(crate) fn object<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        let refuse = |why: String| Failure::bad_request(format!("Invalid request format: {why}"));
        let value = self.json().map_err(refuse)?;
        if !value.is_object() {
            return Err(refuse("the body is no JSON object".to_owned()));
        }
        serde_json::from_value(value).map_err(|error| refuse(error.to_string()))
    }

    /// The same where the body may be left out.
    pub(crate) fn object_or_default<T: DeserializeOwned + Default>(&self) -> Result<T, Failure> {
        if matches!(&*self.0, b"" | b"null") { Ok(T::default()) } else { self.object() }
    }
}

fn is_deeper(value: &Value, levels: usize) -> bool {
    let Some(left) = levels.checked_sub(1) else { return value.is_object() || value.is_array() };
    match value {
        Value::Array(items) => items.iter().any(|item| is_deeper(item, left)),
        Value::Object(members) => members.values().any(|member| is_deeper(member, left)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_may_nest_so_deep_and_no_deeper() {
        let nested = |depth: usize| Sent(Bytes::from(format!("{}{}", "[".repeat(depth), "]".repeat(depth)))).json();
        assert!(nested(DEPTH).is_ok());
        assert_eq!(nested(DEPTH + 1).unwrap_err(), "it is nested deeper than 96 levels");
        assert!(nested(100_000).unwrap_err().starts_with("recursion limit exceeded"));
    }
}
