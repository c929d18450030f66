//! The file as it is written, with places; the JSON Schema is generated from these types.

use std::collections::BTreeMap;

use schemars::JsonSchema;

use crate::yaml::{Decoder, FromYaml, NodeId, Spanned, Truncated};

/// Service level objectives of one service in one stage: what is measured, what is good enough, and what score must be reached.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema)]
#[schemars(title = "slo.yaml")]
pub struct SloFile {
    /// Version of the format; any value or none is accepted.
    pub spec_version: Option<String>,
    /// Filters that are handed to the SLI source with each query, by name.
    pub filter: Option<BTreeMap<String, String>>,
    /// With what earlier evaluations relative criteria compare. Without this block: with the newest one, whatever its result.
    pub comparison: Option<Spanned<ComparisonBlock>>,
    /// What is judged.
    #[schemars(extend("items" = {"anyOf": [{"$ref": "#/$defs/ObjectiveEntry"}, {"type": "null"}]}))]
    pub objectives: Option<Vec<Option<Spanned<ObjectiveEntry>>>>,
    /// The score that must be reached, in per cent.
    #[schemars(required)]
    pub total_score: Option<Spanned<TotalScoreBlock>>,
}

/// With what earlier evaluations relative criteria compare.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema)]
#[schemars(rename = "Comparison")]
pub struct ComparisonBlock {
    /// `single_result`: the newest one. `several_results`: as many as `number_of_comparison_results` says. Anything else: three.
    #[schemars(extend("examples" = ["single_result", "several_results"]))]
    pub compare_with: Option<Spanned<String>>,
    /// How many evaluations `several_results` compares with, 1 to 100; 3 when absent.
    #[schemars(range(min = 0, max = 100))]
    pub number_of_comparison_results: Option<Spanned<Truncated>>,
    /// Which evaluations count, by their result: `all` (default), `pass` or `pass_or_warn`.
    #[schemars(extend("examples" = ["all", "pass", "pass_or_warn"]))]
    pub include_result_with_score: Option<Spanned<String>>,
    /// How several earlier values become one: `avg` (default), `p50`, `p90` or `p95`.
    #[schemars(extend("enum" = ["avg", "p50", "p90", "p95", "", null]))]
    pub aggregate_function: Option<Spanned<String>>,
    /// What a relative criterion is without history: `pass` (default) met; `warning` violated in `pass` and met in `warning`; `fail` violated in both.
    #[schemars(extend("enum" = ["pass", "warning", "fail", null]))]
    pub on_no_history: Option<Spanned<String>>,
    /// Which evaluations are considered at all; applied before their number is counted.
    pub baseline: Option<Spanned<BaselineBlock>>,
}

/// Which earlier evaluations are considered; all conditions must hold.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema)]
#[schemars(rename = "Baseline")]
pub struct BaselineBlock {
    /// Labels that an evaluation must carry, each with this very value.
    pub labels: Option<BTreeMap<String, String>>,
    /// The id of one evaluation, or `latest` for the newest pinned one.
    pub pinned: Option<Spanned<String>>,
    /// The greatest age, such as `36h` or `30d`.
    #[schemars(extend("examples" = ["36h", "30d", "2w"]))]
    pub max_age: Option<Spanned<String>>,
}

/// One objective on one indicator.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema)]
pub struct ObjectiveEntry {
    /// Name of the indicator, as in `sli.yaml`.
    #[schemars(required)]
    pub sli: Option<Spanned<String>>,
    /// Name for people.
    #[schemars(rename = "displayName")]
    pub display_name: Option<String>,
    /// Groups of criteria; the objective passes when one group is met as a whole. Without any it only informs.
    pub pass: Option<Groups>,
    /// Groups of criteria that earn half the weight where `pass` is not met.
    pub warning: Option<Groups>,
    /// Points that the objective is worth; 1 when absent.
    #[schemars(range(min = 0))]
    pub weight: Option<Spanned<Truncated>>,
    /// Whether the evaluation fails as a whole when this objective fails.
    pub key_sli: Option<Spanned<bool>>,
    /// What a missing value means: `fail` (default); `warning` half the weight and no failure of a key SLI; `ignore` the objective does not count.
    #[schemars(extend("enum" = ["fail", "warning", "ignore", null]))]
    pub on_no_data: Option<Spanned<String>>,
}

/// Criteria that must all be met.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema)]
#[schemars(rename = "CriteriaGroup")]
pub struct GroupEntry {
    /// Such as `<600`, `<=+10%` (compared with earlier evaluations), `>=-5`, `<=(-5)` (below zero).
    pub criteria: Option<Vec<Spanned<String>>>,
}

/// The score that must be reached.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema)]
#[schemars(rename = "TotalScore")]
pub struct TotalScoreBlock {
    /// Score from which on the evaluation passes, such as `90%`.
    #[schemars(required, extend("type" = ["string", "number"]))]
    pub pass: Option<Spanned<String>>,
    /// Score from which on the evaluation ends with a warning.
    #[schemars(extend("type" = ["string", "number", "null"]))]
    pub warning: Option<Spanned<String>>,
}

