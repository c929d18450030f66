//! The verdict for a pull request.

use capstan_engine::evaluate::Verdict;
use capstan_model::event::result::{IndicatorStatus, ResultKind};
use capstan_model::number::human;

use super::Report;
use super::table::{below, criteria, points, title, value, word};

/// Writes a verdict in GitHub's Markdown.
pub(crate) fn write(report: &Report) -> String {
    let mark = match report.verdict {
        Verdict::Judged(ResultKind::Pass) => "✅",
        Verdict::Judged(ResultKind::Warning) => "⚠️",
        Verdict::Judged(ResultKind::Fail) => "❌",
        Verdict::None => "❓",
    };
    let subject = report.subject();
    let about = if subject.is_empty() { String::new() } else { format!(" {}", code(&subject)) };
    let score = match report.verdict {
        Verdict::Judged(_) => format!(" – score {}", human(report.finished().evaluation.score)),
        Verdict::None => String::new(),
    };
    let mut text = format!("### {mark} Quality gate{about}: {}{score}\n\n", word(report.verdict));
    if !report.finished().labels.is_empty() {
        let labels: Vec<_> =
            report.finished().labels.iter().map(|(name, value)| code(&format!("{name}={value}"))).collect();
        text.push_str(&format!("{}\n\n", labels.join(" ")));
    }
    let Some(explanation) = report.explanation() else { return text };
    text.push_str(&format!("{}\n", escape(&explanation.verdict)));
    for notice in &explanation.notices {
        text.push_str(&format!("\n> **Note:** {}.\n", escape(&notice.message)));
    }
    if !explanation.objectives.is_empty() {
        text.push_str("\n| | objective | value | earlier | criteria | points |\n|---|---|---:|---:|---|---:|\n");
    }
    for objective in &explanation.objectives {
        let status = match objective.status {
            IndicatorStatus::Pass => "✅",
            IndicatorStatus::Warning => "⚠️",
            IndicatorStatus::Fail => "❌",
            IndicatorStatus::Info => "ℹ️",
        };
        let earlier = objective.baseline.map(human).unwrap_or_default();
        text.push_str(&format!(
            "| {status} | {} | {} | {earlier} | {} | {} |\n",
            escape(&title(objective)),
            escape(&value(objective)),
            escape(&criteria(&objective.limits)),
            points(objective)
        ));
    }
    let lines = below(report, explanation);
    if !lines.is_empty() {
        text.push('\n');
    }
    for line in lines {
        text.push_str(&format!("- {}\n", escape(&line)));
    }
    text
}

/// Text that Markdown shows as it is, also within a table.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' => escaped.extend(['\\', c]),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '@' => escaped.push_str("&#64;"),
            '\n' | '\r' => escaped.push(' '),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// Text in code letters; a backtick in it would end them.
fn code(text: &str) -> String {
    format!("`{}`", text.replace(['`', '\n', '\r'], "'"))
}
