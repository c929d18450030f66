//! The ways to write a verdict, pinned.

use crate::support::{SLO, Workplace, stable};

fn workplace() -> Workplace {
    let workplace = Workplace::new();
    workplace.file("slo.yaml", SLO).file(
        "values.json",
        r#"[{"metric": "response_time_p95", "value": 612, "success": true},
            {"metric": "error_rate", "value": 0, "success": false, "message": "query did not return any values"},
            {"metric": "extra|<b>", "value": 1, "success": true}]"#,
    );
    workplace
}

#[test]
fn each_format_is_pinned() {
    let workplace = workplace();
    for format in ["table", "yaml", "markdown", "junit"] {
        let line = format!(
            "gate judge --slo slo.yaml --values values.json --project p --stage s --service v --label build=17 -o {format}"
        );
        let ran = workplace.line(&line).expect(1);
        stable(|| insta::assert_snapshot!(format!("format_{format}"), ran.stdout));
    }
}

#[test]
fn a_passing_gate_without_history_says_so_loudly() {
    let workplace = Workplace::new();
    workplace.file("slo.yaml", SLO).file(
        "values.json",
        r#"[{"metric": "response_time_p95", "value": 312.5, "success": true}, {"metric": "error_rate", "value": 0.2, "success": true}]"#,
    );
    let ran = workplace.line("gate judge --slo slo.yaml --values values.json").expect(0);
    stable(|| insta::assert_snapshot!("format_table_pass", ran.stdout));
}

#[test]
fn colour_is_for_terminals_alone() {
    let workplace = workplace();
    let ran = workplace.line("gate judge --slo slo.yaml --values values.json");
    assert!(!ran.stdout.contains('\u{1b}'));
}
