//! The verdict in words and as data.

use capstan_model::event::evaluation::EvaluationFinished;
use std::collections::BTreeMap;

use capstan_model::event::explanation::{
    BaselineValue, ComparedEvaluation, ComparisonExplained, Counterfactual, Explanation, LimitExplained, Notice,
    ObjectiveExplained, TotalExplained,
};
use capstan_model::event::result::{IndicatorStatus, ResultKind};
use capstan_model::event::sli::{MissingReason, SliValue};
use capstan_model::number::human;
use capstan_model::slo::{Objective, OnNoData, OnNoHistory, Slo};

use super::history::Selection;
use super::judged::Judged;
use super::objective::{self, Level};
use super::request::{Failure, GetSli, Verdict};
use super::total::Total;

/// Everything that an explanation draws on.
pub(super) struct Scene<'a> {
    pub(super) slo: &'a Slo,
    pub(super) selection: &'a Selection<'a>,
    pub(super) judged: &'a [Judged<'a>],
    pub(super) total: Total,
    pub(super) left_over: &'a [&'a str],
    pub(super) get_sli: &'a GetSli,
}

/// Explains a judged evaluation.
pub(super) fn explain(
    finished: &EvaluationFinished,
    verdict: Verdict,
    scene: &Scene<'_>,
    counterfactuals: Vec<Counterfactual>,
) -> Explanation {
    let objectives: Vec<_> = scene.judged.iter().map(|judged| objective(judged, scene)).collect();
    let comparison = comparison(scene);
    let notices = notices(scene);
    let total = (!scene.judged.is_empty() && verdict != Verdict::None).then(|| arithmetic(scene));
    let sentence = sentence(finished, verdict, scene);
    let mut text = vec![sentence.clone()];
    text.extend(notices.iter().map(|notice| format!("Note: {}.", notice.message)));
    text.extend(objectives.iter().map(|objective| objective.sentence.clone()));
    text.extend(total.iter().map(|total| format!("Score: {}.", total.arithmetic)));
    let compared = objectives.iter().any(|objective| !objective.baseline_values.is_empty());
    text.extend(comparison_sentence(&comparison, compared));
    text.extend(counterfactuals.iter().map(|counterfactual| format!("{}.", capitalised(&counterfactual.sentence))));
    Explanation { verdict: sentence, text, notices, comparison, objectives, total, counterfactuals }
}

/// Explains an evaluation whose values could not be had.
pub(super) fn without_values(failure: Failure, get_sli: &GetSli) -> Explanation {
    let verdict = match failure {
        Failure::Aborted if get_sli.message.is_empty() => "No verdict: the retrieval of values was aborted.".to_owned(),
        Failure::Aborted => format!("No verdict: the retrieval of values was aborted: {}", one_line(&get_sli.message)),
        Failure::Errored => format!("No verdict: the values could not be retrieved: {}", one_line(&get_sli.message)),
    };
    // What several indicators miss for one reason is said once.
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for value in get_sli.values.iter().filter(|value| !value.success) {
        reasons.entry(&value.message).or_default().push(&value.metric);
    }
    let missing = reasons.iter().map(|(message, metrics)| Notice {
        code: "missing",
        message: format!("{}: {}", few(metrics), one_line(message)),
    });
    plain(verdict, missing.collect())
}

/// Explains an evaluation without objectives, which v1 lets pass.
pub(super) fn without_objectives(values: &[SliValue]) -> Explanation {
    let message = "there is no SLO file, so nothing was judged; this pass says nothing about the service".to_owned();
    let verdict = "Passed unjudged: there is no SLO file.".to_owned();
    let mut explanation = plain(verdict, vec![Notice { code: "no-objectives", message }]);
    explanation
        .text
        .extend(values.iter().map(|value| format!("{}: {}, not judged.", value.metric, human(value.value))));
    explanation
}

fn plain(verdict: String, notices: Vec<Notice>) -> Explanation {
    let mut text = vec![verdict.clone()];
    text.extend(notices.iter().map(|notice| format!("Note: {}.", notice.message)));
    let comparison =
        ComparisonExplained { wanted: 0, aggregate: "avg", evaluations: Vec::new(), passed_over: Vec::new() };
    Explanation { verdict, text, notices, comparison, objectives: Vec::new(), total: None, counterfactuals: Vec::new() }
}

