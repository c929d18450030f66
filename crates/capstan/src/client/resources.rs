//! Resources of a server's projects.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::connection::{Connection, Document, Repeat};
use super::error::ClientError;

/// Whose resources: a project's, or those of a stage, or of a service in a stage.
#[derive(Debug, Clone, Default)]
pub(crate) struct Level {
    pub(crate) project: String,
    pub(crate) stage: Option<String>,
    pub(crate) service: Option<String>,
}

/// A list of resources.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct ResourcePage {
    /// By path.
    pub(crate) resources: Vec<ListedResource>,
}

/// A resource in a list.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ListedResource {
    pub(crate) path: String,
}

/// A resource.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Resource {
    /// In base64.
    content: String,
}

/// What is to become of a resource.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) path: String,
    /// Its new bytes; none deletes it.
    pub(crate) content: Option<Vec<u8>>,
}

/// The commit with which something was changed.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Committed {
    pub(crate) commit: String,
}

impl Resource {
    /// Its bytes; none where the server wrote no base64.
    pub(crate) fn bytes(&self) -> Option<Vec<u8>> {
        STANDARD.decode(&self.content).ok()
    }
}

impl Level {
    fn query(&self) -> Vec<(&'static str, &str)> {
        let names = [("stage", &self.stage), ("service", &self.service)];
        names.into_iter().filter_map(|(key, name)| Some((key, name.as_deref()?))).collect()
    }

    /// A change at this level, as it is sent.
    fn change(&self, Change { path, content }: &Change) -> Value {
        let mut sent: Map<String, Value> = Map::new();
        sent.insert("path".to_owned(), path.as_str().into());
        sent.extend(self.query().into_iter().map(|(key, name)| (key.to_owned(), name.into())));
        sent.extend(content.as_ref().map(|content| ("content".to_owned(), STANDARD.encode(content).into())));
        sent.into()
    }
}

impl Connection {
    /// All resources of a level, in one document.
    pub(crate) async fn resources(&self, level: &Level) -> Result<Document<ResourcePage>, ClientError> {
        self.whole(&["projects", &level.project, "resources"], &level.query()).await
    }

    /// A resource as it was at a commit, else as it is; inherited from the levels above, where that is wanted.
    pub(crate) async fn resource(
        &self,
        level: &Level,
        path: &str,
        commit: Option<&str>,
        inherit: bool,
    ) -> Result<Document<Resource>, ClientError> {
        let mut query = [level.query(), vec![("path", path)]].concat();
        query.extend(commit.map(|commit| ("commit", commit)));
        query.extend(inherit.then_some(("inherit", "true")));
        self.get(&["projects", &level.project, "resource"], &query).await
    }

    /// Writes and deletes resources, all in one commit.
    pub(crate) async fn change_resources(
        &self,
        level: &Level,
        changes: &[Change],
    ) -> Result<Document<Committed>, ClientError> {
        let changes: Vec<Value> = changes.iter().map(|change| level.change(change)).collect();
        self.post(&["projects", &level.project, "resources"], &json!({ "changes": changes }), Repeat::Never).await
    }
}
