//! What a shipyard means.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::when::When;
use crate::duration;

/// The process of a project: its stages, and in each the sequences that can run there (contract: core.md 2.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipyard {
    /// Version of the format as written, such as `spec.keptn.sh/0.2.3`.
    pub api_version: String,
    /// Name for people; may be empty.
    pub name: String,
    /// In the order in which they stand.
    pub stages: Vec<Stage>,
}

/// A place that an artifact goes through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// Unique in the shipyard.
    pub name: String,
    /// What can run here.
    pub sequences: Vec<Arc<Sequence>>,
}

/// Tasks that run one after the other, or side by side where they form a group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sequence {
    /// Its name within the stage.
    pub name: String,
    /// What ends start it; without any only an event from outside does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub triggered_on: Vec<Trigger>,
    /// How long it may take from its first turn to its last task, without those that are `finally`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<SignedDuration>,
    /// With what it shares its turn; without: with whatever runs on the service in the stage, one run after the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<Concurrency>,
    /// In order; the same name may occur again.
    pub tasks: Vec<Task>,
}

/// The end of a sequence that starts another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// `<stage>.<sequence>.finished`.
    pub event: String,
    /// Key and value of `selector.match`; empty: results `pass` and `warning`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub selector: BTreeMap<String, String>,
}

/// With what a sequence shares its turn, and what happens when that is taken.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concurrency {
    /// Sequences of the project with the same key take turns; `{path}` in it stands for a text in the trigger's data, such as
    /// `{service}`. None: the key is stage and service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What becomes of a sequence that finds others of another run there.
    #[serde(default)]
    pub policy: Policy,
}

/// What becomes of a sequence that finds others of another run under its key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// It waits for its turn.
    #[default]
    Queue,
    /// The others are aborted, those that wait and those that run.
    Supersede,
    /// It does not begin.
    Reject,
}

/// One step of a sequence, answered by whatever tool handles its name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// What is to be done, such as `deployment`.
    pub name: String,
    /// How long to wait before it is offered, as a Go duration such as `10m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub triggered_after: Option<String>,
    /// How long it may wait for its first sign of life; none: as long as the server's setting says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_timeout: Option<SignedDuration>,
    /// How long an attempt may take from its first start to its last answer, whatever is heard meanwhile; none: it may be
    /// silent for as long as the server's setting says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<SignedDuration>,
    /// How often it is tried; none: once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// Where that does not hold the task is skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
    /// The group that it forms with those of the same name right before and behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallel: Option<String>,
    /// When its group is over; counts on the first task of a group.
    #[serde(default, skip_serializing_if = "Join::is_all")]
    pub join: Join,
    /// Whether it runs at the end whatever has happened before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub finally: bool,
    /// Handed to the tool under the task's name; null when there are none.
    #[serde(default)]
    pub properties: Value,
}

/// How often a task is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// Attempts in all, the first included; at least 1.
    pub attempts: u32,
    /// How long to wait before the second; before each further one twice as long as before the last.
    #[serde(default)]
    pub backoff: SignedDuration,
}

/// When a parallel group is over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Join {
    /// When all of its tasks are; the worst result counts.
    #[default]
    All,
    /// When one has ended well; the others are cancelled.
    Any,
}

impl Join {
    /// Whether it is the default.
    pub fn is_all(&self) -> bool {
        *self == Self::All
    }
}

impl Retry {
    /// The longest that a doubled backoff becomes; one that is longer as written stays as it is.
    const LONGEST: SignedDuration = SignedDuration::from_hours(1);

    /// How long to wait after so many attempts that failed.
    pub fn pause(&self, failed: u32) -> SignedDuration {
        let doublings = failed.saturating_sub(1).min(31);
        let doubled = self.backoff.saturating_mul(1 << doublings.min(30));
        doubled.min(Self::LONGEST.max(self.backoff))
    }
}

impl Shipyard {
    /// The stage of that name.
    pub fn stage(&self, name: &str) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.name == name)
    }
}

impl Stage {
    /// The first sequence of that name.
    pub fn sequence(&self, name: &str) -> Option<&Arc<Sequence>> {
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
