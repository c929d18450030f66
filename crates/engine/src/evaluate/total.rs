//! From points to score and result (contract: gate.md 2.7).

use capstan_model::event::result::ResultKind;
use capstan_model::number;
use capstan_model::slo::TotalScore;

/// The sum of all objectives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Total {
    /// Points won.
    pub(super) won: f64,
    /// Points that could be won.
    pub(super) maximum: f64,
    /// 0 to 100, unrounded.
    pub(super) score: f64,
    /// What follows.
    pub(super) result: ResultKind,
}

/// Scores points; the order of the operations is v1's, to the bit. Nothing to win is a pass with 100.
pub(super) fn total(won: f64, maximum: f64, key_failure: bool, limits: &TotalScore) -> Total {
    if maximum == 0.0 {
        return Total { won, maximum, score: 100.0, result: ResultKind::Pass };
    }
    let score = 100.0 * (won / maximum);
    let result = match limits.warning {
        _ if key_failure => ResultKind::Fail,
        _ if score >= limits.pass => ResultKind::Pass,
        Some(warning) if score >= warning => ResultKind::Warning,
        _ => ResultKind::Fail,
    };
    Total { won, maximum, score, result }
}

/// v1's message for a total; `key_failure` is display name and cause of the last key objective that failed.
pub(super) fn message(total: &Total, key_failure: Option<(&str, &str)>, limits: &TotalScore) -> Option<String> {
    let score = number::display_v1(total.score);
    match (total.result, key_failure, limits.warning) {
        (ResultKind::Pass, ..) => None,
        (_, Some((name, cause)), _) => Some(format!("Evaluation failed due to key_sli objective '{name}': {cause}")),
        (ResultKind::Warning, _, warning) => Some(format!(
            "Evaluation returned a warning: the calculated score of {score} is close to the warning target value of {}",
            number::display_v1(warning.unwrap_or_default())
        )),
        (ResultKind::Fail, _, Some(warning)) => Some(format!(
            "Evaluation failed since the calculated score of {score} is below the warning value of {}",
            number::display_v1(warning)
        )),
        (ResultKind::Fail, _, None) => Some(format!(
            "Evaluation failed since the calculated score of {score} is below the target value of {}",
            number::display_v1(limits.pass)
        )),
    }
}