fn sentence(finished: &EvaluationFinished, verdict: Verdict, scene: &Scene<'_>) -> String {
    let limits = &scene.slo.total_score;
    let score = human(scene.total.score);
    let wanted = match limits.warning {
        Some(warning) => format!("pass from {}, warning from {}", human(limits.pass), human(warning)),
        None => format!("pass from {}", human(limits.pass)),
    };
    let keys: Vec<_> = key_failures(scene.judged).collect();
    match verdict {
        Verdict::None => format!("No verdict: {}.", finished.message),
        _ if scene.judged.is_empty() => "Failed: the SLO file has no objectives, and v1 fails such a file.".to_owned(),
        _ if scene.get_sli.failed => {
            let message = &scene.get_sli.message;
            let message = one_line(message);
            format!("Failed: the retrieval of values counts as failed ({message}); the score would be {score}.")
        }
        Verdict::Judged(ResultKind::Pass) if scene.total.maximum == 0.0 => {
            "Passed with 100: every objective only informs, so nothing could fail.".to_owned()
        }
        Verdict::Judged(ResultKind::Pass) => format!("Passed with a score of {score} ({wanted})."),
        Verdict::Judged(ResultKind::Warning) => format!("Warning with a score of {score} ({wanted})."),
        Verdict::Judged(ResultKind::Fail) if !keys.is_empty() => {
            format!(
                "Failed because of {} ({}); the score is {score} ({wanted}).",
                keys.join(" and "),
                plural(keys.len(), "key objective")
            )
        }
        Verdict::Judged(ResultKind::Fail) => format!("Failed with a score of {score} ({wanted})."),
    }
}

/// Some names of many: all of a few, else the first and how many more.
fn few(names: &[&str]) -> String {
    const SHOWN: usize = 5;
    match names.len().checked_sub(SHOWN) {
        None | Some(0) => names.join(", "),
        Some(more) => format!("{} and {more} more", names[..SHOWN].join(", ")),
    }
}

/// The end of a long id: enough for `gate history show`.
fn short_id(id: &str) -> String {
    const SHOWN: usize = 8;
    let count = id.chars().count();
    if count <= 2 * SHOWN {
        id.to_owned()
    } else {
        format!("…{}", id.chars().skip(count - SHOWN).collect::<String>())
    }
}

/// A source's message as part of a sentence: no line breaks, nothing that a terminal obeys.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn plural(count: usize, what: &str) -> String {
    if count == 1 { format!("a {what}") } else { format!("{what}s") }
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    // A name at the beginning is left as it is written.
    if text.starts_with("a value ") || text.starts_with("any value ") {
        characters
            .next()
            .map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + characters.as_str())
    } else {
        text.to_owned()
    }
}

