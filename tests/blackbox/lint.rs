//! `capstan lint` on files with every doubtful thing that it knows.

use crate::support::Workplace;

/// What the file above leaves out.
const MORE: &str = r#"comparison:
  number_of_comparison_results: 0
  on_no_history: fail
objectives:
  - sli: a
    pass:
      - criteria: ["=99.9"]
  - sli: b
    on_no_data: ignore
total_score:
  pass: 0.9
"#;

const RELATIVE: &str = r#"comparison:
  compare_with: several_results
  number_of_comparison_results: 3
  baseline: {pinned: latest}
objectives:
  - sli: a
    pass:
      - criteria: ["<=+10%"]
    warning:
      - criteria: ["<=+5%"]
  - sli: b
    pass:
      - criteria: ["<=+5%", ">=+10%"]
total_score:
  pass: "-1"
  warning: "-2"
"#;

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
    workplace
        .file("more.yaml", MORE)
        .file("relative.yaml", RELATIVE)
        .file("empty-slo.yaml", "")
        .file("informing.yaml", INFORMING);
    let ran = workplace.line("lint slo.yaml sli.yaml more.yaml relative.yaml empty-slo.yaml informing.yaml").expect(1);
    for code in documented_codes().iter().filter(|code| !code.starts_with("SHY")) {
        assert!(ran.stdout.contains(code), "no file here is found to have {code}");
    }
    insta::with_settings!({prepend_module_to_snapshot => false}, { insta::assert_snapshot!("lint", ran.stdout) });
}

const SHIPYARD: &str = r#"apiVersion: spec.keptn.sh/0.2.3
kind: Shipyards
spec:
  stages:
    - name: dev
      sequences:
        - name: delivery
          tasks:
            - name: deployment
              triggeredAfter: 10
            - name: test.smoke
            - name: evaluation
              triggeredAfter: -5m
        - name: delivery
          tasks:
            - name: deployment
        - name: release.now
          triggers: []
          tasks:
            - name: approval
              properties: {pass: automatik, warning: manual}
        - name: nothing
    - name: prod
      sequences:
        - name: delivery
          triggeredOn:
            - event: sh.keptn.event.dev.delivery.finished
            - event: dev.deploy.finished
            - event: staging.delivery.finished
            - event: dev.delivery.finished
            - event: dev.delivery.finished
              selector: {match: {result: failed}}
            - event: dev.delivery.finished
              selector: {match: {results: fail}}
            - event: dev.delivery.finished
              selector: {match: {deployment.result: pass}}
            - event: dev.delivery.finished
              selector: {match: {result: pass, evaluation.result: fail}}
          tasks:
            - name: ""
        - name: again
          triggeredOn: [{event: prod.after.finished}]
          tasks: [{name: release}]
        - name: after
          triggeredOn: [{event: prod.again.finished}]
          tasks: [{name: release}]
    - name: flow
      sequences:
        - name: delivery
          timeout: 1h
          retry: {attempts: 3}
          concurrency: {key: deploy, policy: supersede}
          tasks:
            - name: deployment
              retry: {attempts: 3}
              startTimeout: 2h
              if: labels.team == 'shop'
            - name: test
              timeout: 60m
              retry: {attempts: 1}
              parallel: checks
              when: result == 'fail'
            - name: load
              when: labels.team == 'shop' && labels.team == 'cart'
            - name: smoke
              when: result in ['pass', 'warning']
              properties: {startTimeout: 5m}
            - name: approval
              retry: {attempts: 2}
              timeout: 10m
              when: result >= 80
            - name: report
              finally: true
              when: result == 'failed'
            - name: cleanup
              finally: true
              when: result == fail
---
more: 1
"#;

#[test]
fn every_finding_on_a_shipyard_is_drawn() {
    let workplace = Workplace::new();
    let ran = workplace.file("process.yaml", SHIPYARD).line("lint process.yaml").expect(1);
    for code in documented_codes().iter().filter(|code| code.starts_with("SHY")) {
        assert!(ran.stdout.contains(code), "the file here is not found to have {code}");
    }
    insta::with_settings!({prepend_module_to_snapshot => false}, { insta::assert_snapshot!("lint_shipyard", ran.stdout) });
}

#[test]
fn every_error_of_a_shipyard_is_drawn() {
    let workplace = Workplace::new();
    workplace.file("shipyard-1.yaml", "apiVersion: spec.keptn.sh/0.1.7\nspec:\n  stages: []\n");
    workplace.file("shipyard-2.yaml", "spec: {stages: [{}, {name: My_Stage}, {name: dev}, {name: dev}]}\n");
    workplace.file("shipyard-3.yaml", "apiVersion: x\nspec:\n  stages: dev\n");
    workplace.file("empty-shipyard.yaml", "");
    let ran = workplace.line("lint shipyard-1.yaml shipyard-2.yaml shipyard-3.yaml empty-shipyard.yaml").expect(2);
    insta::with_settings!({prepend_module_to_snapshot => false}, { insta::assert_snapshot!("lint_shipyard_errors", ran.stdout) });
}

