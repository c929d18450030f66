//! One evaluation from beginning to end (contract: gate.md 2.3).

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use capstan_model::event::evaluation::{Evaluation, EvaluationFinished, IndicatorResult, Subject};
use capstan_model::event::result::{IndicatorStatus, ResultKind, Status};
use capstan_model::event::sli::SliValue;
use capstan_model::slo::{Objective, Slo};

use super::baseline::{Baseline, baselines};
use super::history::Selection;
use super::judged::Judged;
use super::objective;
use super::request::{Decision, Failure, Overflow, Request, SloText, Verdict};
use super::total::{self, Total};
use super::{counterfactual, explain};

/// Judges.
pub fn decide(request: &Request<'_>) -> Result<Decision, Overflow> {
    if let Some(failure) = request.get_sli.failure {
        return Ok(without_values(request, failure));
    }
    let Some(SloText { slo, .. }) = request.slo else {
        return Ok(without_objectives(request));
    };
    let selection = request.history.select(request.subject, &slo.comparison, request.now);
    let (values, left_over) = assign(slo, &request.get_sli.values);
    let judged = judge_all(slo, &values, &selection)?;
    if judged.is_empty() {
        return Ok(conclude(
            request,
            slo,
            &selection,
            &judged,
            total::total(0.0, 100.0, false, &slo.total_score),
            &left_over,
        ));
    }
    let won = judged.iter().fold(0.0, |sum, judged| sum + judged.points.counted);
    let maximum = judged.iter().fold(0.0, |sum, judged| sum + judged.points.maximum);
    let key_failure = judged.iter().any(|judged| judged.points.key_failure);
    let total = total::total(won, maximum, key_failure, &slo.total_score);
    Ok(conclude(request, slo, &selection, &judged, total, &left_over))
}

fn judge_all<'a>(
    slo: &'a Slo,
    values: &HashMap<&'a str, &'a SliValue>,
    selection: &Selection<'a>,
) -> Result<Vec<Judged<'a>>, Overflow> {
    let mut baselines = baselines(&selection.evaluations, slo.comparison.aggregate);
    let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
    for objective in &slo.objectives {
        *uses.entry(&objective.sli).or_default() += 1;
    }
    let mut judged = Vec::with_capacity(slo.objectives.len());
    for objective in &slo.objectives {
        let name = objective.sli.as_str();
        let baseline = match uses.get(name) {
            Some(1) => baselines.remove(name).unwrap_or_default(),
            _ => baselines.get(name).cloned().unwrap_or_default(),
        };
        let value = values.get(name).copied();
        refuse_overflow(objective, &baseline, value.is_some_and(|value| value.success))?;
        let points = match value {
            Some(value) if value.success => {
                objective::points(objective, value.value, baseline.aggregate, slo.comparison.on_no_history)
            }
            _ => objective::points_without_value(objective),
        };
        judged.push(Judged { objective, value, baseline, points });
    }
    Ok(judged)
}

/// Limits are reckoned only for a value that is judged.
fn refuse_overflow(objective: &Objective, baseline: &Baseline<'_>, retrieved: bool) -> Result<(), Overflow> {
    let Some(aggregate) = baseline.aggregate else { return Ok(()) };
    let overflow = |what: String| Overflow {
        sli: objective.sli.clone(),
        what,
        evaluations: baseline.values.iter().map(|(id, _)| (*id).to_owned()).collect(),
    };
    let written = || objective.pass.iter().chain(&objective.warning).flat_map(|group| &group.criteria);
    if !aggregate.is_finite() && written().next().is_some() {
        return Err(overflow("baseline".to_owned()));
    }
    for criterion in written().filter(|_| retrieved && !objective.is_informational()) {
        if let Ok(parsed) = criterion.parsed
            && !parsed.limit(aggregate).is_finite()
        {
            return Err(overflow(format!("limit '{}'", criterion.text)));
        }
    }
    Ok(())
}

/// The value of each indicator that an objective names, and the metrics that none names.
///
/// v1 takes each value out of the list by moving the last into its place, which decides which of several values of one
/// metric is the first, and in what order the left-over ones are told.
fn assign<'v>(slo: &'v Slo, values: &'v [SliValue]) -> (HashMap<&'v str, &'v SliValue>, Vec<&'v str>) {
    let mut remaining: Vec<&SliValue> = values.iter().collect();
    // Where each metric stands in `remaining`, so that none has to be searched for.
    let mut places: BTreeSet<_> = values.iter().enumerate().map(|(at, value)| (value.metric.as_str(), at)).collect();
    let mut assigned = HashMap::with_capacity(values.len());
    let mut named = HashSet::with_capacity(slo.objectives.len());
    for objective in &slo.objectives {
        let name = objective.sli.as_str();
        let first = places.range((name, 0)..).next().copied().filter(|(metric, _)| *metric == name);
        if named.insert(name)
            && let Some((_, at)) = first
        {
            let last = remaining.len() - 1;
            let moved = remaining[last].metric.as_str();
            places.remove(&(name, at));
            if places.remove(&(moved, last)) {
                places.insert((moved, at));
            }
            assigned.insert(name, remaining.swap_remove(at));
        }
    }
    let left_over = remaining.into_iter().map(|value| value.metric.as_str()).filter(|metric| !named.contains(metric));
    (assigned, left_over.collect())
}

