//! The verdict for people.

use capstan_engine::evaluate::Verdict;
use capstan_model::event::explanation::{Explanation, LimitExplained, ObjectiveExplained};
use capstan_model::event::result::{IndicatorStatus, ResultKind};
use capstan_model::number::human;
use comfy_table::{Cell, CellAlignment, Color, ContentArrangement, Table, presets};

use super::Report;
use crate::terminal::Style;

/// Writes a verdict.
pub(crate) fn write(report: &Report, style: Style) -> String {
    let mut text = String::new();
    let mut line = |words: &str| {
        text.push_str(words);
        text.push('\n');
    };
    line(&headline(report, style));
    let Some(explanation) = report.explanation() else { return text };
    line(&format!("  {}", explanation.verdict));
    for notice in &explanation.notices {
        line(&format!("  {} {}.", style.yellow("note:"), notice.message));
    }
    if !explanation.objectives.is_empty() {
        line("");
        line(&objectives(explanation, style));
    }
    line("");
    for words in below(report, explanation) {
        line(&format!("  {words}"));
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// The verdict in one word.
pub(super) fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Judged(ResultKind::Pass) => "PASS",
        Verdict::Judged(ResultKind::Warning) => "WARNING",
        Verdict::Judged(ResultKind::Fail) => "FAIL",
        Verdict::None => "NO VERDICT",
    }
}

fn headline(report: &Report, style: Style) -> String {
    let word = word(report.verdict);
    let word = match report.verdict {
        Verdict::Judged(ResultKind::Pass) => style.bold(&style.green(word)),
        Verdict::Judged(ResultKind::Warning) => style.bold(&style.yellow(word)),
        _ => style.red(word),
    };
    let score = match report.verdict {
        Verdict::None => String::new(),
        Verdict::Judged(_) => format!("  score {}", human(report.finished().evaluation.score)),
    };
    let subject = report.subject();
    let labels: Vec<_> = report.finished().labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let about = [subject, labels.join(" ")].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  ");
    format!("{word}{score}  {}", style.dim(&about)).trim_end().to_owned()
}

fn objectives(explanation: &Explanation, style: Style) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if style.colour {
        // Long criteria wrap to the terminal's width; elsewhere a line stays a line, for grep.
        table.enforce_styling().set_content_arrangement(ContentArrangement::Dynamic);
    } else {
        table.force_no_tty();
    }
    table.set_header(["  result", "objective", "value", "earlier", "criteria", "points"]);
    for objective in &explanation.objectives {
        let (word, colour) = match objective.status {
            IndicatorStatus::Pass => ("pass", Color::Green),
            IndicatorStatus::Warning => ("warning", Color::Yellow),
            IndicatorStatus::Fail => ("fail", Color::Red),
            IndicatorStatus::Info => ("info", Color::DarkGrey),
        };
        let mut status = Cell::new(format!("  {word}"));
        if style.colour {
            status = status.fg(colour);
        }
        table.add_row(vec![
            status,
            Cell::new(title(objective)),
            Cell::new(value(objective)),
            Cell::new(objective.baseline.map(human).unwrap_or_default()),
            Cell::new(criteria(&objective.limits)),
            Cell::new(points(objective)),
        ]);
    }
    for numbers in [2, 3, 5] {
        if let Some(column) = table.column_mut(numbers) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines: Vec<_> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}

/// The objective's name, marked where it is a key one.
pub(super) fn title(objective: &ObjectiveExplained) -> String {
    let name = if objective.display_name.is_empty() { &objective.sli } else { &objective.display_name };
    let name = if name.is_empty() { "(no name)" } else { name };
    if objective.key_sli { format!("{name} (key)") } else { name.to_owned() }
}

/// The value, or why there is none.
pub(super) fn value(objective: &ObjectiveExplained) -> String {
    match (objective.value, objective.missing) {
        (Some(value), _) => human(value),
        (None, Some(reason)) => format!("({})", reason.words()),
        (None, None) => String::new(),
    }
}

/// The points, as `won/possible`.
pub(super) fn points(objective: &ObjectiveExplained) -> String {
    let possible = objective.won + objective.lost;
    if possible == 0.0 { String::new() } else { format!("{}/{}", human(objective.won), human(possible)) }
}

/// The criteria of an objective: broken ones are marked, groups are joined by `or`.
pub(super) fn criteria(limits: &[LimitExplained]) -> String {
    let mut text = String::new();
    let mut previous: Option<&LimitExplained> = None;
    for limit in limits {
        let joint = match previous {
            None if limit.level == "pass" => "",
            None => "warning ",
            Some(before) if before.level != limit.level => "; warning ",
            Some(before) if before.group != limit.group => " or ",
            Some(_) => " and ",
        };
        text.push_str(joint);
        text.push_str(limit.criteria.trim());
        let relative =
            capstan_model::slo::Criterion::parse(&limit.criteria).is_ok_and(|criterion| criterion.is_relative());
        match limit.limit {
            Some(number) if relative => text.push_str(&format!(" (={})", human(number))),
            _ if limit.no_history => text.push_str(" (no history)"),
            _ => {}
        }
        if limit.met == Some(false) {
            text.push_str(" ✗");
        }
        previous = Some(limit);
    }
    text
}

/// What stands below the table: reasons, sums, comparisons, and what would have changed the verdict.
pub(super) fn below(report: &Report, explanation: &Explanation) -> Vec<String> {
    let mut lines = Vec::new();
    let missing = explanation.objectives.iter().filter(|objective| !objective.message.is_empty());
    lines.extend(missing.map(|objective| format!("{}: {}.", title(objective), objective.message)));
    if explanation.objectives.is_empty() {
        lines.extend(explanation.text.iter().skip(1 + explanation.notices.len()).cloned());
        return lines;
    }
    let kept = ["Score:", "Compared with"];
    lines.extend(explanation.text.iter().filter(|line| kept.iter().any(|start| line.starts_with(start))).cloned());
    lines.extend(explanation.counterfactuals.iter().map(|change| format!("{}.", change.sentence)));
    let findings = report.findings();
    if findings > 0 {
        let findings = if findings == 1 { "a finding" } else { "findings" };
        lines.push(format!("'capstan lint' has {findings} on this SLO file."));
    }
    lines
}
