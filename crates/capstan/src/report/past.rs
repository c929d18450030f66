//! Past evaluations as tables.

use capstan_engine::backtest::Replayed;
use capstan_engine::evaluate::PastEvaluation;
use capstan_model::number::human;
use comfy_table::{Cell, CellAlignment, Table, presets};
use jiff::Timestamp;

use crate::terminal::{Style, when};

/// A list of evaluations, newest first, of `total` that there are.
pub(crate) fn history_table(shown: &[&PastEvaluation], total: usize, now: Timestamp, style: Style) -> String {
    if shown.is_empty() {
        return "no evaluations\n".to_owned();
    }
    let mut table = plain();
    table.set_header(["id", "when", "what", "labels", "result", "score", ""]);
    for past in shown {
        let flags = [(past.pinned.is_some(), "pinned"), (past.invalidated, "invalidated")];
        let flags: Vec<_> = flags.iter().filter(|(on, _)| *on).map(|(_, word)| *word).collect();
        table.add_row(vec![
            Cell::new(&past.id),
            Cell::new(when(past.time, now, style.colour)),
            Cell::new(what(past)),
            Cell::new(labels(past)),
            Cell::new(&past.result),
            Cell::new(human(past.score)),
            Cell::new(flags.join(", ")),
        ]);
    }
    if let Some(column) = table.column_mut(5) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut text = lines(&table);
    if total > shown.len() {
        text.push_str(&format!("{} older ones are not shown; see --limit\n", total - shown.len()));
    }
    text
}

/// What a changed SLO file makes of the past.
pub(crate) fn backtest_table(replayed: &[Replayed<'_>], now: Timestamp, style: Style) -> String {
    let flips = replayed.iter().filter(|again| again.flipped()).count();
    let mut text = match (replayed.len(), flips) {
        (0, _) => return "the history holds no evaluation that could be judged again\n".to_owned(),
        (1, 0) => "The one past verdict stays as it is.\n".to_owned(),
        (total, 0) => format!("All {total} past verdicts stay as they are.\n"),
        (total, flips) => format!("{flips} of {total} past verdicts would flip.\n"),
    };
    text.push('\n');
    let mut table = plain();
    table.set_header(["id", "when", "what", "labels", "was", "would be", ""]);
    for again in replayed.iter().rev() {
        let past = again.past;
        let score = again.now.as_ref().map(|decision| human(decision.finished.evaluation.score)).unwrap_or_default();
        table.add_row(vec![
            Cell::new(&past.id),
            Cell::new(when(past.time, now, style.colour)),
            Cell::new(what(past)),
            Cell::new(labels(past)),
            Cell::new(format!("{} {}", past.result, human(past.score))),
            Cell::new(format!("{} {score}", again.result())),
            Cell::new(if again.flipped() { "flips" } else { "" }),
        ]);
    }
    text.push_str(&lines(&table));
    for again in replayed.iter().rev().filter(|again| again.flipped() || !again.unmeasured.is_empty()) {
        text.push_str(&format!("\n{}\n", style.bold(&again.past.id)));
        if !again.unmeasured.is_empty() {
            text.push_str(&format!("  not measured then, so this is a guess: {}\n", again.unmeasured.join(", ")));
        }
        for reason in again.reasons.iter().filter(|_| again.flipped()) {
            text.push_str(&format!("  {reason}\n"));
        }
    }
    text
}

fn plain() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).force_no_tty();
    table
}

fn lines(table: &Table) -> String {
    table.lines().flat_map(|line| [line.trim().to_owned(), "\n".to_owned()]).collect()
}

fn what(past: &PastEvaluation) -> String {
    let parts = [&past.subject.project, &past.subject.stage, &past.subject.service];
    let given: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).map(String::as_str).collect();
    given.join("/")
}

fn labels(past: &PastEvaluation) -> String {
    let labels: Vec<_> = past.subject.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    labels.join(" ")
}
