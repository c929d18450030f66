//! Steps that several tests begin with.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::TestServer;

/// The shipyard of v1's recorded story.
pub(crate) const SHIPYARD: &str = include_str!("../../../../tests/fixtures/keptn/shipyard.yaml");

impl TestServer {
    /// A project with the story's shipyard and the service `svc`.
    pub(crate) fn with_project(&self, name: &str) {
        self.with_shipyard(name, SHIPYARD);
    }

    /// A project with this shipyard and the service `svc`.
    pub(crate) fn with_shipyard(&self, name: &str, shipyard: &str) {
        let body = json!({ "name": name, "shipyard": STANDARD.encode(shipyard) });
        let answer = self.post("/api/controlPlane/v1/project", &body);
        assert_eq!(answer.status, 201, "{}", answer.text());
        let path = format!("/api/controlPlane/v1/project/{name}/service");
        assert_eq!(self.post(&path, &json!({ "serviceName": "svc" })).status, 200);
    }

    /// Sends an event in v1's way and answers its context.
    pub(crate) fn send(&self, kind: &str, project: &str, stage: &str, more: &Value) -> String {
        let mut data = json!({ "project": project, "stage": stage, "service": "svc" });
        let mut event = json!({ "specversion": "1.0", "source": "test", "type": format!("sh.keptn.event.{kind}") });
        for (key, value) in more.as_object().unwrap() {
            let envelope = matches!(key.as_str(), "shkeptncontext" | "triggeredid" | "source" | "gitcommitid");
            let target = if envelope { &mut event } else { &mut data };
            target[key] = value.clone();
        }
        event["data"] = data;
        let answer = self.post("/api/v1/event", &event);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["keptnContext"].as_str().unwrap().to_owned()
    }

    /// The id of the newest open task of this name.
    pub(crate) fn open(&self, task: &str, project: &str) -> Option<String> {
        let path = format!("/api/controlPlane/v1/event/triggered/sh.keptn.event.{task}.triggered?project={project}");
        self.get(&path).json()["events"][0]["id"].as_str().map(str::to_owned)
    }

    /// Starts and finishes an open task.
    pub(crate) fn answer(&self, task: &str, project: &str, stage: &str, context: &str, result: &str) {
        let id = self.open(task, project).unwrap_or_else(|| panic!("no open {task}"));
        let reference = json!({ "shkeptncontext": context, "triggeredid": id });
        self.send(&format!("{task}.started"), project, stage, &reference);
        let reference =
            json!({ "shkeptncontext": context, "triggeredid": id, "status": "succeeded", "result": result });
        self.send(&format!("{task}.finished"), project, stage, &reference);
    }

    /// The run in v1's shape.
    pub(crate) fn state(&self, project: &str, context: &str) -> Value {
        self.get(&format!("/api/controlPlane/v1/sequence/{project}?keptnContext={context}")).json()["states"][0].clone()
    }

    /// The sequences of a run in v1's shape, the newest first.
    pub(crate) fn executions(&self, project: &str, context: &str) -> Value {
        let path = format!("/api/controlPlane/v1/sequence-execution?project={project}&keptnContext={context}");
        self.get(&path).json()["sequenceExecutions"].clone()
    }

    /// Steers a run.
    pub(crate) fn control(&self, project: &str, context: &str, state: &str, stage: &str) {
        let path = format!("/api/controlPlane/v1/sequence/{project}/{context}/control");
        let answer = self.post(&path, &json!({ "state": state, "stage": stage }));
        assert_eq!((answer.status, answer.text().as_str()), (200, "{}"));
    }
}
