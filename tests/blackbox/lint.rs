//! `capstan lint` on files with every doubtful thing that it knows.

use crate::support::Workplace;

const DOUBTFUL: &str = r#"comparison:
  compare_with: single
  number_of_comparison_results: 2.5
  include_result_with_score: passed
  aggregate_function: p95
objectives:
  - sli: a
    pass:
      - criteria: ["<5", ">10"]
      - criteria: []
    warning:
      - criteria: ["5"]
    weight: 2.7
  - sli: b
    key_sli: true
    warning:
      - criteria: ["<1"]
  - sli: c
    pass:
      - criteria: ["<-5"]
      - criteria: ["<=-10%", "<=(-5)"]
    warning:
      - criteria: ["<=+10%"]
    wieght: 3
  - sli: c
    pass:
      - criteria: ["<600"]
    warning:
      - criteria: ["<500"]
    weight: 0
  -
  - displayName: nameless
total_score:
  pass: "101%"
  warning: "101%"
---
more: 1
"#;

#[test]
fn every_finding_is_drawn() {
    let workplace = Workplace::new();
    workplace.file("slo.yaml", DOUBTFUL);
    workplace
        .file("sli.yaml", "indicators:\n  a: rate(x[$DURATION_SECOND])\n  b: ''\nsources: {c: load}\nindicator: {}\n");
    let ran = workplace.line("lint slo.yaml sli.yaml").expect(1);
    insta::with_settings!({prepend_module_to_snapshot => false}, { insta::assert_snapshot!("lint", ran.stdout) });
}

#[test]
fn exit_codes_tell_clean_doubtful_and_unreadable_apart() {
    let workplace = Workplace::new();
    workplace.file("slo.yaml", crate::support::SLO).file("bad-slo.yaml", "objectives: 3\n");
    workplace.file("odd-slo.yaml", "objectives: []\ntotal_score: {pass: 90%}\n");
    assert_eq!(workplace.line("lint slo.yaml").expect(0).stdout, "1 file clean\n");
    workplace.line("lint slo.yaml odd-slo.yaml").expect(1);
    workplace.line("lint slo.yaml bad-slo.yaml").expect(2);
    workplace.line("lint missing.yaml").expect(2);
    let json = workplace.line("lint -o json bad-slo.yaml").expect(2).json();
    assert_eq!(json["diagnostics"][0]["code"], "YAML004");
}

#[test]
fn what_a_kind_of_file_is_follows_from_name_or_keys() {
    let workplace = Workplace::new();
    workplace.file("objectives.yaml", crate::support::SLO).file("queries.yaml", "indicators: {a: b}\n");
    workplace.line("lint objectives.yaml queries.yaml").expect(0);
}
