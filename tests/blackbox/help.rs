//! Help texts, pinned: they are part of what is shipped.

use crate::support::{Workplace, stable};

#[test]
fn help_texts_are_pinned() {
    let workplace = Workplace::new();
    let commands = [
        "",
        "gate",
        "gate run",
        "gate judge",
        "gate backtest",
        "gate history",
        "gate history list",
        "gate history show",
        "gate history invalidate",
        "gate history pin",
        "gate history unpin",
        "gate history prune",
        "gate init",
        "serve",
        "project",
        "project create",
        "project list",
        "project show",
        "project set",
        "project delete",
        "resource",
        "resource add",
        "resource get",
        "resource list",
        "resource delete",
        "trigger",
        "run",
        "run list",
        "run show",
        "run watch",
        "run pause",
        "run resume",
        "run abort",
        "run rerun",
        "status",
        "fake",
        "backup",
        "restore",
        "config",
        "config explain",
        "lint",
        "simulate",
        "schema",
        "bench",
        "bench gate",
        "bench server",
    ];
    for command in commands {
        let ran = workplace.line(&format!("{command} --help")).expect(0);
        let name =
            format!("help_{}", if command.is_empty() { "capstan".to_owned() } else { command.replace(' ', "_") });
        stable(|| insta::assert_snapshot!(name, ran.stdout));
    }
}
