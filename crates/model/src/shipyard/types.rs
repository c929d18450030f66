//! What a shipyard means.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::duration;

/// The process of a project: its stages, and in each the sequences that can run there (contract: core.md 2.1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shipyard {
    /// Version of the format as written, such as `spec.keptn.sh/0.2.3`.
    pub api_version: String,
    /// Name for people; may be empty.
    pub name: String,
    /// In the order in which they stand.
    pub stages: Vec<Stage>,
}

/// A place that an artifact goes through.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// Unique in the shipyard.
    pub name: String,
    /// What can run here.
    pub sequences: Vec<Sequence>,
}

/// Tasks that run one after the other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sequence {
    /// Its name within the stage.
    pub name: String,
    /// What ends start it; without any only an event from outside does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub triggered_on: Vec<Trigger>,
    /// In order; the same name may occur again.
    pub tasks: Vec<Task>,
}

/// The end of a sequence that starts another one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trigger {
    /// `<stage>.<sequence>.finished`.
    pub event: String,
    /// Key and value of `selector.match`; empty: results `pass` and `warning`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub selector: BTreeMap<String, String>,
}

/// One step of a sequence, answered by whatever tool handles its name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// What is to be done, such as `deployment`.
    pub name: String,
    /// How long to wait before it is offered, as a Go duration such as `10m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub triggered_after: Option<String>,
    /// Handed to the tool under the task's name; null when there are none.
    #[serde(default)]
    pub properties: Value,
}

impl Shipyard {
    /// The stage of that name.
    pub fn stage(&self, name: &str) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.name == name)
    }
}

impl Stage {
    /// The first sequence of that name.
    pub fn sequence(&self, name: &str) -> Option<&Sequence> {
        self.sequences.iter().find(|sequence| sequence.name == name)
    }
}

impl Task {
    /// How long to wait before it is offered. As in v1 a text that is no duration, or one below zero, does not delay.
    pub fn delay(&self) -> SignedDuration {
        let nanos = self.triggered_after.as_deref().and_then(|text| duration::parse(text).ok()).unwrap_or(0);
        SignedDuration::from_nanos(nanos.max(0))
    }
}
