//! Labels that tell how a request ended.

use super::catalog::Catalog;
use super::selector::Selector;

/// Labels that hold a status of HTTP, the most usual first.
const HTTP: [&str; 10] = [
    "code",
    "status",
    "status_code",
    "http_response_status_code",
    "http.response.status_code",
    "http_status_code",
    "http_status",
    "response_code",
    "statuscode",
    "statusCode",
];

/// Labels that hold a status of gRPC, by name or by number.
const GRPC: [&str; 6] =
    ["grpc_code", "grpc_status", "rpc_grpc_status_code", "rpc_response_status_code", "grpc_response_status", "code"];

/// The states of gRPC for which the server is to blame, and not the one who asks: in every way in which libraries write
/// their names, and as numbers.
const GRPC_FAULTS: [(&str, &str); 2] =
    [("ok", "(?i:unknown|deadline_?exceeded|unimplemented|internal|unavailable|data_?loss)"), ("0", "2|4|12|13|14|15")];

/// How the failed requests of a metric are told from the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Status {
    label: String,
    pattern: String,
    /// Which requests count as failed, in words.
    pub(super) words: &'static str,
}

impl Status {
    /// The one that the labels of the metric `name` tell.
    pub(super) fn of(name: &str, catalog: &Catalog<'_>) -> Option<Self> {
        if let Some(label) = HTTP.iter().find(|label| catalog.values(name, label).any(is_http)) {
            return Some(Self {
                label: (*label).to_owned(),
                pattern: "5..".to_owned(),
                words: "requests that were answered with a status of 500 or above",
            });
        }
        let (label, pattern) = GRPC.iter().find_map(|label| {
            let written =
                |(ok, _): &&(&str, &str)| catalog.values(name, label).any(|value| value.eq_ignore_ascii_case(ok));
            GRPC_FAULTS.iter().find(written).map(|(_, pattern)| (label, pattern))
        })?;
        Some(Self {
            label: (*label).to_owned(),
            pattern: (*pattern).to_owned(),
            words: "calls that ended with a status of gRPC for which the server is to blame",
        })
    }

    /// Those of the series of `selector` that count failed requests.
    pub(super) fn failed(&self, selector: &Selector) -> Selector {
        selector.and_matches(&self.label, &self.pattern)
    }
}

/// Whether a value is a status of HTTP such as `200` or `5xx`.
fn is_http(value: &str) -> bool {
    match value.as_bytes() {
        [b'1'..=b'5', b'x' | b'X', b'x' | b'X'] => true,
        [b'1'..=b'5', rest @ ..] => rest.len() == 2 && rest.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}
