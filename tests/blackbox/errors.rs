//! What a clumsy user sees, pinned.

use crate::support::{SLO, Workplace};

fn seen(workplace: &Workplace, line: &str) -> String {
    let ran = workplace.line(line);
    assert_eq!(ran.code, 2, "{line}: {ran:?}");
    assert!(ran.stdout.is_empty(), "{line}");
    format!("$ capstan {}\n{}\n", line.replace("me:secret@", "me:***@"), ran.stderr)
}

#[test]
fn wrong_files_are_drawn_with_their_place() {
    let workplace = Workplace::new();
    workplace.file("values.json", "[]");
    let files = [
        ("tab.yaml", "objectives:\n\t- sli: a\n"),
        ("unclosed.yaml", "objectives: [{sli: 'a}]\n"),
        (
            "types.yaml",
            "objectives:\n- sli: a\n  pass:\n  - criteria: '<600'\n  key_sli: maybe\n  weight: many\ntotal_score: 90%\n",
        ),
        ("twice.yaml", "objectives: []\nobjectives: []\ntotal_score: {pass: 90%}\n"),
        (
            "criteria.yaml",
            "objectives:\n- sli: a\n  pass:\n  - criteria: ['<600ms', '==5', '600', '<1,5', '<NaN']\n  -\ntotal_score:\n  pass: '>=90%'\n",
        ),
        (
            "comparison.yaml",
            "comparison:\n  compare_with: several_results\n  number_of_comparison_results: 101\n  aggregate_function: p99\n  on_no_history: failed\n  baseline: {max_age: long}\nobjectives:\n- sli: a\n  weight: -1\n  on_no_data: skip\n",
        ),
        ("null.yaml", "~\n"),
    ];
    let mut text = String::new();
    for (name, content) in files {
        workplace.file(name, content);
        text.push_str(&seen(&workplace, &format!("gate judge --slo {name} --values values.json")));
    }
    insta::with_settings!({prepend_module_to_snapshot => false}, { insta::assert_snapshot!("errors_files", text) });
}

#[test]
fn wrong_arguments_say_how_to_mend_them() {
    let workplace = Workplace::new();
    workplace.file("slo.yaml", SLO).file("values.json", "[]").file("v.json", r#"{"error_rate": 1}"#);
    workplace.file("object.json", "{}").file("broken.json", "[{\"metric\": }]").file("latin.yaml", b"a: \xe4\n");
    workplace.file("bad-values.json", r#"[{"metric": "a", "value": "1", "success": true}]"#);
    workplace.file("no-success.json", r#"[{"metric": "a", "value": 1}]"#);
    workplace
        .file("previous.json", r#"[{"id": "a"}]"#)
        .file("sli.yaml", "indicators: {a: b}\nsources: {error_rate: prm}\n");
    workplace.file("empty.json", "");
    workplace.file("empty-sli.yaml", "spec_version: '1.0'\n");
    let run = "gate run --slo slo.yaml --history none";
    let lines = [
        "gate judge --slo missing.yaml --values values.json".to_owned(),
        "gate judge --slo . --values values.json".to_owned(),
        "gate judge --slo latin.yaml --values values.json".to_owned(),
        "gate judge --slo slo.yaml --values object.json".to_owned(),
        "gate judge --slo slo.yaml --values broken.json".to_owned(),
        "gate judge --slo slo.yaml --values bad-values.json".to_owned(),
        "gate judge --slo slo.yaml --values no-success.json".to_owned(),
        "gate judge --slo slo.yaml --values values.json --previous previous.json".to_owned(),
        "gate judge --slo slo.yaml --values values.json --label build".to_owned(),
        format!("{run} --source prom=localhost:9090"),
        format!("{run} --source http://me:secret@localhost:9090"),
        format!("{run} --source load=jsn:v.json"),
        format!("{run} --source load=json:v.json --source load=json:v.json"),
        format!("{run} --source a-b=json:v.json --source A_b=json:v.json"),
        format!("{run} --source prom=json:v.json --sli sli.yaml"),
        format!("{run} --source prom=json:v.json --sli empty-sli.yaml"),
        format!("{run} --source prom=json:v.json --start 2024-01-02T15:00:00Z"),
        format!("{run} --source prom=json:v.json --end 2024-01-02T15:00:00Z"),
        format!("{run} --source prom=json:v.json --end 2024-01-02T15:00:00Z --timeframe 5m"),
        format!("{run} --source prom=json:v.json --timeframe 1d"),
        format!("{run} --source prom=json:v.json --timeframe 30s"),
        format!("{run} --source prom=json:v.json --start yesterday --timeframe 5m"),
        format!("{run} --source prom=json:v.json --settle 5"),
        format!("{run} --source prom=json:v.json --settle -5s"),
        format!("{run} --source prom=json:v.json --deadline 0s"),
        "gate judge --slo slo.yaml --values empty.json".to_owned(),
        "gate history list".to_owned(),
        "gate history prune".to_owned(),
        "gate".to_owned(),
        "lint values.json".to_owned(),
    ];
    let text: String = lines.iter().map(|line| seen(&workplace, line)).collect();
    assert!(!text.contains("secret"));
    insta::with_settings!({prepend_module_to_snapshot => false}, { insta::assert_snapshot!("errors_arguments", text) });
}

#[test]
fn errors_are_json_where_json_was_asked_for() {
    let workplace = Workplace::new();
    workplace
        .file("slo.yaml", "objectives:\n- sli: a\n  pass: [{criteria: ['5']}]\ntotal_score: {pass: 90%}\n")
        .file("values.json", "[]");
    let ran = workplace.line("gate judge --slo slo.yaml --values values.json -o json").expect(2);
    let report: serde_json::Value = serde_json::from_str(&ran.stderr).unwrap();
    let first = &report["diagnostics"][0];
    assert_eq!(
        (first["code"].as_str(), first["line"].as_i64(), first["column"].as_i64()),
        (Some("SLO022"), Some(3), Some(22))
    );
}
