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

// It only describes what `CloudEvent` reads.
/// An event as it is sent. Further attributes are kept.
#[derive(Serialize, ToSchema)]
#[schema(as = SentEvent)]
struct Event {
    /// `1.0`.
    #[schema(nullable = false, pattern = "^1\\.0$")]
    specversion: Option<String>,
    /// Identifies the event among those of its source.
    #[schema(min_length = 1)]
    id: String,
    /// Who sends it.
    #[schema(min_length = 1)]
    source: String,
    /// What it is.
    #[schema(min_length = 1, example = "sh.keptn.event.dev.delivery.triggered")]
    r#type: String,
    /// When it happened; now, where it is left out.
    #[schema(format = DateTime)]
    time: Option<String>,
    /// The run that it belongs to; a new one, where it is left out. A text that is no UUID becomes one, always the same.
    shkeptncontext: Option<String>,
    /// The `.triggered` event that it answers.
    triggeredid: Option<String>,
    /// The commit that the run takes its resources from.
    gitcommitid: Option<String>,
    /// What it says; orchestration reads `project`, `stage`, `service`, `labels`, `status`, `result` and `message`.
    #[schema(value_type = Object)]
    data: Option<serde_json::Value>,
}

/// Where an event went.
#[derive(Serialize, ToSchema)]
pub(super) struct Accepted {
    /// The run that it belongs to.
    context: String,
    /// Its id, as it was sent.
    id: String,
    /// Why it changed nothing, where it answers a task and did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    ignored: Option<String>,
}

/// Send an event.
///
/// It comes as a `CloudEvent` in structured JSON. Its id stays as it is, and its time where it has one. The same source and
/// id once more is answered as the first time, for 24 hours, and nothing happens twice.
#[utoipa::path(
    post,
    path = "/api/capstan/v1/events",
    operation_id = "send_event",
    tag = "events",
    request_body(content = Event, content_type = "application/cloudevents+json"),
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
    let value = sent.json().map_err(refuse)?;
    // The order of keys and the blanks between them make no other event.
    let mut content = value.clone();
    content.sort_all_objects();
    let content = content.to_string();
    if let Some(version) = value.get("specversion").filter(|version| *version != "1.0") {
        return Err(refuse(format!("'specversion' is {version}, this is a server of \"1.0\"")));
    }
    let mut event = CloudEvent::from_json(value).map_err(|error| refuse(error.to_string()))?;
    if event.source.is_empty() {
        return Err(refuse("the attribute 'source' is missing".to_owned()));
    }
    let clock = state.handle.clock();
    event.time = event.time.or_else(|| Some(clock.now()));
    event.context = Some(event.context.map_or_else(|| clock.new_id(), |context| ids::context_from(&context)));
    let spare = spare_attributes(&mut event.extensions);
    event.extensions.extend(spare);
    let key = Some(IdempotencyKey::of_event(&event.source, &event.id, content.as_bytes()));
    let id = event.id.clone();
    match state.handle.submit(Command::Ingest(Box::new(Ingest { event, key }))).await? {
        Reply::Accepted { context, id, ignored } => Ok(Json(Accepted { context, id, ignored })),
        _ => Ok(Json(Accepted { context: String::new(), id, ignored: None })),
    }
}
