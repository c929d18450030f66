//! The file as it is written, with places; the JSON Schema is generated from these types.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::Value;

use crate::yaml::{Decoder, FromYaml, NodeId, Spanned};

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

/// Tasks that run one after the other.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema)]
#[schemars(rename = "Sequence", rename_all = "camelCase")]
pub struct SequenceEntry {
    /// Its name within the stage, without dots.
    #[schemars(required)]
    pub name: Option<Spanned<String>>,
    /// What ends start it; without any only an event from outside does.
    pub triggered_on: Option<Vec<Spanned<TriggerEntry>>>,
    /// In order; the same name may occur again.
    #[schemars(required)]
    pub tasks: Option<Vec<Spanned<TaskEntry>>>,
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
    /// Handed to the tool under the task's name; anything.
    pub properties: Option<Spanned<Value>>,
}

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
        let known = ["name", "triggeredOn", "tasks"];
        decoder.mapping(node, "a map such as 'name: delivery'", &known, |decoder, key, value| match key {
            "name" => set(&mut entry.name, decoder, value),
            "triggeredOn" => set(&mut entry.triggered_on, decoder, value),
            "tasks" => set(&mut entry.tasks, decoder, value),
            _ => false,
        })?;
        Some(entry)
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
        let known = ["name", "triggeredAfter", "properties"];
        decoder.mapping(node, "a map such as 'name: deployment'", &known, |decoder, key, value| match key {
            "name" => set(&mut entry.name, decoder, value),
            "triggeredAfter" => set(&mut entry.triggered_after, decoder, value),
            "properties" => set(&mut entry.properties, decoder, value),
            _ => false,
        })?;
        Some(entry)
    }
}

impl ShipyardFile {
    /// The stages as written.
    pub(super) fn stages(&self) -> &[Spanned<StageEntry>] {
        self.spec.as_ref().and_then(|spec| spec.value.stages.as_deref()).unwrap_or_default()
    }
}
