//! What came of many seeds.

use std::time::Duration;

use serde_json::json;

use super::seeds::Seen;

/// What is counted, by what it is about: kinds as the simulator has them, each with its words.
const GROUPS: [(&str, &[(&str, &str)]); 4] = [
    (
        "killed",
        &[
            ("kills", "between steps"),
            ("kill-in-begin", "as a transaction begins"),
            ("kill-in-savepoint", "at a savepoint"),
            ("kill-in-read", "while reading"),
            ("kill-in-write", "while writing"),
            ("kill-in-commit", "in a commit, nothing kept"),
            ("kill-in-sync", "in a commit, all kept"),
        ],
    ),
    (
        "failed",
        &[
            ("fail-begin", "as a transaction begins"),
            ("fail-savepoint", "at a savepoint"),
            ("fail-read", "while reading"),
            ("fail-write", "while writing"),
            ("fail-commit", "in a commit, nothing kept"),
            ("fail-sync", "in a commit, all kept"),
            ("fail-reopen", "as the store is reopened"),
            ("broken-promise", "in an acknowledged commit"),
        ],
    ),
    ("clock", &[("clock-forth", "set forth"), ("clock-back", "set back")]),
    (
        "messages",
        &[
            ("late", "late"),
            ("reordered", "behind later ones"),
            ("twice", "twice"),
            ("said-again", "said again after a failure"),
            ("answers-ignored", "that changed nothing"),
            ("refused", "that the store can never take"),
            ("batched", "in one step with others"),
            ("granted-waiting", "claims that waited and were granted a task"),
        ],
    ),
];

/// For people.
pub(super) fn text(from: u64, seen: &Seen, elapsed: Duration) -> String {
    let rate = rate(seen, elapsed);
    let seeds = if seen.played == 1 { "seed" } else { "seeds" };
    let distinct = seen.hashes.len();
    let steps = seen.steps;
    let mut told = format!(
        "{} {seeds} from {from} on: {distinct} distinct schedules, {steps} steps, {rate} a second\n",
        seen.played
    );
    for (about, kinds) in GROUPS {
        let counted: Vec<String> = kinds
            .iter()
            .filter_map(|(kind, words)| Some((seen.tally.of(kind), words)).filter(|(times, _)| *times > 0))
            .map(|(times, words)| format!("  {times:>9}  {words}\n"))
            .collect();
        if !counted.is_empty() {
            told.push_str(&format!("\n{about}\n{}", counted.concat()));
        }
    }
    told
}

/// For programs, an object on a line.
pub(super) fn json(from: u64, seen: &Seen, elapsed: Duration) -> String {
    let failed = seen.failed.as_ref().map(|failed| json!({ "seed": failed.seed, "what": failed.failure }));
    let summary = json!({
        "from": from,
        "seeds": seen.played,
        "distinct": seen.hashes.len(),
        "steps": seen.steps,
        "per_second": rate(seen, elapsed),
        "counts": seen.tally,
        "failed": failed,
    });
    format!("{summary}\n")
}

/// Seeds a second.
fn rate(seen: &Seen, elapsed: Duration) -> u64 {
    (seen.played as f64 / elapsed.as_secs_f64().max(0.001)) as u64
}
