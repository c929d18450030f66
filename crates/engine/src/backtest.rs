//! What a changed SLO file would have said of the past.

use std::collections::{BTreeMap, BTreeSet};

use capstan_model::event::sli::SliValue;
use capstan_model::slo::Slo;

use crate::evaluate::{Decision, GetSli, History, Overflow, PastEvaluation, Request, SloText, Verdict, decide};

/// One past evaluation, judged again.
#[derive(Debug, Clone, PartialEq)]
pub struct Replayed<'h> {
    /// As it was.
    pub past: &'h PastEvaluation,
    /// As it would be.
    pub now: Result<Decision, Overflow>,
    /// Objectives that fare otherwise than before, in words; for a flipped verdict never empty.
    pub reasons: Vec<String>,
    /// Indicators that the new file judges and that were not measured then: what it says of them is a guess.
    pub unmeasured: Vec<String>,
}

impl Replayed<'_> {
    /// The result as it would be, in the words of an event.
    pub fn result(&self) -> &'static str {
        match &self.now {
            Ok(Decision { verdict: Verdict::Judged(result), .. }) => result.name(),
            Ok(_) => "none",
            Err(_) => "error",
        }
    }

    /// Whether the verdict is another one.
    pub fn flipped(&self) -> bool {
        self.past.result != self.result()
    }
}

/// Judges every past evaluation again, oldest first, as if the file had been in force all along: each is compared with
/// those before it by their new results. Invalidated evaluations and those without indicators are left out.
pub fn backtest<'h>(slo: &Slo, text: &str, history: &'h History) -> Vec<Replayed<'h>> {
    let mut earlier = History::default();
    let mut replayed = Vec::new();
    let usable = |past: &&PastEvaluation| !past.invalidated && !past.indicators.is_empty();
    for past in history.evaluations().iter().rev().filter(usable) {
        let get_sli = GetSli { values: values(past), ..GetSli::default() };
        let request = Request {
            subject: &past.subject,
            time_start: "",
            time_end: "",
            slo: Some(SloText { slo, text }),
            get_sli: &get_sli,
            history: &earlier,
            now: past.time,
        };
        let now = decide(&request);
        let mut again = Replayed { past, reasons: Vec::new(), unmeasured: unmeasured(slo, past), now };
        again.reasons = reasons(&again);
        earlier.push_newest(PastEvaluation { result: again.result().to_owned(), ..past.clone() });
        replayed.push(again);
    }
    replayed
}

/// One value for each indicator; objectives that shared one left it in the event several times.
fn values(past: &PastEvaluation) -> Vec<SliValue> {
    let mut seen = BTreeSet::new();
    let all = past.indicators.iter().map(|indicator| &indicator.value);
    all.filter(|value| seen.insert(value.metric.as_str())).cloned().collect()
}

fn unmeasured(slo: &Slo, past: &PastEvaluation) -> Vec<String> {
    let measured: BTreeSet<&str> = past.indicators.iter().map(|indicator| indicator.value.metric.as_str()).collect();
    let judged = slo.objectives.iter().filter(|objective| !objective.is_informational());
    let names: BTreeSet<&str> = judged.map(|objective| objective.sli.as_str()).collect();
    names.difference(&measured).map(|name| (*name).to_owned()).collect()
}

fn reasons(again: &Replayed<'_>) -> Vec<String> {
    let decision = match &again.now {
        Ok(decision) => decision,
        Err(overflow) => return vec![overflow.to_string()],
    };
    let Some(explanation) = &decision.finished.evaluation.explanation else { return Vec::new() };
    let mut before: BTreeMap<&str, &str> = BTreeMap::new();
    for indicator in &again.past.indicators {
        before.entry(&indicator.value.metric).or_insert(&indicator.status);
    }
    let changed = explanation
        .objectives
        .iter()
        .filter(|objective| before.get(objective.sli.as_str()).is_none_or(|status| *status != objective.status.name()));
    let mut reasons: Vec<_> = changed
        .map(|objective| {
            let was = before.get(objective.sli.as_str()).copied().unwrap_or("not judged");
            format!("was {was}: {}", objective.sentence)
        })
        .collect();
    if reasons.is_empty() && again.flipped() {
        reasons.push(explanation.verdict.clone());
    }
    reasons
}

#[cfg(test)]
mod tests {
    use capstan_model::event::CloudEvent;
    use capstan_model::slo;
    use serde_json::json;

    use super::*;

    fn history(values: &[f64]) -> History {
        let events = values.iter().enumerate().map(|(at, value)| {
            CloudEvent::from_json(json!({
                "id": format!("e{at}"), "type": "sh.keptn.event.evaluation.finished", "time": format!("2024-01-0{}T00:00:00Z", at + 1),
                "data": {"result": "pass", "evaluation": {"score": 100, "indicatorResults": [
                    {"status": "pass", "value": {"metric": "p95", "value": value, "success": true}}]}},
            }))
            .unwrap()
        });
        History::from_events(events).unwrap()
    }

    #[test]
    fn a_stricter_file_flips_verdicts_and_says_why() {
        let text = "objectives: [{sli: p95, pass: [{criteria: ['<150', '<=+10%']}]}]\ntotal_score: {pass: 90%}\n\
                    comparison: {compare_with: single_result, include_result_with_score: pass}";
        let slo = slo::read(text).unwrap().slo;
        let history = history(&[100.0, 120.0, 105.0, 160.0]);
        let replayed = backtest(&slo, text, &history);
        let results: Vec<_> = replayed.iter().map(Replayed::result).collect();
        // The third is compared with the first: under the new file the second no longer passes.
        assert_eq!(results, ["pass", "fail", "pass", "fail"]);
        assert!(replayed[1].reasons[0].starts_with("was pass: p95: 120 is a failure"), "{:?}", replayed[1].reasons);
        assert!(!replayed[0].flipped() && replayed[3].flipped());
    }

    #[test]
    fn what_was_not_measured_is_told() {
        let text = "objectives: [{sli: new, pass: [{criteria: ['<1']}]}]\ntotal_score: {pass: 90%}";
        let slo = slo::read(text).unwrap().slo;
        assert_eq!(backtest(&slo, text, &history(&[1.0]))[0].unmeasured, ["new"]);
    }
}
