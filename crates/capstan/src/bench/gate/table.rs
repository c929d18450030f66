//! The run for people.

use comfy_table::{Cell, CellAlignment, Table, presets};

use super::record::{Judged, Record, Row};
use crate::bench::figure::{contended, spread};

/// Writes the table with what is needed to read it.
pub(super) fn write(record: &Record) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).force_no_tty();
    table.set_header([
        "source/slis/at once",
        "gate ms",
        "bare ms",
        "overhead ms",
        "gate/bare",
        "pairs",
        "goal",
        "",
        "contended",
    ]);
    for row in &record.rows {
        table.add_row(cells(row));
    }
    let mut text = head(record);
    for line in table.lines() {
        text.push_str(line.trim());
        text.push('\n');
    }
    text.push_str(FOOT);
    text
}

const FOOT: &str = "
Each figure is the least / middle / greatest of the repetitions' medians. Overhead is the difference within each pair
of a gate and its queries sent bare; with several gates at once, until the last of them is done. Bare queries go over
connections that are there already, in '/cold' rows over new ones; a gate always connects anew, as the command does.
Durability: none (no history). Sources, gates and bare queries share this machine.
";

fn head(record: &Record) -> String {
    let machine = &record.machine;
    let unknown = || "unknown".to_owned();
    let build = if record.versions.release_build { "" } else { " (not optimised: these are no figures)" };
    let prometheus = record.versions.prometheus.as_ref().map(|version| format!(", Prometheus {version}"));
    let revision = record.revision.as_ref().map(|revision| {
        let modified = if revision.modified { " with changes" } else { "" };
        format!(", revision {:.12}{modified}", revision.commit)
    });
    format!(
        "{}, {} cores, kernel {}\ncapstan {}{build}{}{}, {:.0} s\n\n",
        machine.cpu.clone().unwrap_or_else(unknown),
        machine.cores,
        machine.kernel.clone().unwrap_or_else(unknown),
        record.versions.capstan,
        revision.unwrap_or_default(),
        prometheus.unwrap_or_default(),
        record.seconds,
    )
}

fn cells(row: &Row) -> Vec<Cell> {
    let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    let (goal, reached) = row.goal.map(goal).unwrap_or_default();
    vec![
        Cell::new(&row.name),
        right(spread(row.gate_ms)),
        right(spread(row.bare_ms)),
        right(spread(row.overhead_ms)),
        right(format!("{:.2}", row.gate_ms.median / row.bare_ms.median)),
        right(row.repetitions.iter().map(|repetition| repetition.pairs).sum::<usize>().to_string()),
        Cell::new(goal),
        Cell::new(reached),
        Cell::new(contended(row.contended, &row.contention)),
    ]
}

/// What is aimed at, and what of it is reached.
fn goal(judged: Judged) -> (String, &'static str) {
    let Judged { of, bar_ms, aim_ms, bar_met, aim_met, .. } = judged;
    let text = match aim_ms {
        Some(aim) => format!("{of} ≤ {bar_ms}, aim {aim}"),
        None => format!("{of} ≤ {bar_ms}"),
    };
    let reached = match (bar_met, aim_met) {
        (false, _) => "missed",
        (true, Some(false)) => "met, aim missed",
        (true, _) => "met",
    };
    (text, reached)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_say_what_is_reached() {
        let judged = |bar_met, aim_met| {
            goal(Judged { of: "overhead", measured_ms: 1.0, bar_ms: 5.0, bar_met, aim_ms: Some(0.5), aim_met })
        };
        assert_eq!(judged(true, Some(false)), ("overhead ≤ 5, aim 0.5".to_owned(), "met, aim missed"));
        assert_eq!(judged(false, Some(false)).1, "missed");
        assert_eq!(judged(true, Some(true)).1, "met");
    }
}