/// Every error about keys that v1 does not have.
const MISUNDERSTOOD: &str = r#"apiVersion: spec.keptn.sh/0.2.3
spec:
  stages:
    - name: dev
      sequences:
        - name: delivery
          timeout: 2
          concurrency:
            key: "deploy-{service"
            policy: superseed
          tasks:
            - name: deployment
              startTimeout: soon
              timeout: 0s
              retry: {attempts: 0, backoff: -5s}
            - name: test
              retry: {attempts: 2.5}
              when: result = 'pass'
            - name: smoke
              retry: {backoff: 10s}
              when: "labels[\"team\"] == 'shop' and true"
              join: any
            - name: unit
              parallel: checks
              join: every
              retry: {attempts: 101}
            - name: load
              parallel: checks
              join: all
              finally: true
              when: >-
                result ==
                'pass' &&
                not true
            - name: scan
              parallel: ''
              finally: true
              when: 'result == ''pass'' ||'
            - name: report
              parallel: checks
              when: result == 'pass
        - name: rollback
          concurrency: {key: '', policy: replace}
        - name: cleanup
          concurrency: {key: 'a}-{}-{a b}'}
"#;

/// Those of which the reader of the types already knows.
const OF_ANOTHER_KIND: &str = "apiVersion: spec.keptn.sh/0.2.3
spec:
  stages:
    - name: dev
      sequences:
        - name: delivery
          concurrency: deploy
          tasks:
            - name: deployment
              retry: 3
              when: !(result == 'pass')
              parallel: {name: checks}
              finally: sometimes
            - name: test
              retry: {attempts: three}
              when: [result]
";

#[test]
fn every_error_about_additive_keys_is_drawn() {
    let workplace = Workplace::new();
    workplace.file("flow.yaml", MISUNDERSTOOD).file("kinds.yaml", OF_ANOTHER_KIND);
    let ran = workplace.line("lint flow.yaml kinds.yaml").expect(2);
    for code in documented_errors().iter().filter(|code| code.starts_with("SHY02") || code.starts_with("SHY03")) {
        assert!(ran.stdout.contains(code), "the files here are not found to have {code}");
    }
    insta::with_settings!({prepend_module_to_snapshot => false}, { insta::assert_snapshot!("lint_flow_errors", ran.stdout) });
}

const INFORMING: &str = "objectives: [{sli: a}]\ntotal_score: {pass: 90%}\n";

/// The codes of findings that the documentation explains.
fn documented_codes() -> Vec<String> {
    // SLO120 and SLI101 are about files that are all but empty; they have tests of their own.
    let codes = documented("## Findings").into_iter();
    codes.filter(|code| !["SLO120", "SLI101"].contains(&code.as_str())).collect()
}

/// The codes of errors that the documentation explains.
fn documented_errors() -> Vec<String> {
    documented("## Errors")
}

/// The codes in one section of the documentation.
fn documented(heading: &str) -> Vec<String> {
    let page = std::fs::read_to_string(crate::support::repository().join("docs/lint.md")).unwrap();
    let (_, section) = page.split_once(heading).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| "));
    let codes = rows.filter_map(|row| row.split(' ').next()).filter(|code| code.ends_with(char::is_numeric));
    codes.map(str::to_owned).collect()
}

#[test]
fn one_unreadable_file_does_not_hide_the_others() {
    let workplace = Workplace::new();
    workplace.file("slo.yaml", DOUBTFUL);
    let ran = workplace.line("lint missing.yaml slo.yaml").expect(2);
    assert!(ran.stdout.contains("SLO102") && ran.stderr.contains("missing.yaml"), "{ran:?}");
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
    let stages = "spec:\n  stages:\n  - name: dev\n";
    for (name, text) in [
        ("a.yaml", format!("apiVersion: 0.2.0\n{stages}")),
        ("b.yaml", format!("kind: Shipyard\n{stages}")),
        ("c.yaml", "apiVersion: 0.2.0\nspec: {stages: [{name: dev}]}\n".to_owned()),
        ("my-shipyard.yaml", "sequences: []\n".to_owned()),
    ] {
        let ran = workplace.file(name, &text).line(&format!("lint {name}"));
        assert!(ran.stdout.contains("clean") || ran.stdout.contains("SHY0"), "{name}: {ran:?}");
    }
    workplace.file("d.yaml", "spec:\n  x: 1\nmore:\n  stages: []\n").line("lint d.yaml").expect(2);
}
