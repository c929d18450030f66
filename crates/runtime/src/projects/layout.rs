//! Which file of a configuration is what.

use capstan_model::shipyard::{self, Shipyard};

use super::error::ProjectError;
use crate::ports::FileChange;

/// Where the shipyard lies.
pub(super) const SHIPYARD: &str = "shipyard.yaml";

/// Where the stages lie.
pub(super) const STAGES: &str = ".keptn-stages";

/// Reads a shipyard.
pub(super) fn read(text: &str) -> Result<Shipyard, ProjectError> {
    shipyard::read(text).map(|read| read.shipyard).map_err(ProjectError::Shipyard)
}

/// In the order of their names: to change the order is to change nothing.
pub(super) fn stage_names(shipyard: &Shipyard) -> Vec<&str> {
    let mut names: Vec<&str> = shipyard.stages.iter().map(|stage| &*stage.name).collect();
    names.sort_unstable();
    names
}

/// The directory layout of v1 (contract: core.md 8).
pub(super) fn stage_folder(stage: &str) -> String {
    format!("{STAGES}/{stage}")
}

/// What v1 keeps beside a shipyard.
pub(super) fn project_metadata(name: &str, now: &str) -> String {
    format!("projectName: {}\ncreationTimestamp: {now}\nisUsingDirectoryStructure: true\n", quoted(name))
}

/// A text in double quotes, which YAML reads as JSON does.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A file to write.
pub(super) fn write_file(path: &str, content: &str) -> FileChange {
    FileChange { path: path.to_owned(), content: Some(content.as_bytes().to_vec()) }
}
