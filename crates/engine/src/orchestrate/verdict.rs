//! What several tools say together (contract: core.md 3.3).

use super::sequence::{Attempt, TaskEvent};

/// Result and status of a task over all answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// `pass`, `warning` or `fail`.
    pub result: &'static str,
    /// `succeeded`, `errored`, `aborted` or `unknown`.
    pub status: &'static str,
}

impl Verdict {
    /// Merges the answers of an attempt: the worst counts, and what nobody knows is a failure.
    pub fn of(attempt: &Attempt) -> Self {
        let answers: Vec<&TaskEvent> = attempt.events.iter().filter(|event| event.finished).collect();
        let any = |wanted: &str| answers.iter().any(|answer| answer.status == wanted);
        let status = if any("errored") {
            "errored"
        } else if any("aborted") {
            "aborted"
        } else if answers.iter().all(|answer| answer.status == "succeeded") {
            "succeeded"
        } else {
            "unknown"
        };
        let result =
            if status == "unknown" || answers.iter().any(|answer| !["pass", "warning"].contains(&&*answer.result)) {
                "fail"
            } else if answers.iter().any(|answer| answer.result == "warning") {
                "warning"
            } else {
                "pass"
            };
        Self { result, status }
    }

    /// Whether no further task comes.
    pub fn ends(result: &str, status: &str) -> bool {
        result == "fail" || status == "errored"
    }
}