/// Puts a value into a field; answers that the key is known.
fn set<T: FromYaml>(field: &mut Option<T>, decoder: &mut Decoder<'_>, node: NodeId) -> bool {
    *field = T::from_yaml(decoder, node);
    true
}

impl FromYaml for SloFile {
    fn from_yaml(decoder: &mut Decoder<'_>, node: NodeId) -> Option<Self> {
        let mut file = Self::default();
        let known = ["spec_version", "filter", "comparison", "objectives", "total_score"];
        decoder.mapping(
            node,
            "a map with 'objectives' and 'total_score'",
            &known,
            |decoder, key, value| match key {
                "spec_version" => set(&mut file.spec_version, decoder, value),
                "filter" => set(&mut file.filter, decoder, value),
                "comparison" => set(&mut file.comparison, decoder, value),
                "objectives" => set(&mut file.objectives, decoder, value),
                "total_score" => set(&mut file.total_score, decoder, value),
                _ => false,
            },
        )?;
        Some(file)
    }
}

impl FromYaml for ComparisonBlock {
    fn from_yaml(decoder: &mut Decoder<'_>, node: NodeId) -> Option<Self> {
        let mut block = Self::default();
        let known = [
            "compare_with",
            "number_of_comparison_results",
            "include_result_with_score",
            "aggregate_function",
            "on_no_history",
            "baseline",
        ];
        decoder.mapping(
            node,
            "a map such as 'compare_with: single_result'",
            &known,
            |decoder, key, value| match key {
                "compare_with" => set(&mut block.compare_with, decoder, value),
                "number_of_comparison_results" => set(&mut block.number_of_comparison_results, decoder, value),
                "include_result_with_score" => set(&mut block.include_result_with_score, decoder, value),
                "aggregate_function" => set(&mut block.aggregate_function, decoder, value),
                "on_no_history" => set(&mut block.on_no_history, decoder, value),
                "baseline" => set(&mut block.baseline, decoder, value),
                _ => false,
            },
        )?;
        Some(block)
    }
}

impl FromYaml for BaselineBlock {
    fn from_yaml(decoder: &mut Decoder<'_>, node: NodeId) -> Option<Self> {
        let mut block = Self::default();
        decoder.mapping(
            node,
            "a map with 'labels', 'pinned' or 'max_age'",
            &["labels", "pinned", "max_age"],
            |decoder, key, value| match key {
                "labels" => set(&mut block.labels, decoder, value),
                "pinned" => set(&mut block.pinned, decoder, value),
                "max_age" => set(&mut block.max_age, decoder, value),
                _ => false,
            },
        )?;
        Some(block)
    }
}

impl FromYaml for ObjectiveEntry {
    fn from_yaml(decoder: &mut Decoder<'_>, node: NodeId) -> Option<Self> {
        let mut entry = Self::default();
        let known = ["sli", "displayName", "pass", "warning", "weight", "key_sli", "on_no_data"];
        decoder.mapping(node, "a map such as 'sli: response_time_p95'", &known, |decoder, key, value| match key {
            "sli" => set(&mut entry.sli, decoder, value),
            "displayName" => set(&mut entry.display_name, decoder, value),
            "pass" => set(&mut entry.pass, decoder, value),
            "warning" => set(&mut entry.warning, decoder, value),
            "weight" => set(&mut entry.weight, decoder, value),
            "key_sli" => set(&mut entry.key_sli, decoder, value),
            "on_no_data" => set(&mut entry.on_no_data, decoder, value),
            _ => false,
        })?;
        Some(entry)
    }
}

impl FromYaml for GroupEntry {
    fn from_yaml(decoder: &mut Decoder<'_>, node: NodeId) -> Option<Self> {
        let mut entry = Self::default();
        decoder.mapping(node, "a map with 'criteria'", &["criteria"], |decoder, key, value| match key {
            "criteria" => set(&mut entry.criteria, decoder, value),
            _ => false,
        })?;
        Some(entry)
    }
}

impl FromYaml for TotalScoreBlock {
    fn from_yaml(decoder: &mut Decoder<'_>, node: NodeId) -> Option<Self> {
        let mut block = Self::default();
        decoder.mapping(
            node,
            "a map with 'pass' and 'warning'",
            &["pass", "warning"],
            |decoder, key, value| match key {
                "pass" => set(&mut block.pass, decoder, value),
                "warning" => set(&mut block.warning, decoder, value),
                _ => false,
            },
        )?;
        Some(block)
    }
}

/// A null list of criteria groups or a null group keeps its place, so that the reader can refuse it there.
pub type Groups = Spanned<Vec<Spanned<Option<GroupEntry>>>>;

impl SloFile {
    /// The objectives that v1 looks at: null entries are dropped.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Spanned<ObjectiveEntry>> {
        self.objectives.iter().flatten().flatten()
    }
}
