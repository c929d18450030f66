//! Earlier evaluations, and which of them an evaluation compares with (contract: gate.md 2.4).

use std::collections::{BTreeMap, HashMap, HashSet};

use capstan_model::event::cloud_event::kind_of;
use capstan_model::event::evaluation::{FINISHED, INVALIDATED, PINNED, Subject, UNPINNED};
use capstan_model::event::explanation::PassedOver;
use capstan_model::event::sli::SliValue;
use capstan_model::event::{CloudEvent, EnvelopeError};
use capstan_model::slo::{Comparison, Include, Pinned};
use jiff::Timestamp;
use serde_json::Value;

/// One earlier evaluation, reduced to what a comparison needs.
#[derive(Debug, Clone, PartialEq)]
pub struct PastEvaluation {
    /// Id of its event.
    pub id: String,
    /// When it ended.
    pub time: Timestamp,
    /// The `triggered` event that it answered; invalidations name it.
    pub triggered_id: String,
    /// Project, stage, service and labels.
    pub subject: Subject,
    /// Overall result as the event writes it.
    pub result: String,
    /// Its score.
    pub score: f64,
    /// Its indicators, in the order of the event; those without a value are left out.
    pub indicators: Vec<PastIndicator>,
    /// Whether it was taken out of history.
    pub invalidated: bool,
    /// When it was pinned, if it still is.
    pub pinned: Option<Timestamp>,
}

/// One indicator of an earlier evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct PastIndicator {
    /// The value, or why there was none.
    pub value: SliValue,
    /// How its objective fared, as the event writes it.
    pub status: String,
}

/// Earlier evaluations, newest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    evaluations: Vec<PastEvaluation>,
}

/// Why an event cannot be part of a history.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum HistoryError {
    /// The envelope is broken.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// An evaluation without a time has no place in the order.
    #[error("the attribute 'time' is missing")]
    NoTime,
    /// A field of the data has a wrong type.
    #[error("'{path}' is {found}, wanted is {wanted}")]
    Field {
        /// Path from the event's top.
        path: String,
        /// What stands there.
        found: &'static str,
        /// What should.
        wanted: &'static str,
    },
}

/// The evaluations that a comparison uses.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection<'h> {
    /// Newest first.
    pub evaluations: Vec<&'h PastEvaluation>,
    /// Evaluations of the same subject that were passed over before enough were found.
    pub passed_over: Vec<PassedOver>,
}

impl History {
    /// Builds a history from events in any order; events of other types are left out, a repeated id counts once.
    ///
    /// The error names the place of the event in the list.
    pub fn from_events(events: impl IntoIterator<Item = CloudEvent>) -> Result<Self, (usize, HistoryError)> {
        let mut evaluations = Vec::new();
        let mut ids = HashSet::new();
        let mut invalidated = HashSet::new();
        let mut invalidated_ids = HashSet::new();
        let mut pins: Vec<(Timestamp, String, bool)> = Vec::new();
        for (at, event) in events.into_iter().enumerate() {
            match event.kind.as_str() {
                FINISHED if ids.insert(event.id.clone()) => {
                    evaluations.push(past_evaluation(&event).map_err(|error| (at, error))?);
                }
                INVALIDATED => {
                    invalidated.extend(event.triggered_id);
                    // Ours name the event too: other senders' evaluations may lack a triggeredid.
                    invalidated_ids.extend(event.data["evaluation"]["id"].as_str().map(str::to_owned));
                }
                kind @ (PINNED | UNPINNED) => {
                    let id = event.data["evaluation"]["id"].as_str().unwrap_or_default().to_owned();
                    pins.push((event.time.unwrap_or_default(), id, kind == PINNED));
                }
                _ => {}
            }
        }
        // Stable: of two with one time the later in the list is the newer.
        evaluations.reverse();
        evaluations.sort_by_key(|evaluation| std::cmp::Reverse(evaluation.time));
        pins.sort_by_key(|(time, ..)| *time);
        let mut pinned = HashMap::new();
        for (time, id, on) in pins {
            if on {
                pinned.insert(id, time)
            } else {
                pinned.remove(&id)
            };
        }
        for evaluation in &mut evaluations {
            evaluation.invalidated =
                invalidated.contains(&evaluation.triggered_id) || invalidated_ids.contains(&evaluation.id);
            evaluation.pinned = pinned.get(&evaluation.id).copied();
        }
        Ok(Self { evaluations })
    }

    /// Adds an evaluation that is newer than all others.
    pub fn push_newest(&mut self, evaluation: PastEvaluation) {
        self.evaluations.insert(0, evaluation);
    }

    /// All evaluations, newest first.
    pub fn evaluations(&self) -> &[PastEvaluation] {
        &self.evaluations
    }

