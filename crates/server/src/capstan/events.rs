//! Events from outside, each taken in once by its source and its id.

use axum::Json;
use axum::extract::State;
use capstan_engine::orchestrate::ids;
use capstan_model::event::CloudEvent;
use capstan_runtime::command::{Command, IdempotencyKey, Ingest, Reply};
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::Problem;
use crate::body::Sent;
use crate::error::Failure;
use crate::state::AppState;
use crate::v1::spare_attributes;

/// Where an event went.
#[derive(Serialize, ToSchema)]
pub(super) struct Accepted {
    /// The run that it belongs to.
    context: String,
    /// Its id, as it was sent.
    id: String,
}

/// Take in a `CloudEvent` in structured JSON. Its id stays as it is, and its time where it has one. The same source and id
/// once more is answered as the first time, for 24 hours, and nothing happens twice.
#[utoipa::path(
    post,
    path = "/api/capstan/v1/events",
    operation_id = "send_event",
    tag = "events",
    request_body(content = serde_json::Value, content_type = "application/cloudevents+json"),
    responses(
        (status = 200, description = "The event is stored, now or before.", body = Accepted),
        (status = 400, description = "The body is no event.", body = Problem),
        (status = 401, description = "The token is missing or wrong.", body = Problem),
        (status = 409, description = "Another event had this source and id.", body = Problem),
        (status = 413, description = "The event is too large.", body = Problem),
        (status = 503, description = "The server is busy or stopping; try again.", body = Problem),
    )
)]
pub(super) async fn post(State(state): State<AppState>, sent: Sent) -> Result<Json<Accepted>, Failure> {
    let refuse = |why: String| Failure::bad_request(format!("the body is no event: {why}"));
    let mut value = sent.json().map_err(refuse)?;
    // The order of keys and the blanks between them make no other event.
    value.sort_all_objects();
    let content = value.to_string();
    if let Some(version) = value.get("specversion").filter(|version| *version != "1.0") {
        return Err(refuse(format!("'specversion' is {version}, this is a server of \"1.0\"")));
    }
    let mut event = CloudEvent::from_json(value).map_err(|error| refuse(error.to_string()))?;
    if event.source.is_empty() {
        return Err(refuse("the attribute 'source' is missing".to_owned()));
    }
    let clock = state.handle.clock();
    event.time = event.time.or_else(|| Some(clock.now()));
    event.context =
        Some(event.context.map_or_else(|| clock.new_id(), |context| ids::context_from(&context)));
    let spare = spare_attributes(&mut event.extensions);
    event.extensions.extend(spare);
    let key = Some(IdempotencyKey::of_event(&event.source, &event.id, content.as_bytes()));
    let id = event.id.clone();
    match state.handle.submit(Command::Ingest(Box::new(Ingest { event, key }))).await? {
        Reply::Accepted { context, id } => Ok(Json(Accepted { context, id })),
        Reply::Done | Reply::Nothing | Reply::More => Ok(Json(Accepted { context: String::new(), id })),
    }
}
