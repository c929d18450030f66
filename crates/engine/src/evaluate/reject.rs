//! What v1 would send for a file that it cannot judge by. The command line prints the diagnostics instead.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use capstan_model::event::evaluation::{Evaluation, EvaluationFinished, Subject};
use capstan_model::event::result::{ResultKind, Status};
use capstan_model::slo::Rejection;

use super::decide::finished;

/// The data of `evaluation.finished` for a rejected file; of several reasons v1 comes upon the gravest first.
///
/// `rejections` are those of [`capstan_model::slo::read`]. Reasons that v1 does not know end errored with our own text.
pub fn rejected(
    subject: &Subject,
    time_start: &str,
    time_end: &str,
    text: &str,
    rejections: impl IntoIterator<Item = Rejection>,
) -> EvaluationFinished {
    let first = rejections.into_iter().min().unwrap_or(Rejection::Unparsable);
    let (status, message) = match &first {
        Rejection::Unparsable => (
            Status::Errored,
            format!(
                "Could not parse SLO file for service {} in stage {} in project {}",
                subject.service, subject.stage, subject.project
            ),
        ),
        Rejection::NumberOfResults => {
            (Status::Errored, "could not retrieve previous evaluation.finished events".to_owned())
        }
        Rejection::Criterion(title, reason) => (Status::Succeeded, format!("error with {title}: {reason}")),
        Rejection::NoTarget => (Status::Errored, "no target score defined".to_owned()),
        Rejection::PassTarget => (Status::Errored, "could not parse pass target percentage".to_owned()),
        Rejection::WarningTarget => (Status::Errored, "could not parse warning target percentage".to_owned()),
        Rejection::Senseless(reason) => (Status::Errored, format!("the SLO file is not valid: {reason}")),
    };
    // v1 keeps the file's content only once it got as far as history.
    let content = if first == Rejection::Unparsable { "" } else { text };
    let evaluation = Evaluation {
        time_start: time_start.to_owned(),
        time_end: time_end.to_owned(),
        result: ResultKind::Fail,
        score: 0.0,
        slo_file_content: BASE64.encode(content),
        indicator_results: None,
        compared_events: Vec::new(),
        explanation: None,
    };
    finished(subject, status, ResultKind::Fail, message, evaluation)
}
