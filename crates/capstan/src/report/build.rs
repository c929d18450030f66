//! From inputs to a verdict with its event.

use std::sync::Arc;

use capstan_engine::evaluate::{GetSli, History, Overflow, Request, SloText, Verdict, decide};
use capstan_model::event::CloudEvent;
use capstan_model::event::evaluation::{EvaluationFinished, FINISHED, SOURCE, Subject};
use capstan_model::event::explanation::Explanation;
use capstan_model::slo::{self, ReadSlo};
use capstan_model::timeframe::{self, Window};
use jiff::Timestamp;
use serde_json::Map;
use uuid::Uuid;

use crate::gate::SloInput;

/// A verdict with everything that there is to say of it.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    /// The event that goes into history and out as JSON.
    pub(crate) event: CloudEvent<EvaluationFinished>,
    /// The verdict.
    pub(crate) verdict: Verdict,
    /// The SLO file; none where it was empty.
    slo: Option<Arc<ReadSlo>>,
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
            slo: slo.slo().map(|read| SloText { slo: read, text: &slo.text }),
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
            data: decision.finished,
        };
        Ok(Self { event, verdict: decision.verdict, slo: slo.read.clone() })
    }

    /// The data of the event.
    pub(crate) fn finished(&self) -> &EvaluationFinished {
        &self.event.data
    }

    /// How many findings lint has on the SLO file. It is linted here: most ways to write a verdict do not tell.
    pub(crate) fn findings(&self) -> usize {
        self.slo.as_ref().map_or(0, |read| slo::lint(read).len())
    }

    /// The explanation; every judged evaluation has one.
    pub(crate) fn explanation(&self) -> Option<&Explanation> {
        self.finished().evaluation.explanation.as_ref()
    }

    /// What was judged, as one name: `project/stage/service`, as far as given.
    pub(crate) fn subject(&self) -> String {
        let EvaluationFinished { project, stage, service, .. } = self.finished();
        let parts = [project, stage, service];
        let given: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).map(String::as_str).collect();
        given.join("/")
    }
}
