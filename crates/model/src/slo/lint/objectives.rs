//! Findings about objectives and their criteria.

use std::collections::HashMap;

use super::START;
use super::criteria::{Kind, Range, only_kind};
use crate::diagnostic::{Diagnostic, Span};
use crate::slo::criterion::{Criterion, Operator, Target};
use crate::slo::file::{Groups, ObjectiveEntry};
use crate::slo::types::{CriteriaGroup, Objective};
use crate::slo::{ReadSlo, criterion};
use crate::yaml::Spanned;

pub(super) fn findings(read: &ReadSlo) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    if read.slo.objectives.is_empty() {
        let message = "there are no objectives, so every evaluation fails";
        findings
            .push(Diagnostic::warning("SLO120", START, message).help("write 'objectives:' with at least one '- sli:'"));
    }
    let entries = read.file.objectives.iter().flatten();
    if entries.clone().any(Option::is_none) {
        let message = "a null entry among the objectives is ignored";
        findings.push(Diagnostic::warning("SLO121", START, message).help("remove the empty '-'"));
    }
    let mut names: HashMap<&str, usize> = HashMap::new();
    for (entry, objective) in read.file.entries().zip(&read.slo.objectives) {
        findings.extend(one(entry, objective));
        let uses = names.entry(&objective.sli).or_default();
        *uses += 1;
        if *uses == 2 && !objective.sli.is_empty() {
            let message = format!("'{}' has a second objective; one value serves both", objective.sli);
            findings.push(
                Diagnostic::warning("SLO122", name_span(entry), message)
                    .help("Keptn v1 wants a value for each and fails the second where the source sends one"),
            );
        }
    }
    findings
}

fn one(entry: &Spanned<ObjectiveEntry>, objective: &Objective) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    if objective.sli.is_empty() {
        let message = "this objective names no indicator, so it never has a value";
        findings
            .push(Diagnostic::warning("SLO123", entry.span, message).help("write 'sli:' with a name from sli.yaml"));
    }
    if let Some(weight) = &entry.value.weight {
        if weight.value.truncated {
            let message = format!("decimals of a weight are cut off: this counts as {}", objective.weight);
            findings.push(
                Diagnostic::warning("SLO107", weight.span, message)
                    .help("use whole numbers, larger ones for finer steps"),
            );
        } else if weight.value.value == 0 {
            let finding = Diagnostic::warning("SLO124", weight.span, "a weight of 0 counts as 1");
            findings.push(finding.help("leave 'pass' out to make the objective informational"));
        }
    }
    if objective.is_informational() {
        if let Some(key) = entry.value.key_sli.as_ref().filter(|key| key.value) {
            let message = "a key SLI without 'pass' criteria never fails, so the key has no effect";
            findings.push(Diagnostic::warning("SLO106", key.span, message).help("add 'pass:', or remove 'key_sli'"));
        }
        if let Some(warning) = entry.value.warning.as_ref().filter(|groups| !groups.value.is_empty()) {
            let message = "'warning' without 'pass' has no effect: the objective only informs";
            findings.push(Diagnostic::warning("SLO125", warning.span, message).help("add 'pass:'"));
        }
        if let Some(mode) = &entry.value.on_no_data {
            let message = "'on_no_data' without 'pass' has no effect: the objective only informs";
            findings
                .push(Diagnostic::warning("SLO134", mode.span, message).help("add 'pass:', or remove 'on_no_data'"));
        }
        return findings;
    }
    findings.extend(empty_groups(entry.value.pass.as_ref(), &objective.pass));
    for (groups, parsed) in [(&entry.value.pass, &objective.pass), (&entry.value.warning, &objective.warning)] {
        findings.extend(contradictions(groups.as_ref(), parsed));
        findings.extend(groups.iter().flat_map(written).filter_map(|text| criterion(text, objective)));
    }
    findings.extend(dead_warning(entry, objective));
    findings
}

fn name_span(entry: &Spanned<ObjectiveEntry>) -> Span {
    entry.value.sli.as_ref().map_or(entry.span, |sli| sli.span)
}

fn written(groups: &Groups) -> impl Iterator<Item = &Spanned<String>> {
    groups.value.iter().filter_map(|group| group.value.as_ref()).flat_map(|group| group.criteria.iter().flatten())
}

/// An empty group is met whatever the value. Its points are lost when the objective has no other criterion.
fn empty_groups(groups: Option<&Groups>, parsed: &[CriteriaGroup]) -> Option<Diagnostic> {
    parsed.iter().find(|group| group.criteria.is_empty())?;
    let span = groups.map_or(START, |groups| groups.span);
    let consequence = if parsed.iter().all(|group| group.criteria.is_empty()) {
        "and its points are lost all the same"
    } else {
        "so the objective always passes"
    };
    let message = format!("a group without criteria is met by every value, {consequence}");
    Some(Diagnostic::warning("SLO126", span, message).help("write criteria below 'criteria:', or remove the group"))
}

