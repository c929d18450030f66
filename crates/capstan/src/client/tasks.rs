//! Open tasks and answers to them, as tools of Keptn v1 poll and give them.

use capstan_model::event::event_type::PREFIX;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::connection::{Connection, Repeat};
use super::error::ClientError;

/// An open task.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Offer {
    /// Id of its `.triggered` event.
    pub(crate) id: String,
    #[serde(rename = "shkeptncontext")]
    pub(crate) context: String,
    /// What it is about.
    pub(crate) data: Value,
}

/// What a tool says of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Started,
    Finished,
}

#[derive(Deserialize)]
struct Page {
    events: Vec<Offer>,
}

impl Connection {
    /// The open tasks of that name.
    pub(crate) async fn offers(&self, task: &str) -> Result<Vec<Offer>, ClientError> {
        let kind = format!("{PREFIX}{task}.triggered");
        let path = ["api", "controlPlane", "v1", "event", "triggered", &kind];
        let request = self.request(Method::GET, &path, &[("pageSize", "100")]);
        Ok(self.ask::<Page>(request, Repeat::Harmless).await?.read.events)
    }

    /// Says that the work on a task has begun.
    pub(crate) async fn start(&self, tool: &str, task: &str, offer: &Offer) -> Result<(), ClientError> {
        self.say(tool, task, offer, Phase::Started, json!({})).await
    }

    /// Answers a task; `data` is laid over project, stage, service and labels of the task.
    pub(crate) async fn finish(&self, tool: &str, task: &str, offer: &Offer, data: Value) -> Result<(), ClientError> {
        self.say(tool, task, offer, Phase::Finished, data).await
    }

    async fn say(&self, tool: &str, task: &str, offer: &Offer, phase: Phase, data: Value) -> Result<(), ClientError> {
        let word = match phase {
            Phase::Started => "started",
            Phase::Finished => "finished",
        };
        let mut whole = json!({});
        for key in ["project", "stage", "service", "labels"] {
            if let Some(value) = offer.data.get(key) {
                whole[key] = value.clone();
            }
        }
        if let Value::Object(data) = data {
            data.into_iter().for_each(|(key, value)| whole[key.as_str()] = value);
        }
        let event = json!({
            "specversion": "1.0", "type": format!("{PREFIX}{task}.{word}"), "source": tool,
            "shkeptncontext": offer.context, "triggeredid": offer.id, "data": whole,
        });
        let request = self.request(Method::POST, &["api", "v1", "event"], &[]);
        let request = request.header("idempotency-key", format!("{tool} {} {word}", offer.id)).json(&event);
        self.ask::<Value>(request, Repeat::Harmless).await.map(|_| ())
    }
}
