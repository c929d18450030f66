//! An event as Keptn v1's REST surface writes it: one flat object, `contenttype` instead of `datacontenttype`
//! (contract: core.md 1.1).

use jiff::Timestamp;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::CloudEvent;

/// The version of the event specification on events that the control plane makes, as recorded from v1.
pub const CONTROL_PLANE_SPEC_VERSION: &str = "latest";

/// Serialises an event in v1's REST shape: what the envelope does not name stands where it came from, in `extensions`.
#[derive(Debug, Clone, Copy)]
pub struct RestEvent<'a>(pub &'a CloudEvent);

impl Serialize for RestEvent<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let event = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("data", &event.data)?;
        map.serialize_entry("id", &event.id)?;
        for (name, value) in [("shkeptncontext", &event.context), ("triggeredid", &event.triggered_id)] {
            if let Some(value) = value {
                map.serialize_entry(name, value)?;
            }
        }
        map.serialize_entry("source", &event.source)?;
        map.serialize_entry("specversion", "1.0")?;
        if let Some(time) = event.time {
            map.serialize_entry("time", &display_time(time))?;
        }
        map.serialize_entry("type", &event.kind)?;
        if let Some(commit) = &event.commit {
            map.serialize_entry("gitcommitid", commit)?;
        }
        for (name, value) in &event.extensions {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// RFC 3339 in UTC with as many decimals as there are.
pub fn display_time(time: Timestamp) -> String {
    time.to_string()
}

/// The text of a field of `data`, empty where there is none.
pub fn data_text<'a>(data: &'a Value, field: &str) -> &'a str {
    data.get(field).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_is_flat_and_reads_back() {
        let value = json!({
            "data": {"project": "p"}, "id": "1", "shkeptncontext": "c", "triggeredid": "x", "source": "s",
            "specversion": "1.0", "time": "2024-01-02T15:00:00.123456789Z", "type": "t", "gitcommitid": "abc",
            "contenttype": "application/json", "shkeptnspecversion": "0.2.4"
        });
        let event = CloudEvent::from_json(value.clone()).unwrap();
        assert_eq!(serde_json::to_string(&RestEvent(&event)).unwrap(), value.to_string());
    }
}
