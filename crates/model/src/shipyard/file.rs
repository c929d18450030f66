//! The file as it is written, with places; the JSON Schema is generated from these types.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::Value;

use super::strays;
use crate::diagnostic::Diagnostic;
use crate::yaml::{Decoder, FromYaml, NodeId, Spanned, Truncated};

/// The process of a project: its stages, and in each the sequences that can run there.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema)]
#[schemars(title = "shipyard.yaml", rename_all = "camelCase")]
pub struct ShipyardFile {
    /// Version of the format: `spec.keptn.sh/0.2.0` or later.
    #[schemars(required, extend("examples" = ["spec.keptn.sh/0.2.3"]))]
    pub api_version: Option<Spanned<String>>,
    /// `Shipyard`; never checked.
    #[schemars(extend("examples" = ["Shipyard"]))]
    pub kind: Option<Spanned<String>>,
    /// What the file says about itself.
    pub metadata: Option<MetadataBlock>,
    /// The process itself.
    #[schemars(required)]
    pub spec: Option<Spanned<SpecBlock>>,
}

/// What the file says about itself.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema)]
#[schemars(rename = "Metadata")]
pub struct MetadataBlock {
    /// Name for people; never checked.
    pub name: Option<String>,
}

/// The process itself.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema)]
#[schemars(rename = "Spec")]
pub struct SpecBlock {
    /// The stages, at least one.
    #[schemars(required, length(min = 1))]
    pub stages: Option<Vec<Spanned<StageEntry>>>,
}

/// A place that an artifact goes through.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema)]
#[schemars(rename = "Stage")]
pub struct StageEntry {
    /// Its name, unique in the file: a lower case letter, then lower case letters, digits and hyphens, the last no hyphen.
    #[schemars(required, regex(pattern = "^[a-z]([a-z0-9-]*[a-z0-9])?$"))]
    pub name: Option<Spanned<String>>,
    /// What can run here. A sequence `evaluation` of the one task `evaluation` is there without being written.
    pub sequences: Option<Vec<Spanned<SequenceEntry>>>,
}

/// Tasks that run one after the other, or side by side where they form a group.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema)]
#[schemars(rename = "Sequence", rename_all = "camelCase")]
pub struct SequenceEntry {
    /// Its name within the stage, without dots.
    #[schemars(required)]
    pub name: Option<Spanned<String>>,
    /// What ends start it; without any only an event from outside does.
    pub triggered_on: Option<Vec<Spanned<TriggerEntry>>>,
    /// How long it may take from its first turn to its last task, without those that are `finally`, such as `2h`.
    #[schemars(regex(pattern = DURATION), extend("examples" = ["2h", "1d"]))]
    pub timeout: Option<Spanned<String>>,
    /// With what it shares its turn; without: with whatever runs on the service in the stage, one run after the other.
    pub concurrency: Option<Spanned<ConcurrencyBlock>>,
    /// In order; the same name may occur again.
    #[schemars(required)]
    pub tasks: Option<Vec<Spanned<TaskEntry>>>,
}

/// With what a sequence shares its turn, and what happens when that is taken.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema)]
#[schemars(rename = "Concurrency")]
pub struct ConcurrencyBlock {
    /// Sequences of the project with the same key take turns. `{path}` stands for a text in the trigger's data. Without: stage and service.
    #[schemars(length(min = 1), extend("examples" = ["deploy-{service}"]))]
    pub key: Option<Spanned<String>>,
    /// What becomes of a sequence that finds those of another run there: `queue` (default) it waits; `supersede` the others are aborted; `reject` it does not begin.
    #[schemars(extend("enum" = ["queue", "supersede", "reject", null]))]
    pub policy: Option<Spanned<String>>,
}

/// The end of a sequence that starts another one.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema)]
#[schemars(rename = "Trigger")]
pub struct TriggerEntry {
    /// `<stage>.<sequence>.finished`.
    #[schemars(required, extend("examples" = ["dev.delivery.finished"]))]
    pub event: Option<Spanned<String>>,
    /// With which results; without it `pass` and `warning`.
    pub selector: Option<SelectorBlock>,
}

/// With which results a sequence is started.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema)]
#[schemars(rename = "Selector")]
pub struct SelectorBlock {
    /// `result`, or `<task>.result` of the last task that ran, each with `pass`, `warning` or `fail`. One of several keys is enough.
    #[schemars(rename = "match")]
    pub conditions: Option<BTreeMap<String, Spanned<String>>>,
}

