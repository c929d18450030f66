//! Parameters of the query, and names in the path.

use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use capstan_model::timeframe;
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use crate::error::Failure;

/// The parameters of a query; of several of one name the first counts, and unknown ones do not.
#[derive(Debug, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        query.map(|query| Self(query.0)).map_err(|_| Failure::bad_request("the query of the URL cannot be read"))
    }
}

impl Params {
    /// The text of a parameter, which may be empty.
    pub(crate) fn raw(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The text of a parameter; an empty one counts as none.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.raw(name).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// The same, where to give it twice is a mistake.
    pub(crate) fn once(&self, name: &str) -> Result<Option<String>, Failure> {
        if self.0.iter().filter(|(key, _)| key == name).count() > 1 {
            return Err(Failure::bad_request(format!("'{name}' is given more than once; give it once")));
        }
        Ok(self.text(name))
    }

    /// A time in one of the forms that v1 accepts.
    pub(crate) fn time(&self, name: &str) -> Result<Option<Timestamp>, Failure> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match timeframe::parse_timestamp(&text) {
            Ok(time) => Ok(Some(time)),
            Err(error) => Err(Failure::bad_request(format!("Invalid request format: '{name}': {error}"))),
        }
    }
}

/// Names in the path, decoded.
pub(crate) struct Names<T>(pub(crate) T);

impl<T, S> FromRequestParts<S> for Names<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        Path::from_request_parts(parts, state).await.map(|Path(names)| Self(names)).map_err(|rejection| {
            let message = match &rejection {
                PathRejection::FailedToDeserializePathParams(error)
                    if matches!(error.kind(), ErrorKind::InvalidUtf8InPathParam { .. }) =>
                {
                    "the path of the URL is no UTF-8"
                }
                _ => "the path of the URL cannot be read",
            };
            Failure::bad_request(message)
        })
    }
}
