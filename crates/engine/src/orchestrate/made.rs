//! Events that the control plane makes.

use capstan_model::event::CloudEvent;
use capstan_model::event::rest::CONTROL_PLANE_SPEC_VERSION;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::sequence::CONTROL_PLANE;

/// An event of the control plane, in the shape that v1's have: no content type, and the version of its specification.
pub fn control_plane_event(id: String, kind: String, context: &str, at: Timestamp, data: Value) -> CloudEvent {
    let mut extensions = Map::new();
    extensions.insert("shkeptnspecversion".to_owned(), CONTROL_PLANE_SPEC_VERSION.into());
    CloudEvent {
        id,
        source: CONTROL_PLANE.to_owned(),
        kind,
        time: Some(at),
        context: Some(context.to_owned()),
        triggered_id: None,
        commit: None,
        extensions,
        data,
    }
}
