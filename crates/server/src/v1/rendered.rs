//! Events as v1's store of events and its list of open tasks show them (contract: core.md 1.1 and 1.3).

use capstan_engine::orchestrate::{CONTROL_PLANE, trace};
use capstan_model::event::rest::RestEvent;
use capstan_model::event::{CloudEvent, EventType};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

/// An event in v1's shape, with no attribute that v1 lacks.
pub(super) struct Rendered(CloudEvent);

impl Rendered {
    /// As the list of open tasks has it. `traced`: with the attempt's `traceparent` (W3C Trace Context), which v1 does not have.
    pub(super) fn open(mut event: CloudEvent, traced: bool) -> Self {
        event.extensions.retain(|name, _| matches!(name.as_str(), "contenttype" | "shkeptnspecversion" | "extensions"));
        let is_task = matches!(EventType::parse(&event.kind), EventType::Task { phase: "triggered", .. });
        if let Some(context) = event.context.as_ref().filter(|_| traced && is_task && event.source == CONTROL_PLANE) {
            let traceparent = trace::traceparent(context, &event.id);
            event.extensions.insert("traceparent".to_owned(), traceparent.into());
        }
        Self(event)
    }

    /// As the store of events has it. In v1 that is a connector like any other and leaves its mark, with an empty id.
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
        Self::open(event, traced)
    }
}

impl Serialize for Rendered {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RestEvent(&self.0).serialize(serializer)
    }
}
