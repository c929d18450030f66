//! Events from outside (contract: surfaces.md 1.3; core.md 1.1 and 1.5, validation off as in v1's chart).

use axum::Json;
use axum::extract::State;
use capstan_engine::orchestrate::ids;
use capstan_model::event::CloudEvent;
use capstan_model::event::cloud_event::kind_of;
use capstan_model::timeframe;
use capstan_runtime::command::{Command, IdempotencyKey, Ingest, Reply};
use capstan_runtime::ports::Clock;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::body::Sent;
use crate::error::Failure;
use crate::idempotency::Idempotency;
use crate::state::AppState;

/// The source of events that name none, as in v1.
const SOURCE: &str = "https://github.com/keptn/keptn/api";

/// The run that an event belongs to.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Accepted {
    keptn_context: String,
}

/// Takes an event in, under an id and at a time of the server's own.
pub(super) async fn post(
    State(state): State<AppState>,
    idempotency: Idempotency,
    sent: Sent,
) -> Result<Json<Accepted>, Failure> {
    let unparsable = |why: String| Failure::bad_request(format!("parsing body body from \"\" failed, because {why}"));
    let key = idempotency.key()?.map(|key| IdempotencyKey::given(key, &sent.0));
    let mut attributes = match sent.json().map_err(unparsable)? {
        Value::Object(attributes) => attributes,
        Value::Null => Map::new(),
        other => return Err(unparsable(format!("an event is a JSON object, this is {}", kind_of(&other)))),
    };
    let event = event(&mut attributes, state.handle.clock()).map_err(|fault| match fault {
        Fault::WrongType(attribute, got) => unparsable(format!("'{attribute}' must be text, this is {got}")),
        Fault::NoTime(text) => unparsable(format!("'time' is no RFC 3339 time: '{text}'")),
        Fault::Missing(attribute) => Failure::unprocessable(602, format!("{attribute} in body is required")),
    })?;
    match state.handle.submit(Command::Ingest(Box::new(Ingest { event, key }))).await? {
        Reply::Accepted { context, .. } => Ok(Json(Accepted { keptn_context: context })),
        _ => Ok(Json(Accepted { keptn_context: String::new() })),
    }
}

/// Extension attributes of an event that came through the API: those that v1 knows.
pub(crate) fn spare_attributes(attributes: &mut Map<String, Value>) -> Map<String, Value> {
    let mut spare = Map::new();
    spare.insert("contenttype".to_owned(), "application/json".into());
    for name in ["shkeptnspecversion", "extensions"] {
        let value = attributes.shift_remove(name).filter(|value| !value.is_null() && *value != "");
        spare.extend(value.map(|value| (name.to_owned(), value)));
    }
    spare
}

/// Why attributes make no event.
enum Fault {
    WrongType(&'static str, &'static str),
    NoTime(String),
    Missing(&'static str),
}

/// Types first, as a body that does not fit them is no event at all in v1; then what is required, in v1's order.
fn event(attributes: &mut Map<String, Value>, clock: &dyn Clock) -> Result<CloudEvent, Fault> {
    let mut text = |name: &'static str| match attributes.get_mut(name).map(Value::take) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(Fault::WrongType(name, kind_of(&other))),
    };
    for ignored in ["id", "specversion", "contenttype"] {
        text(ignored)?;
    }
    if let Some(time) = text("time")?.filter(|time| !time.is_empty() && timeframe::parse_timestamp(time).is_err()) {
        return Err(Fault::NoTime(time));
    }
    let (kind, source) = (text("type")?, text("source")?);
    let (context, triggered_id, commit) = (text("shkeptncontext")?, text("triggeredid")?, text("gitcommitid")?);
    if let Some(version) = attributes.get("shkeptnspecversion").filter(|value| !value.is_string() && !value.is_null()) {
        return Err(Fault::WrongType("shkeptnspecversion", kind_of(version)));
    }
    let data = attributes.get_mut("data").map(Value::take).filter(|data| !data.is_null());
    let data = data.ok_or(Fault::Missing("data"))?;
    let source = source.ok_or(Fault::Missing("source"))?;
    let kind = kind.filter(|kind| !kind.is_empty()).ok_or(Fault::Missing("type"))?;
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    Ok(CloudEvent {
        id: clock.new_id(),
        source: if source.is_empty() { SOURCE.to_owned() } else { source },
        kind,
        time: Some(clock.now()),
        context: Some(given(context).map_or_else(|| clock.new_id(), |context| ids::context_from(&context))),
        triggered_id: given(triggered_id),
        commit: given(commit),
        extensions: spare_attributes(attributes),
        data,
    })
}
