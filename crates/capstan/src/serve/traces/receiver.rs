//! The receiver of traces: OTLP over HTTP, as protobuf.

use std::ffi::OsString;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message as _;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, StatusCode, Url, redirect};

use super::span;
use crate::client::tls;
use crate::failure::Failure;

/// The variable with further headers of each request, such as those that let us in; they are secrets.
pub(super) const HEADERS: &str = "CAPSTAN_OTLP_HEADERS";

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an answer may take; the default of OTLP.
const ANSWER: Duration = Duration::from_secs(10);

/// Where traces go. Shows nothing of its headers.
#[derive(Debug, Clone)]
pub(in crate::serve) struct Receiver {
    http: Client,
    url: Url,
}

/// Why spans did not arrive.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    /// They never will.
    #[error("{0}")]
    ForGood(String),
    /// They may later.
    #[error("{why}")]
    ForNow {
        why: String,
        /// What to do until then.
        help: &'static str,
    },
}

/// What is to be said of most that passes by itself.
const AGAIN: &str = "they are sent again until it takes them";
/// What is to be said where nothing receives traces.
const ELSEWHERE: &str = "check otlp.endpoint, to which /v1/traces is added; they are sent again until they are taken";

impl Receiver {
    /// The receiver that is wanted, if one is. Headers for none are told of: whoever gives them wants one.
    pub(in crate::serve) fn wanted(
        endpoint: Option<&Url>,
        environment: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<Option<Self>, Failure> {
        if endpoint.is_none() && environment(HEADERS).is_some_and(|text| !text.is_empty()) {
            let help = "say with --otlp-endpoint where they are to be sent to, or remove the variable";
            tracing::warn!(help, "{HEADERS} is given, and no otlp.endpoint: no traces are sent");
        }
        endpoint.map(|endpoint| Self::new(endpoint, environment)).transpose()
    }

    /// The receiver at this address, with the headers of the environment. Nothing is sent yet.
    fn new(endpoint: &Url, environment: &dyn Fn(&str) -> Option<OsString>) -> Result<Self, Failure> {
        let mut url = endpoint.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["v1", "traces"]);
        }
        let http = Client::builder()
            .tls_backend_preconfigured(tls::config(url.scheme() == "https")?)
            .http1_only()
            .default_headers(headers(environment)?)
            .user_agent(concat!("capstan/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            // The headers are meant for this receiver alone.
            .redirect(redirect::Policy::none())
            .build()
            .map_err(|error| Failure::plain(format!("HTTP cannot be set up: {error}")))?;
        Ok(Self { http, url })
    }

    /// Where it is, for logs: a query may hold a secret.
    pub(super) fn address(&self) -> String {
        format!("{}{}", self.url.origin().ascii_serialization(), self.url.path())
    }

    /// Sends spans; once this returns well the receiver has them.
    pub(super) async fn send(&self, spans: Vec<Span>) -> Result<(), Refused> {
        let body = request(spans).encode_to_vec();
        let request = self.http.post(self.url.clone()).header(CONTENT_TYPE, "application/x-protobuf").body(body);
        let answer =
            request.send().await.map_err(|error| Refused::ForNow { why: cause(&error.without_url()), help: AGAIN })?;
        let status = answer.status();
        match status {
            // It has understood them and takes none of them: what is wrong with them stays wrong.
            StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY => {
                Err(Refused::ForGood(format!("it answered with {status}")))
            }
            _ if !status.is_success() => {
                let help = if status == StatusCode::NOT_FOUND { ELSEWHERE } else { AGAIN };
                Err(Refused::ForNow { why: format!("it answered with {status}"), help })
            }
            _ => {
                let said = answer.bytes().await.ok().and_then(|body| ExportTraceServiceResponse::decode(body).ok());
                match said.and_then(|said| said.partial_success).filter(|partial| partial.rejected_spans > 0) {
                    None => Ok(()),
                    Some(partial) => {
                        let (count, why) = (partial.rejected_spans, partial.error_message);
                        Err(Refused::ForGood(format!("it rejected {count} spans: {why}")))
                    }
                }
            }
        }
    }
}

/// The innermost cause says what happened; the outer ones that a request was sent.
fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

fn request(spans: Vec<Span>) -> ExportTraceServiceRequest {
    let (name, version) = ("capstan".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
    let attributes = span::attributes([("service.name", &name), ("service.version", &version)]);
    let scope = InstrumentationScope { name, version, ..InstrumentationScope::default() };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource { attributes, ..Resource::default() }),
            scope_spans: vec![ScopeSpans { scope: Some(scope), spans, ..ScopeSpans::default() }],
            ..ResourceSpans::default()
        }],
    }
}

/// `name=value` pairs with commas between them, values in URL encoding, as OpenTelemetry's own variable has them.
fn headers(environment: &dyn Fn(&str) -> Option<OsString>) -> Result<HeaderMap, Failure> {
    let Some(text) = environment(HEADERS).filter(|text| !text.is_empty()) else { return Ok(HeaderMap::new()) };
    // Says what is wrong with them, never what is in them.
    let wrong = || {
        let help = "write NAME=VALUE, several with a comma between them, values in URL encoding";
        Failure::with_help(format!("{HEADERS} holds no headers"), help)
    };
    let text = text.into_string().map_err(|_| wrong())?;
    let mut headers = HeaderMap::new();
    for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').ok_or_else(wrong)?;
        let name = HeaderName::from_bytes(name.trim().as_bytes()).map_err(|_| wrong())?;
        let mut value = HeaderValue::from_str(&decoded(value.trim()).ok_or_else(wrong)?).map_err(|_| wrong())?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

/// URL decoding.
fn decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(part.get(..2)?, 16).ok()?);
        bytes.extend(part.get(2..)?.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_and_never_shown() {
        let given = |text: &'static str| headers(&move |name| (name == HEADERS).then(|| text.into()));
        let read = given("Authorization=Basic%20abc%3D, x-scope=1").unwrap();
        assert_eq!(read["authorization"], "Basic abc=");
        assert_eq!(read["x-scope"], "1");
        assert!(!format!("{read:?}").contains("abc"));
        assert!(given("").unwrap().is_empty());
        for bad in ["secret", "na me=secret", "a=%zz", "a=%2", "a=%0asecret"] {
            let drawn = given(bad).unwrap_err().draw(crate::terminal::Style { colour: false });
            assert!(drawn.contains(HEADERS) && !drawn.contains("secret"), "{drawn}");
        }
    }
}
