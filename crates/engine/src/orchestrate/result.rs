//! What a run comes to.

use serde::{Deserialize, Serialize};

use super::sequence::{Ending, Outcome};

/// A sequence that ended otherwise than with a pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotPassed {
    /// Its stage.
    pub stage: String,
    /// Its name.
    pub sequence: String,
    /// How it ended.
    pub result: RunResult,
    /// Whether it ever began; one that did not cannot be done again.
    pub began: bool,
}

/// How a sequence or a run ended; the greater, the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunResult {
    /// Well.
    Pass,
    /// With something to look at.
    Warning,
    /// Badly.
    Fail,
    /// Nothing was heard in time.
    TimedOut,
    /// Somebody ended it.
    Aborted,
}

impl NotPassed {
    /// Whether it is worse than a warning.
    pub fn failed(&self) -> bool {
        self.result > RunResult::Warning
    }
}

impl RunResult {
    /// That of a sequence that ended.
    pub fn of(ending: &Ending) -> Self {
        match (ending.outcome, &*ending.result) {
            (Outcome::Aborted, _) => Self::Aborted,
            (Outcome::TimedOut, _) => Self::TimedOut,
            // What is errored has not gone well, whatever result it claims.
            (Outcome::Finished, _) if ending.status == "errored" => Self::Fail,
            (Outcome::Finished, "pass") => Self::Pass,
            (Outcome::Finished, "warning") => Self::Warning,
            (Outcome::Finished, _) => Self::Fail,
        }
    }

    /// The word of the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warning => "warning",
            Self::Fail => "fail",
            Self::TimedOut => "timedOut",
            Self::Aborted => "aborted",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_errored_has_failed_whatever_result_it_claims() {
        let result = |outcome, result: &str, status: &str| {
            let (result, status) = (result.to_owned(), status.to_owned());
            let (message, event_id, at) = (String::new(), String::new(), jiff::Timestamp::UNIX_EPOCH);
            RunResult::of(&Ending { outcome, status, result, message, event_id, at })
        };
        assert_eq!(result(Outcome::Finished, "pass", "succeeded"), RunResult::Pass);
        assert_eq!(result(Outcome::Finished, "warning", "succeeded"), RunResult::Warning);
        assert_eq!(result(Outcome::Finished, "pass", "errored"), RunResult::Fail);
        assert_eq!(result(Outcome::Finished, "fail", "unknown"), RunResult::Fail);
        assert_eq!(result(Outcome::TimedOut, "fail", "errored"), RunResult::TimedOut);
        assert_eq!(result(Outcome::Aborted, "pass", "aborted"), RunResult::Aborted);
    }
}
