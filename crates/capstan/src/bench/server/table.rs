//! The run for people.

use comfy_table::{Cell, CellAlignment, Table, presets};

use super::goal::Judged;
use super::record::{Figure, Record, Row};
use super::sample::{P50, P99, P999, RATE};
use crate::bench::figure::{contended, short, spread};

/// Writes the tables with what is needed to read them.
pub(super) fn write(record: &Record) -> String {
    let mut text = head(record);
    let mut rows = table(["row", "a second", "p50 ms", "p99 ms", "p99.9 ms", "durability", "to A", "contended"]);
    for row in &record.rows {
        rows.add_row(cells(row));
    }
    append(&mut text, &rows);
    let besides: String = record.rows.iter().map(beside).collect();
    if !besides.is_empty() {
        text.push_str(&format!("\nBeside them, the middle:\n{besides}"));
    }
    if !record.goals.is_empty() {
        text.push('\n');
        let mut goals = table(["goal of", "figure", "measured", "ratio", "bar", "", "goal", ""]);
        for judged in &record.goals {
            goals.add_row(goal(judged));
        }
        append(&mut text, &goals);
    }
    text.push_str(FOOT);
    text
}

const FOOT: &str = "
Each figure is the least / middle / greatest of the repetitions; bars and goals are held against the middle. Behind the
slash stand clients, rows a transaction, runs in flight, runs a second, or what is stored. F: append 4 KB and sync; H:
parse and answer; G: append, sync what has come together, answer; S: SQLite, rows a second and times of transactions.
W1: events; W2: runs of twelve tasks; W3: times from an answer to the next task; W6: times from start to first answer;
W7: events with 32 clients. Read back were all runs of W2, W3 and W7, all that W5 acknowledged, and 4,000 of W1.
Durability: what an answer survives: a loss of power, the end of the process, nothing; or nobody knows. Clients,
references and servers share this machine. Events are sent one by one: there is no route for batches.
";

fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).force_no_tty();
    table.set_header(header);
    table
}

fn append(text: &mut String, table: &Table) {
    for line in table.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
}

fn head(record: &Record) -> String {
    let machine = &record.machine;
    let unknown = || "unknown".to_owned();
    let build = if record.versions.release_build { "" } else { " (not optimised: these are no figures)" };
    let revision = record.revision.as_ref().map(|revision| {
        let modified = if revision.modified { " with changes" } else { "" };
        format!(", revision {:.12}{modified}", revision.commit)
    });
    let memory = if record.disk.is_memory() { " (memory: nothing here survives a loss of power)" } else { "" };
    let mut text = format!(
        "{}, {} cores, kernel {}; data in '{}' on {}{memory}\ncapstan {}{build}{}, SQLite {}, {:.0} s\n",
        machine.cpu.clone().unwrap_or_else(unknown),
        machine.cores,
        machine.kernel.clone().unwrap_or_else(unknown),
        record.disk.directory.display(),
        record.disk.file_system.clone().unwrap_or_else(|| "an unknown file system".to_owned()),
        record.versions.capstan,
        revision.unwrap_or_default(),
        record.versions.sqlite,
        record.seconds,
    );
    for server in &record.servers {
        if let Some(label) = server.label {
            text.push_str(&format!("{label}: {server}\n"));
        }
    }
    text.push('\n');
    text
}

fn right(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

fn cells(row: &Row) -> Vec<Cell> {
    let shown = |name: &str| right(row.figure(name).map(|figure| spread(figure.spread)).unwrap_or_default());
    let to_first = row.figure(RATE).and_then(|figure| figure.to_first);
    vec![
        Cell::new(row.title()),
        if row.fault.is_some() { Cell::new("no figures") } else { shown(RATE) },
        shown(P50),
        shown(P99),
        shown(P999),
        Cell::new(row.durability),
        right(to_first.map(|ratio| format!("× {}", spread(ratio))).unwrap_or_default()),
        Cell::new(contended(row.contended, &row.contention)),
    ]
}

/// A line with the figures that have no column.
fn beside(row: &Row) -> String {
    if let Some(fault) = &row.fault {
        return format!("  {}: FAILED, {fault}\n", row.title());
    }
    let others = row.figures.iter().filter(|figure| ![RATE, P50, P99, P999].contains(&figure.name));
    let others: Vec<String> = others.map(other).collect();
    if others.is_empty() { String::new() } else { format!("  {}: {}\n", row.title(), others.join(", ")) }
}

fn other(figure: &Figure) -> String {
    let to_first = figure.to_first.map(|ratio| format!(" (× {})", short(ratio.median))).unwrap_or_default();
    format!("{} {}{to_first}", figure.name.replace('_', " "), short(figure.spread.median))
}

fn goal(judged: &Judged) -> Vec<Cell> {
    let limit =
        |limit: Option<f64>| {
            right(limit.map_or_else(String::new, |limit| {
                format!("{} {}", if judged.at_least { "≥" } else { "≤" }, short(limit))
            }))
        };
    let met = |met: Option<bool>| Cell::new(met.map_or("", |met| if met { "met" } else { "missed" }));
    let name = judged.server.map_or_else(|| judged.row.clone(), |server| format!("{} {server}", judged.row));
    vec![
        Cell::new(name),
        Cell::new(judged.figure.replace('_', " ")),
        right(short(judged.measured)),
        right(judged.ratio.map(|ratio| format!("{} {}", short(ratio), judged.reference_name)).unwrap_or_default()),
        limit(judged.bar),
        met(judged.bar_met),
        limit(judged.goal),
        met(judged.goal_met),
    ]
}