fn key_failures<'j>(judged: &'j [Judged<'_>]) -> impl Iterator<Item = String> + 'j {
    judged.iter().filter(|judged| judged.points.key_failure).map(|judged| judged.objective.title().to_owned())
}

fn notices(scene: &Scene<'_>) -> Vec<Notice> {
    let mut notices = Vec::new();
    let mut notice = |code, message| notices.push(Notice { code, message });
    let relative = |objective: &Objective| {
        let groups = objective.pass.iter().chain(&objective.warning);
        groups
            .flat_map(|group| &group.criteria)
            .any(|written| written.parsed.is_ok_and(|criterion| criterion.is_relative()))
    };
    let scored = || scene.judged.iter().filter(|judged| !judged.objective.is_informational());
    let unheld: Vec<_> = scored()
        .filter(|judged| relative(judged.objective) && judged.baseline.aggregate.is_none())
        .map(|judged| judged.objective.title())
        .collect();
    if !unheld.is_empty() {
        let consequence = match scene.slo.comparison.on_no_history {
            OnNoHistory::Pass => "count as met",
            OnNoHistory::Warning => "count as met for a warning only",
            OnNoHistory::Fail => "count as broken",
        };
        let why = match (scene.selection.evaluations.len(), scene.selection.passed_over.is_empty()) {
            (0, true) => "there is no earlier evaluation",
            (0, false) => "no earlier evaluation qualifies",
            _ => "the earlier evaluations do not hold these indicators",
        };
        notice(
            "no-history",
            format!("nothing to compare with: {why}; the relative criteria of {} {consequence}", few(&unheld)),
        );
    }
    if scored().next().is_some() && !scored().any(|judged| relative(judged.objective)) {
        notice(
            "no-comparison",
            "no objective compares with earlier evaluations; a creeping decline goes unseen".to_owned(),
        );
    }
    if !scene.judged.is_empty() && scored().next().is_none() {
        notice("nothing-judged", "no objective has pass criteria; this gate lets everything through".to_owned());
    }
    let ignored: Vec<_> = scored()
        .filter(|judged| judged.measured().is_none() && judged.objective.on_no_data == OnNoData::Ignore)
        .map(|judged| judged.objective.title())
        .collect();
    if !ignored.is_empty() {
        notice("ignored", format!("{} had no value and did not count (on_no_data: ignore)", few(&ignored)));
    }
    if !scene.left_over.is_empty() {
        notice("unused-values", format!("values without an objective: {}", few(scene.left_over)));
    }
    notices
}

fn comparison(scene: &Scene<'_>) -> ComparisonExplained {
    let evaluations = scene.selection.evaluations.iter().map(|past| ComparedEvaluation {
        id: past.id.clone(),
        time: past.time,
        result: past.result.clone(),
        score: past.score,
    });
    ComparisonExplained {
        wanted: scene.slo.comparison.limit(),
        aggregate: scene.slo.comparison.aggregate.name(),
        evaluations: evaluations.collect(),
        passed_over: scene.selection.passed_over.clone(),
    }
}

/// `compared` tells whether any of the evaluations held an indicator of the file.
fn comparison_sentence(comparison: &ComparisonExplained, compared: bool) -> Option<String> {
    let passed_over: Vec<_> =
        comparison.passed_over.iter().map(|over| format!("{} ({})", over.count, over.reason)).collect();
    let found = comparison.evaluations.len();
    let ids: Vec<_> = comparison.evaluations.iter().map(|past| short_id(&past.id)).collect();
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
    let mut sentence = match comparison.evaluations.first().filter(|_| compared) {
        None if passed_over.is_empty() => return None,
        None => "Compared with nothing".to_owned(),
        Some(newest) if found == 1 => {
            format!("Compared with the evaluation of {} ({})", capstan_model::timeframe::display(newest.time), ids[0])
        }
        Some(newest) => format!(
            "Compared with the {} of {found} evaluations, the newest of {} ({})",
            comparison.aggregate,
            capstan_model::timeframe::display(newest.time),
            few(&ids)
        ),
    };
    if !passed_over.is_empty() {
        sentence.push_str("; passed over: ");
        sentence.push_str(&passed_over.join(", "));
    }
    sentence.push('.');
    Some(sentence)
}

fn arithmetic(scene: &Scene<'_>) -> TotalExplained {
    let Total { won, maximum, score, .. } = scene.total;
    let limits = &scene.slo.total_score;
    let arithmetic = if maximum == 0.0 {
        "no points to win, which counts as 100".to_owned()
    } else {
        format!(
            "{} of {} points, 100 × {} / {} = {}",
            human(won),
            human(maximum),
            human(won),
            human(maximum),
            human(score)
        )
    };
    TotalExplained {
        won,
        maximum,
        score,
        pass: limits.pass,
        warning: limits.warning,
        key_failures: key_failures(scene.judged).collect(),
        arithmetic,
    }
}

fn objective(judged: &Judged<'_>, scene: &Scene<'_>) -> ObjectiveExplained {
    let Judged { objective, value, baseline, points } = judged;
    let missing = judged.measured().is_none().then(|| match value {
        None => MissingReason::NotReceived,
        Some(value) => scene.get_sli.reasons.get(&value.metric).copied().unwrap_or(MissingReason::Unstated),
    });
    let limits: Vec<_> =
        [Level::Pass, Level::Warning].into_iter().flat_map(|level| limits(judged, level, scene)).collect();
    let mut explained = ObjectiveExplained {
        sli: objective.sli.clone(),
        display_name: objective.display_name.clone(),
        status: points.status,
        value: judged.measured(),
        missing,
        message: value.filter(|value| !value.success).map(|value| one_line(&value.message)).unwrap_or_default(),
        baseline: baseline.aggregate.filter(|aggregate| aggregate.is_finite()),
        baseline_values: baseline
            .values
            .iter()
            .map(|(id, value)| BaselineValue { id: (*id).to_owned(), value: *value })
            .collect(),
        limits,
        won: points.counted,
        lost: points.maximum - points.counted,
        key_sli: objective.key_sli,
        sentence: String::new(),
    };
    explained.sentence = objective_sentence(&explained, judged);
    explained
}

fn limits(judged: &Judged<'_>, level: Level, scene: &Scene<'_>) -> Vec<LimitExplained> {
    let no_history = scene.slo.comparison.on_no_history;
    let baseline = judged.baseline.aggregate.filter(|aggregate| aggregate.is_finite());
    let mut limits = Vec::new();
    for (group, criteria) in objective::groups(judged.objective, level).iter().enumerate() {
        for written in &criteria.criteria {
            let parsed = written.parsed.as_ref().ok();
            let unheld = parsed.is_some_and(|criterion| criterion.is_relative() && baseline.is_none());
            let met =
                |value| parsed.map(|criterion| objective::criterion_met(criterion, level, value, baseline, no_history));
            limits.push(LimitExplained {
                level: if level == Level::Pass { "pass" } else { "warning" },
                group,
                criteria: written.text.clone(),
                limit: parsed.filter(|_| !unheld).map(|criterion| criterion.limit(baseline.unwrap_or_default())),
                met: judged.measured().and_then(met),
                no_history: unheld,
            });
        }
    }
    limits
}

fn objective_sentence(explained: &ObjectiveExplained, judged: &Judged<'_>) -> String {
    let title = judged.objective.title();
    let title = if title.is_empty() { "(objective without a name)" } else { title };
    let value = match (explained.value, explained.missing) {
        (Some(value), _) => human(value),
        (None, Some(reason)) if explained.message.is_empty() || reason == MissingReason::NotReceived => {
            format!("no value ({})", reason.words())
        }
        (None, Some(MissingReason::Unstated) | None) => format!("no value ({})", explained.message),
        (None, Some(reason)) => format!("no value ({}: {})", reason.words(), explained.message),
    };
    let points = match explained.status {
        IndicatorStatus::Info if judged.objective.is_informational() => {
            return format!("{title}: {value}, for information.");
        }
        IndicatorStatus::Info => return format!("{title}: {value}, left out of the score (on_no_data: ignore)."),
        _ => {
            let key = if judged.points.key_failure { ", and it is a key objective" } else { "" };
            format!("{} of {} points{key}", human(explained.won), human(judged.points.maximum))
        }
    };
    let written = judged.objective.pass.iter().chain(&judged.objective.warning).flat_map(|group| &group.criteria);
    let relative = written.map(|written| written.parsed.is_ok_and(|criterion| criterion.is_relative()));
    let shown: Vec<_> = explained.limits.iter().zip(relative).map(|(limit, it)| limit_words(limit, it)).collect();
    let limits = if shown.is_empty() { "no criteria".to_owned() } else { shown.join(", ") };
    let baseline = match (explained.baseline, explained.baseline_values.as_slice()) {
        (Some(_), [BaselineValue { value, .. }]) => format!("; earlier {}", human(*value)),
        (Some(baseline), several) => format!("; earlier {} (of {} values)", human(baseline), several.len()),
        (None, _) => String::new(),
    };
    format!("{title}: {value} is {}: {limits}{baseline}; {points}.", status_word(explained.status))
}

fn status_word(status: IndicatorStatus) -> &'static str {
    match status {
        IndicatorStatus::Pass => "good",
        IndicatorStatus::Warning => "a warning",
        IndicatorStatus::Fail => "a failure",
        IndicatorStatus::Info => "information",
    }
}

fn limit_words(limit: &LimitExplained, relative: bool) -> String {
    let criteria = limit.criteria.trim();
    let level = if limit.level == "warning" { " for a warning" } else { "" };
    let number = limit.limit.filter(|_| relative).map(|limit| format!(" (= {})", human(limit))).unwrap_or_default();
    match (limit.no_history, limit.met) {
        (true, Some(true)) => format!("{criteria} met for want of history{level}"),
        (true, Some(false)) => format!("{criteria} broken for want of history{level}"),
        (_, Some(true)) => format!("{criteria}{number} met{level}"),
        (_, Some(false)) => format!("{criteria}{number} broken{level}"),
        (_, None) => format!("{criteria}{number}{level}"),
    }
}
