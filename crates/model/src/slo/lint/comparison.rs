//! Findings about the block `comparison`.

use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::slo::ReadSlo;
use crate::slo::types::{Aggregate, CompareWith};
use crate::yaml::Spanned;

pub(super) fn findings(read: &ReadSlo) -> Vec<Diagnostic> {
    let Some(Spanned { value: block, span }) = &read.file.comparison else { return Vec::new() };
    let comparison = &read.slo.comparison;
    let mut findings = Vec::new();
    if block.compare_with.is_none() {
        let message = "without 'compare_with' the last 3 evaluations are used";
        findings.push(
            Diagnostic::warning("SLO110", *span, message)
                .help("write 'compare_with: single_result' or 'compare_with: several_results'"),
        );
    }
    let relative = read.slo.objectives.iter().any(super::criteria::is_relative);
    for key in [block.on_no_history.as_ref().map(|key| key.span), block.baseline.as_ref().map(|key| key.span)] {
        if let Some(span) = key.filter(|_| !relative) {
            let message = "this has no effect: no criterion compares with earlier evaluations";
            findings
                .push(Diagnostic::warning("SLO133", span, message).help("add a relative criterion, such as '<=+10%'"));
        }
    }
    if let Some(text) = &block.compare_with
        && comparison.compare_with == CompareWith::Other
    {
        let message = format!("'{}' is no way to compare; the last 3 evaluations are used", text.value);
        let known = ["single_result", "several_results"];
        let help = match did_you_mean(&text.value, known) {
            Some(near) => format!("did you mean '{near}'?"),
            None => format!("known: {}", known.join(", ")),
        };
        findings.push(Diagnostic::warning("SLO110", text.span, message).help(help));
    }
    if let Some(number) = &block.number_of_comparison_results {
        if number.value.truncated {
            let message = format!("decimals are cut off: this counts as {}", number.value.value);
            findings.push(Diagnostic::warning("SLO107", number.span, message).help("write a whole number"));
        }
        if number.value.value == 0 {
            let finding = Diagnostic::warning("SLO111", number.span, "0 counts as 3");
            findings.push(finding.help("write the number that is meant, 1 to 100"));
        } else if comparison.compare_with != CompareWith::Several && number.value.value as usize != comparison.limit() {
            let message = format!("this number is ignored; {} is compared with", evaluations(comparison.limit()));
            findings.push(
                Diagnostic::warning("SLO111", number.span, message)
                    .help("it counts only with 'compare_with: several_results'"),
            );
        }
    }
    if let Some(text) = &block.include_result_with_score
        && !["", "all", "pass", "pass_or_warn"].contains(&text.value.to_lowercase().as_str())
    {
        let message = format!("'{}' is no choice of results; all evaluations are used", text.value);
        findings.push(Diagnostic::warning("SLO112", text.span, message).help("known: all, pass, pass_or_warn"));
    }
    findings.extend(aggregate_of_too_few(read));
    if let Some(baseline) = &block.baseline
        && comparison.baseline.pinned.is_some()
        && comparison.compare_with == CompareWith::Several
        && comparison.number > 1
    {
        let message = "a pinned baseline is one evaluation; there will never be several results";
        findings
            .push(Diagnostic::warning("SLO113", baseline.span, message).help("write 'compare_with: single_result'"));
    }
    findings
}

/// With n values p90 is the largest up to n = 9, and p95 up to n = 19.
fn aggregate_of_too_few(read: &ReadSlo) -> Option<Diagnostic> {
    let text = read.file.comparison.as_ref()?.value.aggregate_function.as_ref()?;
    let limit = read.slo.comparison.limit();
    let enough = match read.slo.comparison.aggregate {
        Aggregate::Average | Aggregate::P50 => 2,
        Aggregate::P90 => 10,
        Aggregate::P95 => 20,
    };
    if limit >= enough || (limit == 1 && read.slo.comparison.aggregate == Aggregate::Average) {
        return None;
    }
    let effect = if limit == 1 { "that value itself" } else { "simply the largest" };
    let message = format!("{} of {} is {effect}", text.value, evaluations(limit));
    let help = format!(
        "compare with {enough} or more: 'compare_with: several_results', 'number_of_comparison_results: {enough}'"
    );
    Some(Diagnostic::warning("SLO104", text.span, message).help(help))
}

fn evaluations(count: usize) -> String {
    if count == 1 { "one evaluation".to_owned() } else { format!("{count} evaluations") }
}
