//! The events that the bench sends: written out from parts, as a client that measures a server should not itself be measured.

use hyper::body::Bytes;
use uuid::{Builder, Uuid};

use super::population::Subject;

/// How long each is, in bytes.
pub(super) const EVENT_BYTES: usize = 1_000;

/// The source of the events of the bench.
pub(super) const SOURCE: &str = "bench";

/// A new id, of version 4.
pub(super) fn new_id() -> Uuid {
    Builder::from_random_bytes(fastrand::u128(..).to_be_bytes()).into_uuid()
}

/// What an event is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct About<'a> {
    /// Type of the event.
    pub(super) kind: &'a str,
    /// The run.
    pub(super) context: &'a str,
    /// The event that it answers; empty for none.
    pub(super) triggered_id: &'a str,
    pub(super) subject: Subject,
    pub(super) stage: &'a str,
    /// Whether it says that something went well.
    pub(super) pass: bool,
}

/// A `CloudEvent` in structured JSON, of [`EVENT_BYTES`].
pub(super) fn body(about: About<'_>) -> Bytes {
    let About { kind, context, triggered_id, subject, stage, pass } = about;
    let mut text = String::with_capacity(EVENT_BYTES);
    let mut id = Uuid::encode_buffer();
    for part in [
        r#"{"specversion":"1.0","id":""#,
        new_id().hyphenated().encode_lower(&mut id),
        r#"","source":""#,
        SOURCE,
        r#"","type":""#,
        kind,
        r#"","datacontenttype":"application/json","shkeptnspecversion":"0.2.4","shkeptncontext":""#,
        context,
        r#"","triggeredid":""#,
        triggered_id,
        r#"","data":{"project":""#,
        subject.project(),
        r#"","stage":""#,
        stage,
        r#"","service":""#,
        subject.service(),
        r#"",""#,
        if pass { r#"status":"succeeded","result":"pass",""# } else { "" },
        LABELS,
        r#""filler":""#,
    ] {
        text.push_str(part);
    }
    let filler = (EVENT_BYTES - END.len()).saturating_sub(text.len());
    text.extend(std::iter::repeat_n('x', filler));
    text.push_str(END);
    Bytes::from(text)
}

const LABELS: &str = r#"labels":{"buildId":"2026.11.22-4711","commit":"0e1053d7a6","team":"bench"},"#;
const END: &str = r#""}}"#;

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn every_event_has_the_length_that_is_asked_for() {
        let (context, triggered_id) = (new_id().to_string(), new_id().to_string());
        for (kind, triggered_id, pass) in [
            ("sh.keptn.event.dev.delivery.triggered", "", false),
            ("sh.keptn.event.evaluation-stub.started", &*triggered_id, false),
            ("sh.keptn.event.deployment.finished", &*triggered_id, true),
        ] {
            let subject = Subject::random();
            let body = body(About { kind, context: &context, triggered_id, subject, stage: "production", pass });
            assert_eq!(body.len(), EVENT_BYTES);
            // What the workload asks for.
            assert!((992..=1_056).contains(&body.len()));
            let event: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(event["type"], kind);
            assert_eq!(event["shkeptncontext"], *context);
            assert_eq!(event["data"]["service"], subject.service());
            assert_eq!(event["data"]["result"], if pass { "pass".into() } else { Value::Null });
            assert!(event["data"]["filler"].as_str().unwrap().len() > 400);
            assert_eq!(event["id"].as_str().unwrap().parse::<Uuid>().unwrap().get_version_num(), 4);
        }
    }
}
