//! What is where, for people: services as rows, stages as columns; where that is too wide, a row for each of both.

use capstan_model::number::human;
use jiff::Timestamp;

use crate::client::{InStage, RunResult, Status};
use crate::terminal::{Columns, Look, when};

/// The matrix, or the list that takes its place where lines are too short for it.
pub(super) fn matrix(status: &Status, now: Timestamp, look: &Look) -> String {
    if status.services.is_empty() {
        return "no services yet; the first trigger of one makes it known\n".to_owned();
    }
    let wide = wide(status, now, look);
    let lines = if wide.iter().all(|line| console::measure_text_width(line) <= look.width) {
        wide
    } else {
        narrow(status, now, look).iter().map(|line| look.fit(line)).collect()
    };
    lines.into_iter().flat_map(|line| [line, "\n".to_owned()]).collect()
}

fn wide(status: &Status, now: Timestamp, look: &Look) -> Vec<String> {
    let mut columns = Columns::default();
    let stages = status.services.first().map(|service| service.stages.as_slice()).unwrap_or_default();
    let titles = stages.iter().map(|stage| stage.stage.as_str());
    columns.row(["service"].into_iter().chain(titles).map(|title| look.style.dim(title)));
    for service in &status.services {
        let cells = service.stages.iter().map(|stage| {
            let [version, result, at] = cell(stage, now, look);
            let parts = [version, result, look.style.dim(&at)];
            let words: Vec<_> = parts.into_iter().filter(|part| console::measure_text_width(part) > 0).collect();
            if words.is_empty() { look.style.dim("-") } else { words.join(" ") }
        });
        columns.row([look.style.bold(&service.name)].into_iter().chain(cells));
    }
    columns.lines()
}

fn narrow(status: &Status, now: Timestamp, look: &Look) -> Vec<String> {
    let mut columns = Columns::default();
    columns.row(["service", "stage", "version", "result", "when"].map(|title| look.style.dim(title)));
    for service in &status.services {
        for (row, stage) in service.stages.iter().enumerate() {
            let name = if row == 0 { look.style.bold(&service.name) } else { String::new() };
            let [version, result, at] = cell(stage, now, look);
            let version = if version.is_empty() { look.style.dim("-") } else { version };
            columns.row([name, stage.stage.clone(), version, result, look.style.dim(&at)]);
        }
    }
    columns.lines()
}

/// Version, result with score, and time.
fn cell(stage: &InStage, now: Timestamp, look: &Look) -> [String; 3] {
    let version = stage.version.as_deref().unwrap_or_default();
    let version = if look.on_terminal { tag(version) } else { version };
    let score = stage.score.map(|score| format!(" {}", human(score))).unwrap_or_default();
    let result = stage.result.as_deref().map(|result| painted(RunResult::of(result), look) + &score);
    let at = stage.at.map(|at| when(at, now, look.on_terminal));
    [version.to_owned(), result.unwrap_or_default(), at.unwrap_or_default()]
}

/// What tells one version of a service from another: the tag of its image, or the beginning of the digest.
fn tag(image: &str) -> &str {
    let name = image.rsplit('/').next().unwrap_or(image);
    match (name.split_once('@'), name.split_once(':')) {
        (Some((_, digest)), _) => digest.get(..15).unwrap_or(digest),
        (None, Some((_, tag))) => tag,
        (None, None) => name,
    }
}

fn painted(result: RunResult, look: &Look) -> String {
    let word = result.word();
    match result {
        RunResult::Pass => look.style.green(word),
        RunResult::Warning => look.style.yellow(word),
        RunResult::Fail | RunResult::Aborted | RunResult::TimedOut => look.style.red(word),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::terminal::Style;

    #[test]
    fn versions_are_told_apart_by_what_differs() {
        for (image, expected) in [
            ("ghcr.io/x/cart:1.2", "1.2"),
            ("localhost:5000/cart", "cart"),
            ("cart@sha256:0123456789abcdef0", "sha256:01234567"),
            ("", ""),
        ] {
            assert_eq!(tag(image), expected);
        }
    }

    #[test]
    fn the_matrix_fits() {
        let stage = |name: &str, more: serde_json::Value| {
            let mut stage = json!({ "stage": name });
            more.as_object().into_iter().flatten().for_each(|(key, value)| stage[key] = value.clone());
            stage
        };
        let status: Status = serde_json::from_value(json!({"services": [
            {"name": "cart", "stages": [
                stage("dev", json!({"version": "ghcr.io/shop/cart:1.2.0", "result": "pass", "at": "2026-01-02T11:57:00Z"})),
                stage("staging", json!({"version": "ghcr.io/shop/cart:1.1.0", "result": "fail", "score": 62.5, "at": "2026-01-02T10:00:00Z"})),
                stage("production", json!({"version": "ghcr.io/shop/cart:1.0.0", "result": "warning", "score": 80.0, "at": "2025-12-30T10:00:00Z"})),
            ]},
            {"name": "recommendations", "stages": [
                stage("dev", json!({"result": "timedOut", "at": "2026-01-02T11:59:59Z"})),
                stage("staging", json!({})),
                stage("production", json!({})),
            ]},
        ]}))
        .unwrap();
        let look = |colour, width| Look { style: Style { colour }, on_terminal: true, width, height: 24 };
        let pipe = Look { style: Style { colour: false }, on_terminal: false, width: usize::MAX, height: usize::MAX };
        let now = "2026-01-02T12:00:00Z".parse().unwrap();
        let told: Vec<_> =
            [look(false, 120), look(true, 120), look(false, 80), pipe].map(|look| matrix(&status, now, &look)).into();
        insta::assert_snapshot!(told.join("\n"));
    }
}