    /// The evaluations that an evaluation of `subject` at `now` compares with.
    ///
    /// Of the same project, stage and service (each as far as it is given), not invalidated, with a counted result, kept by
    /// the baseline's conditions; of these the newest, as many as the comparison asks for.
    pub fn select(&self, subject: &Subject, comparison: &Comparison, now: Timestamp) -> Selection<'_> {
        let baseline = &comparison.baseline;
        let same_subject = |past: &PastEvaluation| {
            let same = |wanted: &str, found: &str| wanted.is_empty() || wanted == found;
            same(&subject.project, &past.subject.project)
                && same(&subject.stage, &past.subject.stage)
                && same(&subject.service, &past.subject.service)
        };
        let pinned_id = match &baseline.pinned {
            None => None,
            Some(Pinned::Id(id)) => Some(id.as_str()),
            Some(Pinned::Latest) => {
                let candidates = self.evaluations.iter().filter(|past| same_subject(past) && !past.invalidated);
                let newest = candidates
                    .filter_map(|past| past.pinned.map(|at| (at, past)))
                    .max_by_key(|(at, past)| (*at, past.time));
                Some(newest.map_or("", |(_, past)| past.id.as_str()))
            }
        };
        let youngest_allowed = baseline.max_age.map(|age| now.as_nanosecond() - i128::from(age));
        let mut evaluations = Vec::new();
        let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
        for past in self.evaluations.iter().filter(|past| same_subject(past)) {
            if evaluations.len() == comparison.limit() {
                break;
            }
            let reason = if past.invalidated {
                Some("invalidated".to_owned())
            } else if !counts(comparison.include, &past.result) {
                Some(format!("result {}", past.result))
            } else if pinned_id.is_some_and(|id| id != past.id) {
                Some("not the pinned evaluation".to_owned())
            } else if baseline.labels.iter().any(|(name, value)| past.subject.labels.get(name) != Some(value)) {
                Some("other labels".to_owned())
            } else if youngest_allowed.is_some_and(|limit| past.time.as_nanosecond() < limit) {
                Some("too old".to_owned())
            } else {
                None
            };
            match reason {
                None => evaluations.push(past),
                Some(reason) => *reasons.entry(reason).or_default() += 1,
            }
        }
        let passed_over = reasons.into_iter().map(|(reason, count)| PassedOver { reason, count }).collect();
        Selection { evaluations, passed_over }
    }
}

fn counts(include: Include, result: &str) -> bool {
    match include {
        Include::All => true,
        Include::Pass => result == "pass",
        Include::PassOrWarn => result == "pass" || result == "warning",
    }
}

fn past_evaluation(event: &CloudEvent) -> Result<PastEvaluation, HistoryError> {
    let data = &event.data;
    let text = |path: &str, value: &Value| match value {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text.clone()),
        other => Err(HistoryError::Field { path: path.to_owned(), found: kind_of(other), wanted: "a text" }),
    };
    let subject = Subject {
        project: text("data.project", &data["project"])?,
        stage: text("data.stage", &data["stage"])?,
        service: text("data.service", &data["service"])?,
        labels: match &data["labels"] {
            Value::Object(labels) => labels
                .iter()
                .map(|(name, value)| match value {
                    Value::String(text) => (name.clone(), text.clone()),
                    other => (name.clone(), other.to_string()),
                })
                .collect(),
            _ => BTreeMap::new(),
        },
    };
    let evaluation = &data["evaluation"];
    Ok(PastEvaluation {
        id: event.id.clone(),
        time: event.time.ok_or(HistoryError::NoTime)?,
        triggered_id: event.triggered_id.clone().unwrap_or_default(),
        subject,
        result: text("data.result", &data["result"])?,
        score: evaluation["score"].as_f64().unwrap_or(0.0),
        indicators: indicators(&evaluation["indicatorResults"])?,
        invalidated: false,
        pinned: None,
    })
}

/// The entries of `indicatorResults`, which may be null and hold nulls.
fn indicators(results: &Value) -> Result<Vec<PastIndicator>, HistoryError> {
    let path = |at: usize, field: &str| format!("data.evaluation.indicatorResults[{at}].value.{field}");
    let wrong = |path: String, value: &Value, wanted| HistoryError::Field { path, found: kind_of(value), wanted };
    let results = match results {
        Value::Null => return Ok(Vec::new()),
        Value::Array(results) => results,
        other => return Err(wrong("data.evaluation.indicatorResults".to_owned(), other, "a list or null")),
    };
    let mut indicators = Vec::new();
    for (at, result) in results.iter().enumerate().filter(|(_, result)| !result["value"].is_null()) {
        let value = &result["value"];
        let metric = value["metric"].as_str().ok_or_else(|| wrong(path(at, "metric"), &value["metric"], "a text"))?;
        let number = match &value["value"] {
            Value::Null => 0.0,
            other => other.as_f64().ok_or_else(|| wrong(path(at, "value"), other, "a number"))?,
        };
        indicators.push(PastIndicator {
            value: SliValue {
                metric: metric.to_owned(),
                value: number,
                compared_value: 0.0,
                success: value["success"] == Value::Bool(true),
                message: value["message"].as_str().unwrap_or_default().to_owned(),
            },
            status: result["status"].as_str().unwrap_or_default().to_owned(),
        });
    }
    Ok(indicators)
}
