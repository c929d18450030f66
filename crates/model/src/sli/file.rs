//! The file as it is written; the JSON Schema is generated from these types.

use std::collections::BTreeMap;

use schemars::JsonSchema;

use crate::yaml::{Decoder, FromYaml, NodeId, Spanned};

/// Queries of the indicators of a service.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema)]
#[schemars(title = "sli.yaml")]
pub struct SliFile {
    /// Version of the format; any value or none is accepted.
    pub spec_version: Option<String>,
    /// The query of each indicator, in the language of its source.
    #[schemars(required)]
    pub indicators: Option<BTreeMap<String, Spanned<String>>>,
    /// The source of each indicator that does not come from the first one.
    pub sources: Option<BTreeMap<String, Spanned<String>>>,
}

impl FromYaml for SliFile {
    fn from_yaml(decoder: &mut Decoder<'_>, node: NodeId) -> Option<Self> {
        let mut file = Self::default();
        let known = ["spec_version", "indicators", "sources"];
        decoder.mapping(node, "a map with 'indicators'", &known, |decoder, key, value| match key {
            "spec_version" => {
                file.spec_version = String::from_yaml(decoder, value);
                true
            }
            "indicators" => {
                file.indicators = FromYaml::from_yaml(decoder, value);
                true
            }
            "sources" => {
                file.sources = FromYaml::from_yaml(decoder, value);
                true
            }
            _ => false,
        })?;
        Some(file)
    }
}
