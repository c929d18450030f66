//! From inputs to a verdict with its event.

use capstan_engine::evaluate::{GetSli, History, Overflow, Request, SloText, Verdict, decide};
use capstan_model::event::CloudEvent;
use capstan_model::event::evaluation::{EvaluationFinished, FINISHED, SOURCE, Subject};
use capstan_model::event::explanation::Explanation;
use capstan_model::timeframe::{self, Window};
use jiff::Timestamp;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::gate::SloInput;

/// A verdict with everything that there is to say of it.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    /// The event that goes into history and out as JSON.
    pub(crate) event: CloudEvent,
    /// Its data, typed.
    pub(crate) finished: EvaluationFinished,
    /// The verdict.
    pub(crate) verdict: Verdict,
    /// How many findings lint has on the SLO file.
    pub(crate) findings: usize,
}

impl Report {
    /// Judges, and makes the event of it.
    pub(crate) fn judge(
        slo: &SloInput,
        subject: &Subject,
        window: Option<Window>,
        get_sli: &GetSli,
        history: &History,
        now: Timestamp,
    ) -> Result<Self, Overflow> {
        let time = |at: fn(&Window) -> Timestamp| window.as_ref().map(|window| timeframe::display(at(window)));
        let (start, end) = (time(|window| window.start), time(|window| window.end));
        let request = Request {
            subject,
            time_start: start.as_deref().unwrap_or_default(),
            time_end: end.as_deref().unwrap_or_default(),
            slo: slo.slo.as_ref().map(|read| SloText { slo: read, text: &slo.text }),
            get_sli,
            history,
            now,
        };
        let decision = decide(&request)?;
        let event = CloudEvent {
            id: Uuid::now_v7().to_string(),
            source: SOURCE.to_owned(),
            kind: FINISHED.to_owned(),
            time: Some(now),
            context: Some(Uuid::now_v7().to_string()),
            triggered_id: Some(Uuid::now_v7().to_string()),
            commit: None,
            extensions: Map::new(),
            // The types hold nothing that JSON cannot: text keys and finite numbers.
            data: serde_json::to_value(&decision.finished).unwrap_or(Value::Null),
        };
        Ok(Self { event, finished: decision.finished, verdict: decision.verdict, findings: slo.findings })
    }

    /// The event as JSON.
    pub(crate) fn event_json(&self) -> Value {
        serde_json::to_value(&self.event).unwrap_or(Value::Null)
    }

    /// The explanation; every judged evaluation has one.
    pub(crate) fn explanation(&self) -> Option<&Explanation> {
        self.finished.evaluation.explanation.as_ref()
    }

    /// What was judged, as one name: `project/stage/service`, as far as given.
    pub(crate) fn subject(&self) -> String {
        let parts = [&self.finished.project, &self.finished.stage, &self.finished.service];
        let given: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).map(String::as_str).collect();
        given.join("/")
    }
}