fn contradictions<'g>(
    groups: Option<&'g Groups>,
    parsed: &'g [CriteriaGroup],
) -> impl Iterator<Item = Diagnostic> + 'g {
    // A null group is refused before lint looks, so that entries and groups go in pairs.
    let entries = groups.into_iter().flat_map(|groups| &groups.value);
    entries.zip(parsed).filter(|(_, group)| Kind::ALL.iter().any(|kind| Range::of(group, *kind).is_empty())).map(
        |(entry, group)| {
            let criteria: Vec<_> = group.criteria.iter().map(|written| format!("'{}'", written.text)).collect();
            let first = entry.value.iter().flat_map(|group| group.criteria.iter().flatten()).next();
            let span = first.map_or(entry.span, |text| text.span);
            let message = format!("no value meets {} at once", criteria.join(" and "));
            Diagnostic::warning("SLO102", span, message)
                .help("criteria of one list must all be met; for alternatives write another '- criteria:'")
        },
    )
}

fn criterion(text: &Spanned<String>, objective: &Objective) -> Option<Diagnostic> {
    let finding = |code, message: String, help: String| Some(Diagnostic::warning(code, text.span, message).help(help));
    let Ok(parsed) = Criterion::parse(&text.value) else {
        let message = format!("'{}' is no criterion, so 'warning' as a whole is never met", text.value);
        return finding("SLO127", message, criterion::help(&text.value));
    };
    let symbol = parsed.operator.symbol();
    match parsed.target {
        Target::Absolute(limit) if text.value.contains('(') => finding(
            "SLO128",
            format!("Keptn v1 refuses the notation '{}' for a limit below zero", text.value),
            format!("fine here ({symbol} {limit}); v1 has no notation for it"),
        ),
        Target::Offset(offset) if moves_the_bar(parsed.operator, offset) => {
            let (sign, amount) = if offset < 0.0 { ("minus", -offset) } else { ("plus", offset) };
            let help = if offset < 0.0 {
                format!("for a limit below zero write '{symbol}(-{amount})'")
            } else {
                format!("for a fixed limit write '{symbol}{amount}'")
            };
            finding("SLO108", format!("the sign makes this relative: earlier value {sign} {amount}"), help)
        }
        Target::Percent(percent) if moves_the_bar(parsed.operator, percent) => finding(
            "SLO109",
            format!("every build must be {}% better than the ones before", percent.abs()),
            "a gate that only guards against decline allows some: '<=+10%' or '>=-10%'".to_owned(),
        ),
        Target::Percent(_)
            if objective
                .pass
                .iter()
                .chain(&objective.warning)
                .any(|group| Range::of(group, Kind::Absolute).is_negative()) =>
        {
            finding(
                "SLO105",
                "a percentage of a value below zero turns round: '<=+10%' of -100 is -110".to_owned(),
                format!("compare by difference, such as '{symbol}+5'"),
            )
        }
        Target::Percent(percent) if percent <= -100.0 => finding(
            "SLO105",
            format!("{percent}% of the earlier value is zero or below"),
            "per cent count from the earlier value: '>=-20%' allows a fifth less".to_owned(),
        ),
        Target::Absolute(limit) if parsed.operator == Operator::Equal && limit.fract() != 0.0 => finding(
            "SLO132",
            format!("only a value of exactly {limit} meets this, to the last digit"),
            format!("a measured value hardly ever does: write a range, such as '>={limit}'"),
        ),
        Target::Absolute(_) | Target::Offset(_) | Target::Percent(_) => None,
    }
}

/// Whether a relative criterion asks for better values each time rather than guarding against worse ones.
fn moves_the_bar(operator: Operator, change: f64) -> bool {
    match operator {
        Operator::Below | Operator::AtMost => change < 0.0,
        Operator::Above | Operator::AtLeast => change > 0.0,
        Operator::Equal => change != 0.0,
    }
}

/// A warning that no value can earn, since every value that meets it meets `pass` already.
fn dead_warning(entry: &Spanned<ObjectiveEntry>, objective: &Objective) -> Option<Diagnostic> {
    let warning = entry.value.warning.as_ref().filter(|groups| !groups.value.is_empty())?;
    // A warning group may hold criteria of other kinds as well: they only narrow it further.
    let covered = |group: &CriteriaGroup| {
        objective.pass.iter().any(|pass| {
            pass.criteria.is_empty()
                || only_kind(pass).is_some_and(|kind| Range::of(pass, kind).contains(&Range::of(group, kind)))
        })
    };
    if !objective.warning.iter().all(covered) {
        return None;
    }
    let message = "every value that meets 'warning' meets 'pass' as well, so there is never a warning";
    Some(
        Diagnostic::warning("SLO101", warning.span, message)
            .help("make the limit of 'warning' wider than that of 'pass'"),
    )
}
