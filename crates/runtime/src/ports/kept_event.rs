//! An event as a store keeps it.

use capstan_model::event::CloudEvent;
use capstan_model::event::rest::RestEvent;

use super::store::StoreError;

/// An event as a store keeps it. What is only passed on is not read where it is kept as text, and what is only looked into is
/// not written where it is kept as event.
#[derive(Debug, Clone)]
pub enum KeptEvent {
    /// What [`RestEvent`] writes, compact.
    Text(String),
    /// The event itself.
    Event(Box<CloudEvent>),
}

/// An open `.triggered` event of a task.
#[derive(Debug, Clone)]
pub struct OpenTask {
    /// Commit position of the event: what is offered later has a greater one.
    pub position: u64,
    /// The event.
    pub event: KeptEvent,
}

impl KeptEvent {
    /// What [`RestEvent`] writes, compact.
    pub fn into_text(self) -> Result<String, StoreError> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Event(event) => serde_json::to_string(&RestEvent(&event))
                .map_err(|error| StoreError::Failed(format!("could not write the event '{}': {error}", event.id))),
        }
    }

    /// The event, to look into.
    pub fn into_event(self) -> Result<CloudEvent, StoreError> {
        let unreadable = |why: String| StoreError::Unreadable(format!("an event: {why}"));
        match self {
            Self::Text(text) => {
                let value = serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
                CloudEvent::from_json(value).map_err(|error| unreadable(error.to_string()))
            }
            Self::Event(event) => Ok(*event),
        }
    }
}

impl From<CloudEvent> for KeptEvent {
    fn from(event: CloudEvent) -> Self {
        Self::Event(Box::new(event))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_forms_are_the_same_event() {
        let event = CloudEvent::from_json(json!({
            "data": {"z": 1, "a": 1.0}, "id": "1", "source": "s", "type": "t", "shkeptnspecversion": "0.2.4"
        }));
        let event = event.unwrap();
        let text = KeptEvent::from(event.clone()).into_text().unwrap();
        assert_eq!(
            text,
            r#"{"data":{"z":1,"a":1.0},"id":"1","source":"s","specversion":"1.0","type":"t","shkeptnspecversion":"0.2.4"}"#
        );
        assert_eq!(KeptEvent::Text(text.clone()).into_event().unwrap(), event);
        assert_eq!(KeptEvent::Text(text.clone()).into_text().unwrap(), text);
        assert_eq!(KeptEvent::from(event.clone()).into_event().unwrap(), event);
        for (bad, why) in [("{", "EOF"), ("{}", "the attribute 'id' is missing")] {
            let told = KeptEvent::Text(bad.to_owned()).into_event().unwrap_err().to_string();
            assert!(told.starts_with("the store holds what this version cannot read: an event: "), "{told}");
            assert!(told.contains(why), "{told}");
        }
    }
}