/// One step of a sequence, answered by whatever tool handles its name.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema)]
#[schemars(rename = "Task", rename_all = "camelCase")]
pub struct TaskEntry {
    /// What is to be done, such as `deployment`, without dots.
    #[schemars(required)]
    pub name: Option<Spanned<String>>,
    /// How long to wait before the task is offered, such as `10m`.
    #[schemars(extend("examples" = ["10m", "1h30m"]))]
    pub triggered_after: Option<Spanned<String>>,
    /// How long it may wait for its first sign of life, such as `5m`; without: as long as the server's setting says.
    #[schemars(regex(pattern = DURATION), extend("examples" = ["5m"]))]
    pub start_timeout: Option<Spanned<String>>,
    /// How long an attempt may take from its first start to its last answer, such as `30m`.
    #[schemars(regex(pattern = DURATION), extend("examples" = ["30m"]))]
    pub timeout: Option<Spanned<String>>,
    /// How often it is tried; without: once.
    pub retry: Option<Spanned<RetryBlock>>,
    /// A condition over the data of the run; where it does not hold the task is skipped.
    #[schemars(length(max = 2000), extend("examples" = ["result == 'warning'", "labels.team in ['shop', 'cart']"]))]
    pub when: Option<Spanned<String>>,
    /// The group that it forms with the tasks of the same name right before and behind it; they run side by side.
    #[schemars(length(min = 1))]
    pub parallel: Option<Spanned<String>>,
    /// When the group is over that this task is the first of: `all` (default) its tasks are, or `any` of them has ended well.
    #[schemars(extend("enum" = ["all", "any", null]))]
    pub join: Option<Spanned<String>>,
    /// Whether it runs at the end whatever has happened before.
    pub finally: Option<Spanned<bool>>,
    /// Handed to the tool under the task's name; anything.
    pub properties: Option<Spanned<Value>>,
}

/// How often a task is tried.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema)]
#[schemars(rename = "Retry")]
pub struct RetryBlock {
    /// Attempts in all, the first included.
    #[schemars(required, range(min = 1, max = 100))]
    pub attempts: Option<Spanned<Truncated>>,
    /// How long to wait before the second, such as `10s`; before each further one twice as long as before the last. Without: no time.
    #[schemars(regex(pattern = DURATION), extend("examples" = ["10s"]))]
    pub backoff: Option<Spanned<String>>,
}

/// What a duration of the additive keys looks like.
const DURATION: &str = r"^\+?([0-9.]+(ns|us|µs|μs|ms|s|m|h|d|w))+$";

/// Puts a value into a field; answers that the key is known.
fn set<T: FromYaml>(field: &mut Option<T>, decoder: &mut Decoder<'_>, node: NodeId) -> bool {
    *field = T::from_yaml(decoder, node);
    true
}

impl FromYaml for ShipyardFile {
    fn from_yaml(decoder: &mut Decoder<'_>, node: NodeId) -> Option<Self> {
        let mut file = Self::default();
        let known = ["apiVersion", "kind", "metadata", "spec"];
        decoder.mapping(node, "a map with 'apiVersion' and 'spec'", &known, |decoder, key, value| match key {
            "apiVersion" => set(&mut file.api_version, decoder, value),
            "kind" => set(&mut file.kind, decoder, value),
            "metadata" => set(&mut file.metadata, decoder, value),
            "spec" => set(&mut file.spec, decoder, value),
            _ => false,
        })?;
        Some(file)
    }
}

impl FromYaml for MetadataBlock {
    fn from_yaml(decoder: &mut Decoder<'_>, node: NodeId) -> Option<Self> {
        let mut block = Self::default();
        decoder.mapping(node, "a map with 'name'", &["name"], |decoder, key, value| match key {
            "name" => set(&mut block.name, decoder, value),
            _ => false,
        })?;
        Some(block)
    }
}

impl FromYaml for SpecBlock {
    fn from_yaml(decoder: &mut Decoder<'_>, node: NodeId) -> Option<Self> {
        let mut block = Self::default();
        decoder.mapping(node, "a map with 'stages'", &["stages"], |decoder, key, value| match key {
            "stages" => set(&mut block.stages, decoder, value),
            _ => false,
        })?;
        Some(block)
    }
}

impl FromYaml for StageEntry {
    fn from_yaml(decoder: &mut Decoder<'_>, node: NodeId) -> Option<Self> {
        let mut entry = Self::default();
        let known = ["name", "sequences"];
        decoder.mapping(node, "a map such as 'name: dev'", &known, |decoder, key, value| match key {
            "name" => set(&mut entry.name, decoder, value),
            "sequences" => set(&mut entry.sequences, decoder, value),
            _ => false,
        })?;
        Some(entry)
    }
}

