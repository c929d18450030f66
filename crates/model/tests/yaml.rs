//! The parser on texts that nobody would write, and on some that people do.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "a test may stop where it stands, and wait"
)]

use capstan_model::slo;
use capstan_model::yaml::{NodeKind, compose};
use proptest::prelude::*;

/// Pieces that YAML gives a meaning, to be thrown together.
const PIECES: [&str; 44] = [
    "a",
    "b: ",
    "- ",
    "\n",
    "\n  ",
    "\n    ",
    " ",
    "\t",
    ":",
    "::",
    "{",
    "}",
    "[",
    "]",
    ",",
    "?",
    "? ",
    "|",
    "|-\n",
    ">+\n",
    ">",
    "'",
    "\"",
    "\\",
    "\\x4",
    "\\u00e9",
    "&x ",
    "*x",
    "<<: ",
    "!",
    "!!str ",
    "!!int ",
    "!<tag:x> ",
    "%YAML 1.1\n",
    "%TAG ! x\n",
    "---\n",
    "...",
    "#",
    "\r",
    "\u{feff}",
    "é",
    "\u{85}",
    "\u{2028}",
    "\u{0}",
];

fn texts() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_text_composes_or_is_refused_with_a_place(text in texts()) {
        match compose(&text) {
            Ok(document) => prop_assert!(document.length == text.len()),
            Err(diagnostic) => prop_assert!(diagnostic.span.start <= text.len() && diagnostic.span.end <= text.len()),
        }
    }

    #[test]
    fn any_file_is_read_and_linted_or_rejected(text in texts(), at in 0..40usize) {
        const FILE: &str = "objectives:\n- sli: a\n  pass:\n  - criteria: ['<5']\n  weight: 2\ntotal_score: {pass: 90%}\n";
        let (head, tail) = FILE.split_at(at.min(FILE.len()));
        match slo::read(&format!("{head}{text}{tail}")) {
            Ok(read) => drop(slo::lint(&read)),
            Err(rejections) => prop_assert!(!rejections.is_empty()),
        }
    }
}

fn last_scalar(text: &str) -> String {
    let document = compose(text).unwrap();
    let NodeKind::Mapping(pairs) = &document.node(document.root.unwrap()).kind else { panic!("a map") };
    match &document.node(pairs.last().unwrap().1).kind {
        NodeKind::Scalar(value) => value.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_block_scalar_may_end_without_a_newline() {
    assert_eq!(last_scalar("a: |-\n  25%"), "25%");
    assert_eq!(last_scalar("a: |\n  25%"), "25%");
    assert_eq!(last_scalar("a: |\n  25%\n"), "25%\n");
    assert_eq!(last_scalar("a: >\n  25%\n  x"), "25% x");
    assert_eq!(last_scalar("a: |\n  25%\n  "), "25%\n");
    assert_eq!(last_scalar("a: 25%"), "25%");
}

#[test]
fn an_anchor_may_contain_itself_where_nobody_looks() {
    assert!(slo::read("total_score: {pass: 90%}\nx: &r [*r]\n").is_ok());
    let rejections = slo::read("total_score: &t {pass: 90%, <<: *t}\n").unwrap_err();
    assert_eq!(rejections[0].1.code, "YAML002");
    assert!(slo::read("total_score: {pass: 90%}\nobjectives: &r [*r]\n").is_err());
}

#[test]
fn a_colon_before_a_comma_belongs_to_the_text_as_in_v1() {
    let text = "total_score: {pass: 90%}\nobjectives:\n- {sli:, displayName: a, pass: [{criteria: ['<5']}], wait:}\n";
    let read = slo::read(text).unwrap();
    assert_eq!((read.slo.objectives[0].sli.as_str(), read.slo.objectives[0].display_name.as_str()), ("", "a"));
    let places: Vec<_> = read.unknown_keys.iter().map(|finding| finding.span.start).collect();
    assert_eq!(
        places,
        [text.find("sli:").unwrap(), text.find("wait").unwrap()],
        "places are those of the file as it was"
    );
    assert_eq!(read.unknown_keys[0].help.as_deref(), Some("did you mean 'sli'?"));
}

#[test]
fn a_deep_file_costs_memory_and_not_stack() {
    for deep in [format!("a: {}", "[".repeat(100_000)), format!("x: {}{}", "{a: ".repeat(3_000), "}".repeat(3_000))] {
        let _ = compose(&deep);
    }
}

#[test]
fn aliases_that_stand_for_too_much_are_refused() {
    let group = format!("{{criteria: [{}]}}", vec!["'<1'"; 3000].join(", "));
    let text = format!(
        "x: &g {group}\nobjectives:\n- sli: a\n  pass: [{}]\ntotal_score: {{pass: 90%}}\n",
        vec!["*g"; 3000].join(", ")
    );
    let rejections = slo::read(&text).unwrap_err();
    assert!(rejections.iter().any(|(_, diagnostic)| diagnostic.code == "YAML006"));
}
