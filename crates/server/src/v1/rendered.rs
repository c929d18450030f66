//! Events as v1's store of events and its list of open tasks show them (contract: core.md 1.1 and 1.3).

use capstan_engine::orchestrate::{CONTROL_PLANE, trace};
use capstan_model::event::rest::RestEvent;
use capstan_model::event::{CloudEvent, EventType};
use capstan_runtime::ports::{KeptEvent, StoreError};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

/// The text of an open task as the list of them has it: as it is stored, as the control plane makes it with no attribute that
/// v1 lacks. `traced`: with its `traceparent`.
pub(super) fn open(kept: KeptEvent, traced: bool) -> Result<String, StoreError> {
    if !traced {
        return kept.into_text();
    }
    let mut event = kept.into_event()?;
    add_traceparent(&mut event);
    KeptEvent::from(event).into_text()
}

/// Adds to the `.triggered` event of a task its attempt's `traceparent` (W3C Trace Context), which v1 does not have.
fn add_traceparent(event: &mut CloudEvent) {
    let is_task = matches!(EventType::parse(&event.kind), EventType::Task { phase: "triggered", .. });
    if let Some(context) = event.context.as_ref().filter(|_| is_task && event.source == CONTROL_PLANE) {
        let traceparent = trace::traceparent(context, &event.id);
        event.extensions.insert("traceparent".to_owned(), traceparent.into());
    }
}

/// An event in v1's shape, with no attribute that v1 lacks.
pub(super) struct Rendered(CloudEvent);

impl Rendered {
    /// As the store of events has it. In v1 that is a connector like any other and leaves its mark, with an empty id. `traced`:
    /// with the `traceparent` of a task.
    pub(super) fn stored(mut event: CloudEvent, traced: bool) -> Self {
        if let Value::Object(data) = &mut event.data {
            let mark = json!({ "subscriptionID": "" });
            match data.get_mut("temporaryData") {
                // Another connector's mark gives way; without one v1 adds none to what the sender put there.
                Some(Value::Object(temporary)) => {
                    if let Some(distributor) = temporary.get_mut("distributor") {
                        *distributor = mark;
                    }
                }
                _ => drop(data.insert("temporaryData".to_owned(), json!({ "distributor": mark }))),
            }
        }
        event.extensions.retain(|name, _| matches!(name.as_str(), "contenttype" | "shkeptnspecversion" | "extensions"));
        if traced {
            add_traceparent(&mut event);
        }
        Self(event)
    }
}

impl Serialize for Rendered {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RestEvent(&self.0).serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_task_is_not_read_unless_its_trace_is_told() {
        let text = r#"{ "as": "it stands" }"#;
        assert_eq!(open(KeptEvent::Text(text.to_owned()), false).unwrap(), text);
        assert!(open(KeptEvent::Text(text.to_owned()), true).is_err());

        let text = |source: &str| {
            let event = json!({
                "data": { "z": 1, "a": 1.0 }, "id": "i", "shkeptncontext": "c", "source": source, "specversion": "1.0",
                "type": "sh.keptn.event.build.triggered", "shkeptnspecversion": "latest"
            });
            event.to_string()
        };
        let traced = |source: &str| open(KeptEvent::Text(text(source)), true).unwrap();
        let attribute = format!(r#","traceparent":"{}"}}"#, trace::traceparent("c", "i"));
        let untraced = text(CONTROL_PLANE);
        assert_eq!(traced(CONTROL_PLANE), untraced.strip_suffix('}').unwrap().to_owned() + &attribute);
        assert_eq!(traced("another"), text("another"));
    }
}
