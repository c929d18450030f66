//! The values that tell what a condition can be: for each path those that it is compared with, and their neighbours.

use std::collections::BTreeMap;

use serde_json::{Number, Value, json};

use crate::shipyard::When;
use crate::shipyard::when::{Evaluation, Expression, Kind, Operator, Path};

/// How many combinations of values are tried; a condition with more is taken to be right.
const COMBINATIONS_MAX: usize = 4_096;

/// What is known of a run where a condition is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Situation {
    /// Nothing.
    Unknown,
    /// A task has run, and none has failed.
    AfterSuccess,
    /// Anything has happened.
    AtTheEnd,
}

/// What a condition is for the values that were tried.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outcomes {
    /// For some it holds.
    pub(super) holds: bool,
    /// For some it does not.
    pub(super) fails: bool,
    /// For some an operator does not take them: the first such case.
    pub(super) error: Option<String>,
}

/// Values for each path of a condition.
pub(super) struct Candidates<'w> {
    values: BTreeMap<&'w Path, Vec<Value>>,
    /// What is known of some of them, since no task before has failed.
    narrowed: Vec<&'static str>,
}

impl<'w> Candidates<'w> {
    /// The values that tell apart what a condition tells apart; none where it compares paths with each other.
    pub(super) fn of(expression: &'w Expression, situation: Situation) -> Option<Self> {
        let mut compared = BTreeMap::new();
        gather(expression, true, &mut compared)?;
        let mut narrowed = Vec::new();
        let values = compared.into_iter().map(|(path, compared)| {
            let known = known(path, &compared, situation);
            match path.root.as_str() {
                _ if situation != Situation::AfterSuccess || !path.steps.is_empty() => {}
                "result" => narrowed.push("'result' is 'pass' or 'warning'"),
                "status" => narrowed.push("'status' is 'succeeded' or 'aborted'"),
                _ => {}
            }
            (path, known.unwrap_or_else(|| with_neighbours(&compared)))
        });
        let values = values.collect();
        Some(Self { values, narrowed })
    }

    /// What is known since no task before has failed, in words; none where that does not matter.
    pub(super) fn known(&self) -> Option<String> {
        let known = self.narrowed.join(" and ");
        (!known.is_empty()).then(|| format!("a failure ends the sequence, so {known} here"))
    }

    /// Asks the condition for every combination; none where they are too many.
    pub(super) fn outcomes(&self, when: &When) -> Option<Outcomes> {
        let count = self.values.values().try_fold(1usize, |count, values| count.checked_mul(values.len()))?;
        if count > COMBINATIONS_MAX {
            return None;
        }
        let mut outcomes = Outcomes::default();
        for combination in 0..count {
            let mut rest = combination;
            let mut chosen = BTreeMap::new();
            for (path, values) in &self.values {
                chosen.insert(*path, &values[rest % values.len()]);
                rest /= values.len();
            }
            let find = |path: &Path| chosen.get(path).copied().unwrap_or(&Value::Null);
            let evaluation = Evaluation { text: when.text(), find: &find, shows_values: false };
            match evaluation.condition(when.expression()) {
                Ok(true) => outcomes.holds = true,
                Ok(false) => outcomes.fails = true,
                Err(error) => {
                    outcomes.error.get_or_insert(error);
                }
            }
        }
        Some(outcomes)
    }
}

