//! The `CloudEvents` 1.0 envelope in structured JSON, with the extensions of Keptn v1.

use jiff::Timestamp;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::timeframe;

/// Version of the event specification that v1's last release names.
pub const KEPTN_SPEC_VERSION: &str = "0.2.4";

/// An event: who says what about which context, and the data: typed where we made it, plain JSON where it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct CloudEvent<D = Value> {
    /// Identifies the event; opaque.
    pub id: String,
    /// Who sends it.
    pub source: String,
    /// What it is, such as `sh.keptn.event.evaluation.finished`.
    pub kind: String,
    /// When it happened; some senders leave it out.
    pub time: Option<Timestamp>,
    /// The run that it belongs to.
    pub context: Option<String>,
    /// The `triggered` event that it answers.
    pub triggered_id: Option<String>,
    /// The commit that its configuration comes from.
    pub commit: Option<String>,
    /// Further attributes, in the order in which they came.
    pub extensions: Map<String, Value>,
    /// The payload; null where there is none.
    pub data: D,
}

/// Why a JSON value is no event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Not an object at all.
    #[error("an event is a JSON object, this is {0}")]
    NotAnObject(&'static str),
    /// A required attribute is missing or empty.
    #[error("the attribute '{0}' is missing")]
    Missing(&'static str),
    /// An attribute has a wrong type.
    #[error("the attribute '{0}' must be text")]
    NotText(&'static str),
    /// The time is not RFC 3339.
    #[error("the attribute 'time' is no RFC 3339 time: '{0}'")]
    Time(String),
}

impl CloudEvent {
    /// Reads an event. Required are `id` and `type`; everything else is taken as it comes.
    pub fn from_json(value: Value) -> Result<Self, EnvelopeError> {
        let Value::Object(mut attributes) = value else {
            return Err(EnvelopeError::NotAnObject(kind_of(&value)));
        };
        let mut text = |name: &'static str| match attributes.shift_remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(EnvelopeError::NotText(name)),
        };
        let required =
            |name, text: Option<String>| text.filter(|text| !text.is_empty()).ok_or(EnvelopeError::Missing(name));
        let id = required("id", text("id")?)?;
        let kind = required("type", text("type")?)?;
        let source = text("source")?.unwrap_or_default();
        let not_empty = |text: Option<String>| text.filter(|text| !text.is_empty());
        let time = match not_empty(text("time")?) {
            None => None,
            Some(text) => Some(timeframe::parse_timestamp(&text).map_err(|_| EnvelopeError::Time(text))?),
        };
        let context = not_empty(text("shkeptncontext")?);
        let triggered_id = not_empty(text("triggeredid")?);
        let commit = not_empty(text("gitcommitid")?);
        for fixed in ["specversion", "datacontenttype"] {
            attributes.shift_remove(fixed);
        }
        let data = attributes.shift_remove("data").unwrap_or(Value::Null);
        Ok(Self { id, source, kind, time, context, triggered_id, commit, extensions: attributes, data })
    }
}

impl<D: Serialize> Serialize for CloudEvent<D> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("specversion", "1.0")?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("source", &self.source)?;
        map.serialize_entry("type", &self.kind)?;
        if let Some(time) = self.time {
            map.serialize_entry("time", &timeframe::display(time))?;
        }
        map.serialize_entry("datacontenttype", "application/json")?;
        let optional =
            [("shkeptncontext", &self.context), ("triggeredid", &self.triggered_id), ("gitcommitid", &self.commit)];
        for (name, value) in optional {
            if let Some(value) = value {
                map.serialize_entry(name, value)?;
            }
        }
        if !self.extensions.contains_key("shkeptnspecversion") {
            map.serialize_entry("shkeptnspecversion", KEPTN_SPEC_VERSION)?;
        }
        for (name, value) in &self.extensions {
            map.serialize_entry(name, value)?;
        }
        map.serialize_entry("data", &self.data)?;
        map.end()
    }
}

/// The type of a JSON value, with its article.
pub fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_reads_back_as_it_was_with_unknown_attributes_in_order() {
        let value = json!({
            "specversion": "1.0", "id": "1", "source": "s", "type": "t", "time": "2024-01-02T15:00:00.000Z",
            "datacontenttype": "application/json", "shkeptncontext": "c", "triggeredid": "x",
            "shkeptnspecversion": "0.2.4", "zeta": 1, "alpha": "2", "data": {"b": 1, "a": 2}
        });
        let event = CloudEvent::from_json(value.clone()).unwrap();
        assert_eq!(serde_json::to_string(&event).unwrap(), value.to_string());
    }

    #[test]
    fn what_is_no_event_is_refused_by_name() {
        let error = |value| CloudEvent::from_json(value).unwrap_err().to_string();
        assert_eq!(error(json!([])), "an event is a JSON object, this is a list");
        assert_eq!(error(json!({"id": "1"})), "the attribute 'type' is missing");
        assert_eq!(error(json!({"id": 1, "type": "t"})), "the attribute 'id' must be text");
        assert_eq!(
            error(json!({"id": "1", "type": "t", "time": "now"})),
            "the attribute 'time' is no RFC 3339 time: 'now'"
        );
    }
}