fn conclude(
    request: &Request<'_>,
    slo: &Slo,
    selection: &Selection<'_>,
    judged: &[Judged<'_>],
    total: Total,
    left_over: &[&str],
) -> Decision {
    let key_failure = judged.iter().rev().find(|judged| judged.points.key_failure).map(|judged| {
        let cause = match (judged.measured(), judged.value) {
            (Some(_), _) => "failed evaluation with score 0.000000",
            (None, Some(value)) => value.message.as_str(),
            (None, None) => "no value received from SLI provider",
        };
        (judged.objective.display_name.as_str(), cause)
    });
    // v1 scores an empty list of objectives too, against 100 points, and keeps that result beside the overall one.
    let message = total::message(&total, key_failure, &slo.total_score).unwrap_or_else(|| additional_slis(left_over));
    let evaluation = Evaluation {
        time_start: request.time_start.to_owned(),
        time_end: request.time_end.to_owned(),
        result: total.result,
        score: total.score,
        slo_file_content: BASE64.encode(request.slo.map_or("", |slo| slo.text)),
        indicator_results: (!judged.is_empty()).then(|| indicator_results(slo, judged)),
        compared_events: selection.evaluations.iter().map(|past| past.id.clone()).collect(),
        explanation: None,
    };
    let mut finished = finished(request.subject, Status::Succeeded, total.result, message, evaluation);
    let mut verdict = Verdict::Judged(total.result);
    if judged.is_empty() {
        finished.result = ResultKind::Fail;
        finished.message = "lighthouse failed because no SLO objective was provided".to_owned();
        verdict = Verdict::Judged(ResultKind::Fail);
    } else if nothing_left(judged) {
        finished.status = Status::Errored;
        finished.result = ResultKind::Fail;
        finished.message =
            "no objective was left to judge: every value that counts is missing and its objective ignores that"
                .to_owned();
        finished.evaluation.result = ResultKind::Fail;
        finished.evaluation.score = 0.0;
        verdict = Verdict::None;
    } else if request.get_sli.failed {
        finished.result = ResultKind::Fail;
        finished.message = format!("lighthouse failed because SLI failed with message {}", request.get_sli.message);
        verdict = Verdict::Judged(ResultKind::Fail);
    }
    let counterfactuals = match verdict {
        Verdict::Judged(_) if !request.get_sli.failed => counterfactual::nearest(slo, judged, &total),
        _ => Vec::new(),
    };
    let scene = explain::Scene { slo, selection, judged, total, left_over, get_sli: request.get_sli };
    finished.evaluation.explanation = Some(explain::explain(&finished, verdict, &scene, counterfactuals));
    Decision { finished, verdict }
}

/// Whether objectives that count in the file were all taken out of the score by their missing values.
fn nothing_left(judged: &[Judged<'_>]) -> bool {
    judged.iter().any(|judged| !judged.objective.is_informational())
        && judged.iter().all(|judged| judged.points.status == IndicatorStatus::Info)
}

fn indicator_results(slo: &Slo, judged: &[Judged<'_>]) -> Vec<IndicatorResult> {
    let no_history = slo.comparison.on_no_history;
    judged
        .iter()
        .map(|judged| {
            let baseline = judged.baseline.aggregate;
            objective::indicator_result(judged.objective, judged.value, baseline, &judged.points, no_history)
        })
        .collect()
}

fn additional_slis(left_over: &[&str]) -> String {
    let mut names = String::new();
    for name in left_over {
        if !names.is_empty() {
            names.push_str(", ");
        }
        names.push_str(name);
    }
    if names.is_empty() {
        return names;
    }
    format!(
        "Lighthouse received additional SLIs, which are not specified as SLO: {names} . \
         Please consider using them as an SLO."
    )
}

fn without_values(request: &Request<'_>, failure: Failure) -> Decision {
    let message = match failure {
        Failure::Aborted => "evaluation performed by lighthouse was aborted".to_owned(),
        Failure::Errored => {
            format!("evaluation performed by lighthouse received an unexpected error: {}", request.get_sli.message)
        }
    };
    let evaluation = early_exit(request, ResultKind::Pass);
    let mut finished = finished(request.subject, Status::Errored, ResultKind::Fail, message, evaluation);
    finished.evaluation.explanation = Some(explain::without_values(failure, request.get_sli));
    Decision { finished, verdict: Verdict::None }
}

fn without_objectives(request: &Request<'_>) -> Decision {
    let project = &request.subject.project;
    let message = format!("no evaluation performed by lighthouse because no SLO file configured for project {project}");
    let evaluation = early_exit(request, ResultKind::Pass);
    let mut finished = finished(request.subject, Status::Succeeded, ResultKind::Pass, message, evaluation);
    finished.evaluation.explanation = Some(explain::without_objectives(&request.get_sli.values));
    Decision { finished, verdict: Verdict::Judged(ResultKind::Pass) }
}

fn early_exit(request: &Request<'_>, result: ResultKind) -> Evaluation {
    Evaluation {
        time_start: request.time_start.to_owned(),
        time_end: request.time_end.to_owned(),
        result,
        score: 0.0,
        slo_file_content: String::new(),
        indicator_results: None,
        compared_events: Vec::new(),
        explanation: None,
    }
}

pub(super) fn finished(
    subject: &Subject,
    status: Status,
    result: ResultKind,
    message: String,
    evaluation: Evaluation,
) -> EvaluationFinished {
    EvaluationFinished {
        project: subject.project.clone(),
        stage: subject.stage.clone(),
        service: subject.service.clone(),
        labels: subject.labels.clone(),
        status,
        result,
        message,
        evaluation,
    }
}