/// Notes what each path is compared with; `asked` says that the expression is taken for true or false.
fn gather<'w>(expression: &'w Expression, asked: bool, compared: &mut BTreeMap<&'w Path, Vec<Value>>) -> Option<()> {
    match &expression.kind {
        Kind::Literal(_) => {}
        Kind::Path(path) => {
            let values = compared.entry(path).or_default();
            values.extend(asked.then_some(Value::Bool(true)));
        }
        Kind::Not(inner) => gather(inner, true, compared)?,
        Kind::All(parts) | Kind::Any(parts) => {
            parts.iter().try_for_each(|part| gather(part, true, compared))?;
        }
        Kind::Compare(left, operator, right) => match (&left.kind, &right.kind) {
            (Kind::Path(_), Kind::Path(_)) => return None,
            (Kind::Path(path), Kind::Literal(Value::Array(items))) if *operator == Operator::In => {
                compared.entry(path).or_default().extend(items.iter().cloned());
            }
            (Kind::Literal(item), Kind::Path(path)) if *operator == Operator::In => {
                compared.entry(path).or_default().extend([json!([item]), json!([])]);
            }
            (Kind::Path(path), Kind::Literal(value)) | (Kind::Literal(value), Kind::Path(path)) => {
                compared.entry(path).or_default().push(value.clone());
            }
            (Kind::Path(path), _) | (_, Kind::Path(path)) => {
                let values = compared.entry(path).or_default();
                values.extend([json!(true), json!([true]), json!([false])]);
                gather(left, false, compared)?;
                gather(right, false, compared)?;
            }
            _ => {
                gather(left, false, compared)?;
                gather(right, false, compared)?;
            }
        },
    }
    Some(())
}

/// What a path can be by what is known of every run; none where that is anything.
fn known(path: &Path, compared: &[Value], situation: Situation) -> Option<Vec<Value>> {
    let texts = ["project", "stage", "service"];
    match path.root.as_str() {
        root if !path.steps.is_empty() => {
            let is_text = texts.contains(&root) || ["result", "status", "message"].contains(&root);
            is_text.then(|| vec![Value::Null])
        }
        "result" if situation == Situation::AfterSuccess => Some(vec![json!("pass"), json!("warning")]),
        "status" if situation == Situation::AfterSuccess => Some(vec![json!("succeeded"), json!("aborted")]),
        root if texts.contains(&root) => {
            let mut values = with_neighbours(compared);
            values.retain(Value::is_string);
            values.push(json!("\u{10ffff}"));
            Some(values)
        }
        _ => None,
    }
}

/// Values with those beside them, such that of any two regions that comparisons tell apart each holds one. Null comes last,
/// so that an error is told of a value first.
fn with_neighbours(compared: &[Value]) -> Vec<Value> {
    let mut values: Vec<Value> = Vec::new();
    let mut numbers: Vec<&Number> = Vec::new();
    for value in compared {
        match value {
            Value::Null => {}
            Value::Bool(_) => values.extend([json!(true), json!(false)]),
            Value::Number(number) => numbers.push(number),
            Value::String(text) => values.extend([json!(text), json!(format!("{text}\0")), json!("")]),
            Value::Array(_) | Value::Object(_) => values.extend([value.clone(), json!([]), json!(["\0"])]),
        }
    }
    values.extend(around(&numbers));
    if values.is_empty() {
        values.push(json!("\0"));
    }
    values.push(Value::Null);
    let mut distinct: Vec<Value> = Vec::new();
    for value in values {
        if !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    distinct
}

/// Numbers, what lies between two of them, and what lies below and above all.
fn around(numbers: &[&Number]) -> Vec<Value> {
    let mut floats: Vec<f64> = numbers.iter().filter_map(|number| number.as_f64()).collect();
    floats.sort_by(f64::total_cmp);
    let mut values: Vec<Value> = numbers.iter().map(|number| Value::Number((*number).clone())).collect();
    values.extend(floats.windows(2).map(|pair| json!(pair[0] / 2.0 + pair[1] / 2.0)));
    // Twice as far and one more: beside a great number one alone is lost in rounding.
    let beyond = |number: f64, sign: f64| json!((number + sign * (number.abs() + 1.0)).clamp(f64::MIN, f64::MAX));
    let ends = [floats.first().map(|least| beyond(*least, -1.0)), floats.last().map(|most| beyond(*most, 1.0))];
    values.extend(ends.into_iter().flatten());
    values
}
