//! What is where.

use jiff::Timestamp;
use serde::Deserialize;

use super::connection::{Connection, Document};
use super::error::ClientError;

/// The services of a project and what of them is in each stage.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Status {
    /// By name.
    pub(crate) services: Vec<Service>,
}

/// A service.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Service {
    pub(crate) name: String,
    /// In the order of the shipyard.
    #[serde(default)]
    pub(crate) stages: Vec<InStage>,
}

/// What is known of a service in a stage; nothing but the stage where nothing has run there.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct InStage {
    pub(crate) stage: String,
    /// The image of the last good deployment.
    #[serde(default)]
    pub(crate) version: Option<String>,
    /// That of the last sequence that ended there.
    #[serde(default)]
    pub(crate) result: Option<String>,
    /// Of the last evaluation.
    #[serde(default)]
    pub(crate) score: Option<f64>,
    /// When that sequence ended.
    #[serde(default)]
    pub(crate) at: Option<Timestamp>,
}

impl Connection {
    pub(crate) async fn status(&self, project: &str) -> Result<Document<Status>, ClientError> {
        self.get(&["projects", project, "status"], &[]).await
    }
}
