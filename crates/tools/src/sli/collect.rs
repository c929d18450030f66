//! Asks all sources for all indicators.

use std::collections::BTreeMap;
use std::time::Duration;

use capstan_model::event::sli::MissingReason;
use futures_util::future::join_all;
use tokio::time::Instant;

use super::open::Source;
use super::prometheus::{Order, fan_out};
use super::request::{Answer, Failure, Indicator, Scope};

/// In place of a deadline that is too far away to be told.
const FOREVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How patient [`collect`] is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// For everything together.
    pub deadline: Duration,
    /// For one attempt of one query.
    pub query_timeout: Duration,
    /// How many queries one source gets at the same time; at least 1.
    pub parallel: usize,
    /// How often a query is sent at most, where no answer came; at least 1.
    pub attempts: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { deadline: Duration::from_secs(60), query_timeout: Duration::from_secs(15), parallel: 16, attempts: 3 }
    }
}

/// Asks `sources`, by their names, for `indicators`, and returns one answer for each in the same order.
///
/// All sources are asked at the same time. A query that several indicators of a source share is sent once. A query is
/// sent again where the source could not be reached, broke off, had an error of its own or took too long; not where it
/// answered. What is not answered at the deadline fails with [`MissingReason::Timeout`]. Once a source refused the
/// login, or could not be connected to at all, it is asked nothing more.
///
/// `on_answer` hears each answer as it comes, in no particular order. It should be quick: the others wait for it.
///
/// Dropping the future ends all queries. It needs a tokio runtime with I/O and time.
pub async fn collect(
    sources: &BTreeMap<String, Source>,
    indicators: &[Indicator],
    scope: &Scope,
    limits: &Limits,
    on_answer: &(dyn Fn(&Answer) + Sync),
) -> Vec<Answer> {
    let now = Instant::now();
    let deadline = now.checked_add(limits.deadline).unwrap_or(now + FOREVER);
    let mut answers = Vec::with_capacity(indicators.len());
    let mut orders: BTreeMap<&str, Order<'_>> = BTreeMap::new();
    for (index, indicator) in indicators.iter().enumerate() {
        let name = indicator.source.as_str();
        let answer = match sources.get(name) {
            Some(Source::Prometheus(source)) => {
                let order = orders.entry(name).or_insert_with(|| Order {
                    source,
                    indicators: Vec::new(),
                    scope,
                    limits,
                    deadline,
                    on_answer,
                });
                order.indicators.push((index, indicator));
                continue;
            }
            Some(Source::File(file)) => {
                let begun = Instant::now();
                let outcome = file.value(&indicator.name, indicator.query.as_deref());
                direct(indicator, outcome, 1, begun.elapsed())
            }
            None => direct(indicator, Err(no_source(name, sources)), 0, Duration::ZERO),
        };
        on_answer(&answer);
        answers.push((index, answer));
    }
    answers.extend(join_all(orders.into_values().map(fan_out)).await.into_iter().flatten());
    answers.sort_unstable_by_key(|(index, _)| *index);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// The answer of a source that takes the query as it is.
fn direct(indicator: &Indicator, outcome: Result<f64, Failure>, attempts: u32, elapsed: Duration) -> Answer {
    Answer {
        indicator: indicator.name.clone(),
        source: indicator.source.clone(),
        query: indicator.query.clone(),
        outcome,
        attempts,
        elapsed,
    }
}

fn no_source(name: &str, sources: &BTreeMap<String, Source>) -> Failure {
    let known: Vec<_> = sources.keys().map(|name| format!("'{name}'")).collect();
    let known = if known.is_empty() { "none at all".to_owned() } else { known.join(", ") };
    Failure::new(MissingReason::Unsupported, format!("no source is called '{name}'; there is {known}"))
}
