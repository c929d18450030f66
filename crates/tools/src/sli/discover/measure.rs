//! Present values of what was proposed.

use std::collections::BTreeMap;
use std::time::Instant;

use capstan_model::event::sli::MissingReason;
use jiff::{SignedDuration, Timestamp};

use super::proposal::Proposal;
use crate::sli::{Answer, Failure, Indicator, Limits, Scope, Source, collect};

/// The window that is looked at where the one of the scope has nothing: what has little load has some within an hour.
const WIDER: SignedDuration = SignedDuration::from_hours(1);

/// A proposal, and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// What was proposed.
    pub proposal: Proposal,
    /// The value, or why there is none.
    pub outcome: Result<Seen, Failure>,
}

/// A value that was seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// The value, which is finite.
    pub value: f64,
    /// Whether it took the wider window of an hour to have one.
    pub wider: bool,
}

/// Asks `source`, which is called `name`, for the value of each proposal in the window of `scope`, and for those that
/// have none there in the hour before its end. Keeps the order.
///
/// `on_answer` hears each answer as it comes. Needs a tokio runtime with I/O and time.
pub async fn measure(
    name: &str,
    source: Source,
    proposals: Vec<Proposal>,
    scope: &Scope,
    limits: &Limits,
    on_answer: &(dyn Fn(&Answer) + Sync),
) -> Vec<Measured> {
    let begun = Instant::now();
    let is_server = matches!(source, Source::Prometheus(_));
    let sources = BTreeMap::from([(name.to_owned(), source)]);
    let ask = |proposal: &Proposal| Indicator {
        name: proposal.indicator.clone(),
        query: Some(proposal.query.clone()),
        source: name.to_owned(),
    };
    let indicators: Vec<_> = proposals.iter().map(ask).collect();
    let answers = collect(&sources, &indicators, scope, limits, on_answer).await;
    let seen = |answer: Answer, wider| answer.outcome.map(|value| Seen { value, wider });
    let mut outcomes: Vec<_> = answers.into_iter().map(|answer| seen(answer, false)).collect();

    let nothing = |outcome: &Result<Seen, Failure>| {
        let reason = outcome.as_ref().err().map(|failure| failure.reason);
        matches!(reason, Some(MissingReason::NoData | MissingReason::NotFinite))
    };
    let again: Vec<_> = (0..outcomes.len()).filter(|index| is_server && nothing(&outcomes[*index])).collect();
    if !again.is_empty() {
        let scope = Scope { start: scope.end.checked_sub(WIDER).unwrap_or(Timestamp::MIN), ..scope.clone() };
        let limits = Limits { deadline: limits.deadline.saturating_sub(begun.elapsed()), ..limits.clone() };
        let indicators: Vec<_> = again.iter().map(|index| indicators[*index].clone()).collect();
        let answers = collect(&sources, &indicators, &scope, &limits, &|_| {}).await;
        for (index, answer) in again.into_iter().zip(answers) {
            if answer.outcome.is_ok() {
                outcomes[index] = seen(answer, true);
            }
        }
    }
    proposals.into_iter().zip(outcomes).map(|(proposal, outcome)| Measured { proposal, outcome }).collect()
}
