//! Spans of OTLP, filled in.

use jiff::Timestamp;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link, SpanKind};
use opentelemetry_proto::tonic::trace::v1::{Span, Status, status::StatusCode};

use capstan_engine::orchestrate::trace::{SpanId, TraceId};

/// Sampled; the rest of the bits is about what is remote, which is not said.
const FLAGS: u32 = 1;

/// A span of a run, with a beginning and an end.
pub(super) fn new(trace: TraceId, id: SpanId, parent: Option<SpanId>, name: &str, times: [Timestamp; 2]) -> Span {
    let [start, end] = times;
    Span {
        trace_id: trace.to_vec(),
        span_id: id.to_vec(),
        parent_span_id: parent.map(|parent| parent.to_vec()).unwrap_or_default(),
        flags: FLAGS,
        name: name.to_owned(),
        kind: SpanKind::Internal as i32,
        start_time_unix_nano: nanoseconds(start),
        // A clock that was set back must not make a span that ends before it began.
        end_time_unix_nano: nanoseconds(end.max(start)),
        ..Span::default()
    }
}

/// Attributes; those without a value are left out.
pub(super) fn attributes<const N: usize>(pairs: [(&str, &str); N]) -> Vec<KeyValue> {
    pairs.into_iter().filter(|(_, value)| !value.is_empty()).map(|(key, value)| text(key, value)).collect()
}

pub(super) fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(value.to_owned()))
}

pub(super) fn number(key: &str, value: u32) -> KeyValue {
    attribute(key, Value::IntValue(value.into()))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

/// Something that happened on the way.
pub(super) fn event(at: Timestamp, name: &str, attributes: Vec<KeyValue>) -> Event {
    Event { time_unix_nano: nanoseconds(at), name: name.to_owned(), attributes, ..Event::default() }
}

/// What caused a trace elsewhere.
pub(super) fn link((trace, span): (TraceId, SpanId)) -> Link {
    Link { trace_id: trace.to_vec(), span_id: span.to_vec(), flags: FLAGS, ..Link::default() }
}

/// It went well, or badly and why.
pub(super) fn status(why_bad: Option<String>) -> Status {
    let code = if why_bad.is_some() { StatusCode::Error } else { StatusCode::Ok };
    Status { code: code as i32, message: why_bad.unwrap_or_default() }
}

fn nanoseconds(at: Timestamp) -> u64 {
    u64::try_from(at.as_nanosecond()).unwrap_or(0)
}
