//! The history file: appended, compared with, curated, and never lost.

use serde_json::Value;

use crate::support::{Ran, SLO, Workplace, stable};

const RUN: &str = "gate run --slo slo.yaml --source load=json:values.json --project shop --stage ci --service carts";

fn workplace() -> Workplace {
    let workplace = Workplace::new();
    workplace.file("slo.yaml", SLO);
    workplace
}

fn gate(workplace: &Workplace, p95: f64, build: &str) -> Ran {
    workplace.file("values.json", format!(r#"{{"response_time_p95": {p95}, "error_rate": 0.1, "throughput": 9}}"#));
    workplace.line(&format!("{RUN} --label build={build}"))
}

fn list(workplace: &Workplace) -> Vec<Value> {
    workplace.line("gate history list -o json").expect(0).json().as_array().unwrap().clone()
}

#[test]
fn a_gate_compares_with_the_one_before() {
    let workplace = workplace();
    assert_eq!(gate(&workplace, 500.0, "1").code, 0);
    let second = gate(&workplace, 560.0, "2");
    assert_eq!(second.code, 1);
    stable(|| insta::assert_snapshot!("history_second_gate", second.seen()));
    assert_eq!(gate(&workplace, 540.0, "3").code, 0);
    stable(|| insta::assert_snapshot!("history_list", workplace.line("gate history list").seen()));
    stable(|| insta::assert_snapshot!("history_show", workplace.line("gate history show latest").seen()));
}

#[test]
fn an_invalidated_evaluation_is_out() {
    let workplace = workplace();
    gate(&workplace, 500.0, "1").expect(0);
    gate(&workplace, 100.0, "warm-cache").expect(0);
    assert_eq!(gate(&workplace, 510.0, "3").code, 1);
    let id = list(&workplace)[1]["id"].as_str().unwrap().to_owned();
    workplace.run(&["gate", "history", "invalidate", &id, "--reason", "cache was warm"]).expect(0);
    assert_eq!(gate(&workplace, 510.0, "4").code, 0);
    let again = workplace.line(&format!("gate history invalidate {id}")).expect(0);
    assert!(again.stdout.contains("before"), "{again:?}");
    assert!(workplace.read(".capstan/history.jsonl").contains("sh.keptn.event.evaluation.invalidated"));
}

#[test]
fn prune_keeps_what_is_pinned() {
    let workplace = workplace();
    for build in ["1", "2", "3", "4"] {
        gate(&workplace, 500.0, build).expect(0);
    }
    let oldest = list(&workplace)[3]["id"].as_str().unwrap().to_owned();
    workplace.line(&format!("gate history pin {oldest}")).expect(0);
    let pruned = workplace.line("gate history prune --keep 1").expect(0);
    assert_eq!(pruned.stdout, "removed 2, kept 2\n");
    let kept = list(&workplace);
    assert_eq!(kept[1]["id"], oldest.as_str());
    assert_eq!(kept[1]["pinned"], true);
    workplace.line(&format!("gate history unpin {oldest}")).expect(0);
    workplace.line("gate history prune --older-than 0s").expect(0);
    assert!(list(&workplace).is_empty());
    assert!(!workplace.read(".capstan/history.jsonl").contains("pinned"));
}

#[test]
fn a_torn_last_line_is_repaired_and_said() {
    let workplace = workplace();
    gate(&workplace, 500.0, "1").expect(0);
    let whole = workplace.read(".capstan/history.jsonl");
    workplace.file(".capstan/history.jsonl", format!("{whole}{}", &whole[..whole.len() / 2]));
    let ran = gate(&workplace, 510.0, "2").expect(0);
    assert!(ran.stderr.contains("was never finished"), "{ran:?}");
    let repaired = workplace.read(".capstan/history.jsonl");
    assert!(repaired.starts_with(&whole));
    assert_eq!(repaired.lines().count(), 2);
    assert!(gate(&workplace, 510.0, "3").expect(0).stderr.is_empty());
}

#[test]
fn a_line_that_is_no_event_is_named() {
    let workplace = workplace();
    gate(&workplace, 500.0, "1").expect(0);
    let whole = workplace.read(".capstan/history.jsonl");
    workplace.file(".capstan/history.jsonl", format!("{whole}{{\"id\": 3}}\n{whole}"));
    let ran = gate(&workplace, 500.0, "2").expect(2);
    insta::assert_snapshot!(ran.stderr, @r"
    error: .capstan/history.jsonl:2: not an event of a history: the attribute 'id' must be text
      help: mend or remove this line; every line is one CloudEvent
    ");
}

#[test]
fn many_gates_at_once_lose_nothing() {
    let workplace = workplace();
    workplace.file("values.json", r#"{"response_time_p95": 500, "error_rate": 0.1, "throughput": 9}"#);
    let line: Vec<_> = RUN.split_whitespace().collect();
    let mut gates: Vec<_> =
        (0..12).map(|_| workplace.command(&line).stdout(std::process::Stdio::null()).spawn().unwrap()).collect();
    let mut prunes: Vec<_> = Vec::new();
    for gate in gates.drain(..6) {
        assert!(gate.wait_with_output().unwrap().status.success());
        let prune = workplace
            .command(&["gate", "history", "prune", "--keep", "100"])
            .stdout(std::process::Stdio::null())
            .spawn();
        prunes.push(prune.unwrap());
    }
    for child in gates.into_iter().chain(prunes) {
        assert!(child.wait_with_output().unwrap().status.success());
    }
    assert_eq!(list(&workplace).len(), 12);
}

#[test]
fn without_a_verdict_nothing_is_remembered() {
    let workplace = workplace();
    let ran = workplace.line("gate run --slo slo.yaml --source prom=http://127.0.0.1:9 --deadline 1s").expect(4);
    assert!(ran.stdout.starts_with("NO VERDICT"), "{ran:?}");
    assert!(!workplace.path().join(".capstan").exists());
}

#[test]
fn history_none_keeps_nothing() {
    let workplace = workplace();
    workplace.file("values.json", r#"{"response_time_p95": 500, "error_rate": 0.1}"#);
    workplace.line(&format!("{RUN} --history none")).expect(0);
    assert!(!workplace.path().join(".capstan").exists());
}

#[test]
fn a_stricter_file_is_tried_on_the_past() {
    let workplace = workplace();
    for (p95, build) in [(500.0, "1"), (520.0, "2"), (300.0, "3")] {
        gate(&workplace, p95, build).expect(0);
    }
    workplace.file("strict.yaml", SLO.replace("<600", "<510"));
    let ran = workplace.line("gate backtest --slo strict.yaml").expect(0);
    stable(|| insta::assert_snapshot!("backtest", ran.seen()));
    let json = workplace.line("gate backtest --slo strict.yaml -o json").expect(0).json();
    assert_eq!(json["flips"], 1);
}

#[test]
fn a_source_that_is_down_is_no_verdict_whatever_else_has_no_query() {
    let workplace = workplace();
    workplace.file("slo.yaml", "objectives: [{sli: throughput, pass: [{criteria: ['>=1']}]}, {sli: nobody_knows_how}]\ntotal_score: {pass: 90%}\n");
    workplace.line("gate run --slo slo.yaml --source prom=http://127.0.0.1:9 --deadline 1s").expect(4);
    assert!(!workplace.path().join(".capstan").exists());
}

#[test]
fn a_window_that_has_not_ended_is_refused() {
    let workplace = workplace();
    workplace.file("values.json", "{}");
    let ran = workplace.line(&format!("{RUN} --start 2999-01-01T00:00:00Z --timeframe 5m")).expect(2);
    assert!(ran.stderr.contains("the window ends in"), "{ran:?}");
}

#[test]
fn a_history_that_cannot_be_written_is_told_before_anything_else() {
    let workplace = workplace();
    workplace.file("values.json", "{}").file("file", "");
    let ran = workplace.line(&format!("{RUN} --history file/history.jsonl")).expect(2);
    assert!(ran.stderr.contains("cannot write the history") || ran.stderr.contains("cannot read"), "{ran:?}");
    workplace.line(&format!("{RUN} --history .")).expect(2);
}

#[test]
fn curating_repairs_a_torn_line_and_says_so() {
    let workplace = workplace();
    gate(&workplace, 500.0, "1").expect(0);
    for command in ["pin latest", "invalidate latest", "prune --keep 5"] {
        let whole = workplace.read(".capstan/history.jsonl");
        workplace.file(".capstan/history.jsonl", format!("{whole}{{\"specversion\": \"1"));
        let listed = workplace.line("gate history list").expect(0);
        assert!(listed.stderr.contains("is left out"), "{listed:?}");
        let ran = workplace.line(&format!("gate history {command}")).expect(0);
        assert!(ran.stderr.contains("was removed"), "{command}: {ran:?}");
        assert!(workplace.line("gate history list").expect(0).stderr.is_empty());
    }
}

#[cfg(unix)]
#[test]
fn prune_leaves_links_and_permissions_as_they_are() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let workplace = workplace();
    gate(&workplace, 500.0, "1").expect(0);
    gate(&workplace, 500.0, "2").expect(0);
    let file = workplace.path().join(".capstan/history.jsonl");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    symlink(&file, workplace.path().join("link.jsonl")).unwrap();
    workplace.line("gate history prune --keep 1 --history link.jsonl").expect(0);
    assert!(workplace.path().join("link.jsonl").is_symlink());
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(list(&workplace).len(), 1);
    assert_eq!(std::fs::read_dir(workplace.path().join(".capstan")).unwrap().count(), 1);
}
