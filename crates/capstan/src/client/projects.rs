//! Projects of a server.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::connection::{Connection, Document, Repeat};
use super::error::ClientError;

/// A list of projects.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct ProjectPage {
    /// By name.
    pub(crate) projects: Vec<Listed>,
}

/// A project in a list.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Listed {
    pub(crate) name: String,
    pub(crate) created: Timestamp,
    /// The commit of its configuration.
    #[serde(default)]
    pub(crate) commit: Option<String>,
}

/// A project with its process.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Project {
    pub(crate) name: String,
    pub(crate) created: Timestamp,
    #[serde(default)]
    pub(crate) commit: Option<String>,
    /// In the order of the shipyard.
    #[serde(default)]
    pub(crate) stages: Vec<Stage>,
    #[serde(default)]
    pub(crate) services: Vec<Service>,
    #[serde(default)]
    pub(crate) retention: Option<Retention>,
}

/// How long the runs of a project are kept.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Retention {
    pub(crate) runs: Kept,
    pub(crate) evaluations: Kept,
}

/// How long something is kept.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Kept {
    /// A duration, or `all`.
    pub(crate) keep: String,
    /// `project` or `server`.
    pub(crate) from: String,
}

/// A stage of a project.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Stage {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) sequences: Vec<Sequence>,
}

/// A sequence of a stage.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Sequence {
    pub(crate) name: String,
    /// Names, in order.
    #[serde(default)]
    pub(crate) tasks: Vec<String>,
}

/// A service of a project.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Service {
    pub(crate) name: String,
}

impl Connection {
    /// All projects, in one document.
    pub(crate) async fn projects(&self) -> Result<Document<ProjectPage>, ClientError> {
        self.whole(&["projects"], &[]).await
    }

    pub(crate) async fn project(&self, name: &str) -> Result<Document<Project>, ClientError> {
        self.get(&["projects", name], &[]).await
    }

    pub(crate) async fn create_project(&self, name: &str, shipyard: &str) -> Result<Document<Project>, ClientError> {
        self.post(&["projects"], &json!({ "name": name, "shipyard": shipyard }), Repeat::Never).await
    }

    /// Says how long the runs of a project are kept; what is none stays as it is.
    pub(crate) async fn retain(
        &self,
        name: &str,
        runs: Option<&str>,
        evaluations: Option<&str>,
    ) -> Result<Document<Project>, ClientError> {
        let wishes = [("runs", runs), ("evaluations", evaluations)];
        let wishes = wishes.into_iter().filter_map(|(what, keep)| Some((what.to_owned(), keep?.into())));
        let retention: serde_json::Map<String, Value> = wishes.collect();
        self.patch(&["projects", name], &json!({ "retention": retention })).await
    }

    pub(crate) async fn delete_project(&self, name: &str) -> Result<Document<Value>, ClientError> {
        self.delete(&["projects", name]).await
    }
}
