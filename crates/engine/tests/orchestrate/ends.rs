//! Verdicts over several tools, and what an end says.

use serde_json::json;

use super::driver::{Driver, birth, definition};

/// What the tools `a`, `b`, … answer, and what they say together (contract: core.md 3.3).
#[test]
fn scenario_25_the_worst_answer_counts() {
    let cases = [
        ("pass/succeeded", "pass/succeeded"),
        ("warning/succeeded", "warning/succeeded"),
        ("fail/succeeded", "fail/succeeded"),
        ("pass/succeeded warning/succeeded", "warning/succeeded"),
        ("warning/succeeded fail/succeeded pass/succeeded", "fail/succeeded"),
        ("pass/errored pass/succeeded", "pass/errored"),
        ("pass/aborted pass/errored", "pass/errored"),
        ("pass/aborted pass/succeeded", "pass/aborted"),
        ("pass/aborted", "pass/aborted"),
        ("pass/unknown pass/succeeded", "fail/unknown"),
        ("warning/odd", "fail/unknown"),
        ("odd/succeeded", "fail/succeeded"),
        ("/succeeded pass/succeeded", "fail/succeeded"),
        ("pass/", "fail/unknown"),
        ("/", "fail/unknown"),
        ("odd/errored", "fail/errored"),
    ];
    for (answers, expected) in cases {
        let mut driver = Driver::of("build");
        let answers: Vec<&str> = answers.split(' ').collect();
        for (at, _) in answers.iter().enumerate() {
            driver.line(&format!("tool-{at} starts"));
        }
        let mut last = String::new();
        for (at, answer) in answers.iter().enumerate() {
            last = driver.line(&format!("tool-{at} answers {answer}"));
        }
        assert!(last.contains(&format!("; done build {expected}; finished {expected}; frees")), "{answers:?}: {last}");
    }
}

/// Which of them let the next task come.
#[test]
fn scenarios_03_and_04_a_failure_and_an_error_end_the_sequence() {
    for (verdict, goes_on) in [
        ("pass", true),
        ("warning", true),
        ("pass/aborted", true),
        ("fail", false),
        ("pass/errored", false),
        ("nothing", false),
        ("pass/unknown", false),
    ] {
        let mut driver = Driver::of("build, check");
        driver.line("a starts");
        let last = driver.line(&format!("a answers {verdict}"));
        assert_eq!(last.contains("offers check"), goes_on, "{verdict}: {last}");
        assert_eq!(driver.sequence.is_over(), !goes_on, "{verdict}: {last}");
    }
}

#[test]
fn an_end_says_project_stage_and_service_of_the_scope_and_labels_and_message_of_the_last_answer() {
    let mut driver = Driver::new(birth(definition("build"), json!({ "labels": { "build": "1" } })));
    driver.line("a starts");
    driver.answers(
        "a",
        json!({ "project": "p", "stage": "elsewhere", "service": "other", "labels": { "from": "a" }, "message": "m",
                "result": "pass", "status": "succeeded", "build": { "artifact": "a1" } }),
    );
    let end = &driver.published[0];
    assert_eq!(
        end.data,
        json!({ "project": "p", "stage": "dev", "service": "svc", "labels": { "from": "a" }, "status": "succeeded",
                "result": "pass", "message": "m" })
    );
    assert_eq!(end.kind, "sh.keptn.event.dev.delivery.finished");
    assert_eq!(end.triggered_id.as_deref(), Some("trigger"));
    assert_eq!((end.context.as_deref(), end.commit.as_deref()), (Some("run"), None));
}
