//! One objective held against one value (contract: gate.md 2.6).

use capstan_model::event::evaluation::{IndicatorResult, TargetResult};
use capstan_model::event::result::IndicatorStatus;
use capstan_model::event::sli::SliValue;
use capstan_model::slo::{CriteriaGroup, Criterion, Objective, OnNoData, OnNoHistory};

/// What of an objective enters the total.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Points {
    /// How it fared.
    pub(super) status: IndicatorStatus,
    /// Points won.
    pub(super) won: f64,
    /// Points that count: v1 leaves those of an objective without a single criterion out of the sum.
    pub(super) counted: f64,
    /// Points that could be won; 0 for what does not count.
    pub(super) maximum: f64,
    /// Whether it is a key objective that failed.
    pub(super) key_failure: bool,
}

/// The two lists of an objective.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Pass,
    Warning,
}

/// How an objective fares with a value that was retrieved.
pub(super) fn points(objective: &Objective, value: f64, baseline: Option<f64>, no_history: OnNoHistory) -> Points {
    if objective.is_informational() {
        return uncounted();
    }
    let weight = objective.weight as f64;
    let met = |level| groups_met(groups(objective, level), level, value, baseline, no_history);
    let (status, won) = if met(Level::Pass) {
        (IndicatorStatus::Pass, weight)
    } else if met(Level::Warning) {
        (IndicatorStatus::Warning, 0.5 * weight)
    } else {
        (IndicatorStatus::Fail, 0.0)
    };
    let has_targets = objective.pass.iter().any(|group| !group.criteria.is_empty());
    let counted = if has_targets { won } else { 0.0 };
    let key_failure = objective.key_sli && status == IndicatorStatus::Fail;
    Points { status, won, counted, maximum: weight, key_failure }
}

/// How an objective fares without a value.
pub(super) fn points_without_value(objective: &Objective) -> Points {
    if objective.is_informational() {
        return uncounted();
    }
    let weight = objective.weight as f64;
    match objective.on_no_data {
        OnNoData::Ignore => uncounted(),
        OnNoData::Warning => {
            let won = 0.5 * weight;
            Points { status: IndicatorStatus::Warning, won, counted: won, maximum: weight, key_failure: false }
        }
        OnNoData::Fail => {
            let key_failure = objective.key_sli;
            Points { status: IndicatorStatus::Fail, won: 0.0, counted: 0.0, maximum: weight, key_failure }
        }
    }
}

fn uncounted() -> Points {
    Points { status: IndicatorStatus::Info, won: 0.0, counted: 0.0, maximum: 0.0, key_failure: false }
}

pub(super) fn groups(objective: &Objective, level: Level) -> &[CriteriaGroup] {
    match level {
        Level::Pass => &objective.pass,
        Level::Warning => &objective.warning,
    }
}

/// Whether one criterion is met.
pub(super) fn criterion_met(
    criterion: &Criterion,
    level: Level,
    value: f64,
    baseline: Option<f64>,
    no_history: OnNoHistory,
) -> bool {
    match (criterion.is_relative(), baseline) {
        (true, None) => match no_history {
            OnNoHistory::Pass => true,
            OnNoHistory::Warning => level == Level::Warning,
            OnNoHistory::Fail => false,
        },
        (_, baseline) => criterion.operator.holds(value, criterion.limit(baseline.unwrap_or_default())),
    }
}

/// Whether one group is met as a whole. An unreadable criterion, which only `warning` may hold, spoils all groups.
fn groups_met(
    groups: &[CriteriaGroup],
    level: Level,
    value: f64,
    baseline: Option<f64>,
    no_history: OnNoHistory,
) -> bool {
    let all_readable = groups.iter().flat_map(|group| &group.criteria).all(|criterion| criterion.parsed.is_ok());
    all_readable
        && groups.iter().any(|group| {
            let mut criteria = group.criteria.iter().filter_map(|criterion| criterion.parsed.as_ref().ok());
            criteria.all(|criterion| criterion_met(criterion, level, value, baseline, no_history))
        })
}

/// The entry of `indicatorResults` for an objective.
pub(super) fn indicator_result(
    objective: &Objective,
    value: Option<&SliValue>,
    baseline: Option<f64>,
    points: &Points,
    no_history: OnNoHistory,
) -> IndicatorResult {
    let retrieved = value.filter(|value| value.success && !objective.is_informational());
    let Some(retrieved) = retrieved else {
        let missing = || SliValue::missing(&objective.sli, "no value received from SLI provider");
        return IndicatorResult {
            score: points.won,
            value: value.cloned().or_else(|| (!objective.is_informational()).then(missing)),
            display_name: objective.display_name.clone(),
            pass_targets: Some(unjudged_targets(&objective.pass, baseline)),
            warning_targets: Some(unjudged_targets(&objective.warning, baseline)),
            key_sli: false,
            status: points.status,
        };
    };
    let mut value = retrieved.clone();
    if any_criterion_judged(objective) {
        value.compared_value = baseline.unwrap_or_default();
    }
    IndicatorResult {
        score: points.won,
        display_name: objective.display_name.clone(),
        pass_targets: judged_targets(&objective.pass, Level::Pass, value.value, baseline, no_history),
        warning_targets: judged_targets(&objective.warning, Level::Warning, value.value, baseline, no_history),
        key_sli: objective.key_sli,
        status: points.status,
        value: Some(value),
    }
}

/// v1 goes through the criteria of both lists until one is unreadable.
pub(super) fn any_criterion_judged(objective: &Objective) -> bool {
    let first =
        |groups: &[CriteriaGroup]| groups.iter().flat_map(|group| &group.criteria).next().map(|c| c.parsed.is_ok());
    first(&objective.pass) == Some(true) || first(&objective.warning) == Some(true)
}

fn judged_targets(
    groups: &[CriteriaGroup],
    level: Level,
    value: f64,
    baseline: Option<f64>,
    no_history: OnNoHistory,
) -> Option<Vec<TargetResult>> {
    let mut targets = Vec::new();
    for written in groups.iter().flat_map(|group| &group.criteria) {
        let Ok(criterion) = &written.parsed else {
            return Some(Vec::new());
        };
        let without_history = criterion.is_relative() && baseline.is_none();
        targets.push(TargetResult {
            criteria: written.text.clone(),
            target_value: if without_history { 0.0 } else { criterion.limit(baseline.unwrap_or_default()) },
            violated: !criterion_met(criterion, level, value, baseline, no_history),
        });
    }
    (!targets.is_empty()).then_some(targets)
}

/// Without a value all limits count as violated, and a relative one shows the bare baseline.
fn unjudged_targets(groups: &[CriteriaGroup], baseline: Option<f64>) -> Vec<TargetResult> {
    let readable = groups.iter().flat_map(|group| &group.criteria);
    let readable = readable.filter_map(|written| written.parsed.as_ref().ok().map(|criterion| (written, criterion)));
    let target = |criterion: &Criterion| {
        if criterion.is_relative() { baseline.unwrap_or_default() } else { criterion.limit(0.0) }
    };
    readable
        .map(|(written, criterion)| TargetResult {
            criteria: written.text.clone(),
            target_value: target(criterion),
            violated: true,
        })
        .collect()
}
