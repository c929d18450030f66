//! The text of `slo.yaml`.

use capstan_model::event::sli::MissingReason;
use capstan_tools::sli::discover::{Criteria, Kind};

use super::draft::{Draft, Drafted};
use super::text::{comment, name, quoted};

const COMPARISON: &str = r#"
# Criteria such as "<=+10%" compare with earlier evaluations: here with the mean of the last three that passed. As long
# as there is none, they are met.
comparison:
  compare_with: several_results
  number_of_comparison_results: 3
  include_result_with_score: pass
  aggregate_function: avg

# What is judged. Each entry names an indicator of sli.yaml, and has these keys:
#   pass      criteria for all points; those of one list must all be met
#   warning   criteria for half of the points, where 'pass' is not met
#   weight    how many points there are, 1 if nothing is said
#   key_sli   true: if this one fails, everything fails, whatever the score
# A criterion is an operator and a limit:
#   "<=600"   at most 600, whatever was before
#   "<=+10%"  at most 10 % more than before; ">=-10%" at most 10 % less
# An indicator without 'pass' is shown and remembered, but not judged.
objectives:
"#;

const TOTAL: &str = "
# The score is the share of all points that was reached. From 'pass' on the evaluation passes, from 'warning' on it ends
# with a warning, and below that it fails.
total_score:
  pass: \"90%\"
  warning: \"75%\"
";

/// Writes `slo.yaml`.
pub(super) fn write(draft: &Draft) -> String {
    let head = format!(
        "What is asked of '{}'. Proposed by 'capstan gate init' on {} from what the source '{}', {}, had then. The limits are a beginning: change them to what your users need, then check the file with 'capstan lint'.",
        draft.service,
        draft.moment(),
        draft.source.name,
        draft.target(),
    );
    let mut text = comment(0, &head) + "spec_version: \"1.0\"\n" + COMPARISON;
    for (index, indicator) in draft.indicators.iter().enumerate() {
        text.push_str(if index == 0 { "" } else { "\n" });
        text.push_str(&objective(indicator));
    }
    text.push_str(TOTAL);
    text
}

fn objective(indicator: &Drafted) -> String {
    let mut text = format!("  - sli: {}\n", name(&indicator.proposal.indicator));
    if indicator.title() != indicator.proposal.indicator {
        text.push_str(&format!("    displayName: {}\n", quoted(&indicator.title())));
    }
    text.push_str(&comment(4, &remark(indicator)));
    let Some(Criteria { pass, warning, weight, key, .. }) = &indicator.criteria else { return text };
    text.push_str(&group("pass", pass));
    text.push_str(&group("warning", warning));
    if *weight != 1 {
        text.push_str(&format!("    weight: {weight}\n"));
    }
    if *key {
        text.push_str("    key_sli: true\n");
    }
    text
}

fn group(key: &str, criteria: &[String]) -> String {
    if criteria.is_empty() {
        return String::new();
    }
    let mut text = format!("    {key}:\n      - criteria:\n");
    for criterion in criteria {
        text.push_str(&format!("          - \"{criterion}\"\n"));
    }
    text
}

/// What was seen, and what was made of it.
fn remark(indicator: &Drafted) -> String {
    let (seen, shown) = match (indicator.seen, indicator.shown()) {
        (Ok(seen), Some(shown)) => (seen, shown),
        (reason, _) => {
            let reason = reason.err().unwrap_or(MissingReason::Unstated).words();
            return format!("Had no value then ({reason}), so it is only shown. Add 'pass' when it has one.");
        }
    };
    let within = if seen.wider { " within the last hour; the last five minutes had no value" } else { "" };
    let what = match (&indicator.criteria, indicator.proposal.kind) {
        (Some(criteria), _) => criteria.why.as_str(),
        (None, Kind::Information) => "Shown, not judged.",
        (None, Kind::Unknown) => "Shown, not judged: the name does not tell whether more of it is better.",
        (None, _) => "Shown, not judged: no limit can be told from this value.",
    };
    format!("Seen: {shown}{within}. {what}")
}
