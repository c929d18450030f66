//! The steps of the recording.

use serde_json::Value;

use super::compare::Bindings;
use super::{Server, Token};

const TRANSCRIPT: &str = include_str!("../../../../tests/fixtures/keptn/transcript.json");

/// The shipyard of the story.
pub(crate) const SHIPYARD: &str = include_str!("../../../../tests/fixtures/keptn/shipyard.yaml");

/// A request and its answer as recorded.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) title: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) sent: Value,
    pub(crate) token: Token,
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) body: Value,
}

/// The steps of a group.
pub(crate) fn steps(group: &str) -> Vec<Step> {
    let transcript: Value = serde_json::from_str(TRANSCRIPT).unwrap();
    transcript[group].as_array().unwrap().iter().map(step).collect()
}

fn step(recorded: &Value) -> Step {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let request = &recorded["request"];
    let mut step = Step {
        title: text(&recorded["title"]),
        method: text(&request["method"]),
        path: text(&request["path"]),
        sent: request["body"].clone(),
        token: match request["token"].as_str() {
            Some("ok") => Token::Right,
            Some(_) => Token::Wrong,
            None => Token::None,
        },
        status: u16::try_from(recorded["status"].as_u64().unwrap()).unwrap(),
        content_type: text(&recorded["type"]),
        body: recorded["body"].clone(),
    };
    forget_upstream(&mut step.body);
    if let Some(keys) = recorded["keys"].as_array() {
        // Only the keys of this answer were kept, as other projects were in it.
        step.method = "GET".to_owned();
        step.path = "/controlPlane/v1/project?pageSize=1".to_owned();
        step.token = Token::Right;
        let any = |key: &Value| (text(key), Value::from("<anything>"));
        let mut body: serde_json::Map<String, Value> = keys.iter().map(any).collect();
        let project: serde_json::Map<String, Value> = recorded["project"].as_array().unwrap().iter().map(any).collect();
        body.insert("projects".to_owned(), Value::Array(vec![project.into()]));
        step.body = body.into();
    }
    step
}

/// A resource without a Git upstream says nothing of one.
fn forget_upstream(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.shift_remove("upstreamURL");
            members.values_mut().for_each(forget_upstream);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_upstream),
        _ => {}
    }
}

/// What stood before the first recorded step of a group.
pub(crate) fn prepare(server: &mut dyn Server, group: &str, bindings: &Bindings) {
    let project = match group {
        "resources" => "res<sfx>",
        "events in" => "evt<sfx>",
        "delivery" => "del<sfx>",
        "failure and rollback" => "fail<sfx>",
        _ => return,
    };
    let create = serde_json::json!({ "name": project, "shipyard": { "<base64>": "<the shipyard>" } });
    let service = serde_json::json!({ "serviceName": "svc" });
    let path = format!("/controlPlane/v1/project/{project}/service");
    for (path, body, status) in [("/controlPlane/v1/project", create, 201), (&path, service, 200)] {
        let answer = server.send("POST", &bindings.path(path, ""), bindings.body(&body).as_deref(), Token::Right);
        assert_eq!(answer.status, status, "{path}: {}", String::from_utf8_lossy(&answer.body));
    }
}
