//! `capstan demo gate`: pass, fail, pass, and nothing left behind.

use crate::support::{Workplace, stable};

fn demo(prometheus: &str, snapshot: &str) {
    let workplace = Workplace::new();
    let mut command = workplace.command(&["demo", "gate"]);
    command.env("CAPSTAN_PROMETHEUS", prometheus).env("TMPDIR", workplace.path());
    let ran = crate::support::Ran::from(command.output().unwrap()).expect(0);
    let verdicts: Vec<_> =
        ran.stdout.lines().filter(|line| line.starts_with("PASS") || line.starts_with("FAIL")).collect();
    assert!(
        verdicts[0].starts_with("PASS") && verdicts[1].starts_with("FAIL") && verdicts[2].starts_with("PASS"),
        "{ran:?}"
    );
    assert!(ran.stdout.contains(snapshot), "{ran:?}");
    assert_eq!(std::fs::read_dir(workplace.path()).unwrap().count(), 0, "something was left behind");
}

#[test]
fn the_demo_without_prometheus() {
    demo("", "the load generator's own measurements");
}

#[test]
fn the_demo_with_prometheus() {
    let Some(executable) = crate::prometheus_server::executable("the demo with Prometheus") else { return };
    demo(executable.to_str().unwrap(), "Values come from Prometheus");
}

#[test]
fn the_help_is_pinned() {
    let workplace = Workplace::new();
    for command in ["demo", "demo gate", "demo service"] {
        let ran = workplace.line(&format!("{command} --help")).expect(0);
        stable(|| insta::assert_snapshot!(format!("help_{}", command.replace(' ', "_")), ran.stdout));
    }
}
