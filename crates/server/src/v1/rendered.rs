//! Events as v1's store of events and its list of open tasks show them (contract: core.md 1.1 and 1.3).

use capstan_model::event::CloudEvent;
use capstan_model::event::rest::RestEvent;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

/// An event in v1's shape, with no attribute that v1 lacks.
pub(super) struct Rendered(CloudEvent);

impl Rendered {
    /// As the list of open tasks has it.
    pub(super) fn open(mut event: CloudEvent) -> Self {
        event.extensions.retain(|name, _| matches!(name.as_str(), "contenttype" | "shkeptnspecversion" | "extensions"));
        Self(event)
    }

    /// As the store of events has it. In v1 that is a connector like any other and leaves its mark, with an empty id.
    pub(super) fn stored(mut event: CloudEvent) -> Self {
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
        Self::open(event)
    }
}

impl Serialize for Rendered {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RestEvent(&self.0).serialize(serializer)
    }
}