impl FromYaml for SequenceEntry {
    fn from_yaml(decoder: &mut Decoder<'_>, node: NodeId) -> Option<Self> {
        let mut entry = Self::default();
        let known = ["name", "triggeredOn", "timeout", "concurrency", "tasks"];
        decoder.mapping_with_strays(
            node,
            "a map such as 'name: delivery'",
            &known,
            &strays::OF_SEQUENCES,
            |decoder, key, value| match key {
                "name" => set(&mut entry.name, decoder, value),
                "triggeredOn" => set(&mut entry.triggered_on, decoder, value),
                "timeout" => set(&mut entry.timeout, decoder, value),
                "concurrency" => set(&mut entry.concurrency, decoder, value),
                "tasks" => set(&mut entry.tasks, decoder, value),
                _ => false,
            },
        )?;
        Some(entry)
    }
}

impl FromYaml for ConcurrencyBlock {
    fn from_yaml(decoder: &mut Decoder<'_>, node: NodeId) -> Option<Self> {
        let mut block = Self::default();
        let known = ["key", "policy"];
        decoder.mapping_with_strays(
            node,
            "a map such as 'policy: supersede'",
            &known,
            &strays::OF_CONCURRENCY,
            |decoder, key, value| match key {
                "key" => set(&mut block.key, decoder, value),
                "policy" => set(&mut block.policy, decoder, value),
                _ => false,
            },
        )?;
        Some(block)
    }
}

impl FromYaml for TriggerEntry {
    fn from_yaml(decoder: &mut Decoder<'_>, node: NodeId) -> Option<Self> {
        let mut entry = Self::default();
        let known = ["event", "selector"];
        decoder.mapping(
            node,
            "a map such as 'event: dev.delivery.finished'",
            &known,
            |decoder, key, value| match key {
                "event" => set(&mut entry.event, decoder, value),
                "selector" => set(&mut entry.selector, decoder, value),
                _ => false,
            },
        )?;
        Some(entry)
    }
}

impl FromYaml for SelectorBlock {
    fn from_yaml(decoder: &mut Decoder<'_>, node: NodeId) -> Option<Self> {
        let mut block = Self::default();
        decoder.mapping(node, "a map with 'match'", &["match"], |decoder, key, value| match key {
            "match" => set(&mut block.conditions, decoder, value),
            _ => false,
        })?;
        Some(block)
    }
}

impl FromYaml for TaskEntry {
    fn from_yaml(decoder: &mut Decoder<'_>, node: NodeId) -> Option<Self> {
        let mut entry = Self::default();
        let known = [
            "name",
            "triggeredAfter",
            "startTimeout",
            "timeout",
            "retry",
            "when",
            "parallel",
            "join",
            "finally",
            "properties",
        ];
        decoder.mapping_with_strays(
            node,
            "a map such as 'name: deployment'",
            &known,
            &strays::OF_TASKS,
            |decoder, key, value| match key {
                "name" => set(&mut entry.name, decoder, value),
                "triggeredAfter" => set(&mut entry.triggered_after, decoder, value),
                "startTimeout" => set(&mut entry.start_timeout, decoder, value),
                "timeout" => set(&mut entry.timeout, decoder, value),
                "retry" => set(&mut entry.retry, decoder, value),
                "when" => {
                    refuse_tag(decoder, value);
                    set(&mut entry.when, decoder, value)
                }
                "parallel" => set(&mut entry.parallel, decoder, value),
                "join" => set(&mut entry.join, decoder, value),
                "finally" => set(&mut entry.finally, decoder, value),
                "properties" => set(&mut entry.properties, decoder, value),
                _ => false,
            },
        )?;
        Some(entry)
    }
}

impl FromYaml for RetryBlock {
    fn from_yaml(decoder: &mut Decoder<'_>, node: NodeId) -> Option<Self> {
        let mut block = Self::default();
        let known = ["attempts", "backoff"];
        decoder.mapping_with_strays(
            node,
            "a map such as 'attempts: 3'",
            &known,
            &strays::OF_RETRIES,
            |decoder, key, value| match key {
                "attempts" => set(&mut block.attempts, decoder, value),
                "backoff" => set(&mut block.backoff, decoder, value),
                _ => false,
            },
        )?;
        Some(block)
    }
}

/// A condition that begins with '!' and stands without quotes is to YAML a tag with some text behind it.
fn refuse_tag(decoder: &mut Decoder<'_>, node: NodeId) {
    let Some(tag) = decoder.tag(node).filter(|tag| !tag.starts_with("!!")) else { return };
    let message = format!("YAML takes '{tag}' for a tag and not for a part of the condition");
    let error = Diagnostic::error("SHY023", decoder.span(node), message);
    decoder.error(error.help("put the whole condition into quotes: \"!(…)\""));
}

impl ShipyardFile {
    /// The stages as written.
    pub(super) fn stages(&self) -> &[Spanned<StageEntry>] {
        self.spec.as_ref().and_then(|spec| spec.value.stages.as_deref()).unwrap_or_default()
    }
}
