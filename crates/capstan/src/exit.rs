//! What the process tells its caller. Scripts depend on these numbers.

use capstan_engine::evaluate::Verdict;
use capstan_model::event::result::ResultKind;

use crate::client::RunResult;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Pass, or simply done.
    Success = 0,
    /// The gate or a run failed, or lint has findings.
    Fail = 1,
    /// Wrong usage or an invalid file.
    Usage = 2,
    /// The gate or a run ended with a warning.
    Warning = 3,
    /// The gate could not judge; a run was aborted, timed out, or was not waited for any longer.
    NoVerdict = 4,
}

impl Exit {
    /// The exit that a verdict stands for; `warning_ok` makes a warning as good as a pass.
    pub(crate) fn of(verdict: Verdict, warning_ok: bool) -> Self {
        match verdict {
            Verdict::Judged(ResultKind::Pass) => Self::Success,
            Verdict::Judged(ResultKind::Warning) if warning_ok => Self::Success,
            Verdict::Judged(ResultKind::Warning) => Self::Warning,
            Verdict::Judged(ResultKind::Fail) => Self::Fail,
            Verdict::None => Self::NoVerdict,
        }
    }

    /// The exit that the end of a run stands for.
    pub(crate) fn of_run(result: RunResult) -> Self {
        match result {
            RunResult::Pass => Self::Success,
            RunResult::Warning => Self::Warning,
            RunResult::Fail => Self::Fail,
            RunResult::Aborted | RunResult::TimedOut => Self::NoVerdict,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
