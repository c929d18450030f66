//! What a condition is for the data of a run.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::{Number, Value};

use super::expression::{Expression, Kind, Operator, Path};

/// Asks a condition.
pub(in crate::shipyard) struct Evaluation<'e> {
    /// The text that the expression is read from.
    pub(in crate::shipyard) text: &'e str,
    /// The value that a path leads to.
    pub(in crate::shipyard) find: &'e dyn Fn(&Path) -> &'e Value,
    /// Whether errors show the values, and not their kinds alone.
    pub(in crate::shipyard) shows_values: bool,
}

impl<'e> Evaluation<'e> {
    /// Whether the condition as a whole holds.
    pub(in crate::shipyard) fn condition(&self, expression: &'e Expression) -> Result<bool, String> {
        self.truth(expression, "a condition is true or false")
    }

    /// The truth value that `wants` asks for: half a sentence.
    fn truth(&self, expression: &'e Expression, wants: &str) -> Result<bool, String> {
        match &*self.value(expression)? {
            Value::Bool(truth) => Ok(*truth),
            other => Err(format!("{} is {}, and {wants}", self.name(expression), self.shown(other))),
        }
    }

    fn value(&self, expression: &'e Expression) -> Result<Cow<'e, Value>, String> {
        let truth = match &expression.kind {
            Kind::Literal(value) => return Ok(Cow::Borrowed(value)),
            Kind::Path(path) => return Ok(Cow::Borrowed((self.find)(path))),
            Kind::Not(inner) => !self.truth(inner, "'!' takes true or false")?,
            Kind::All(parts) => self.until(false, parts, "'&&' takes true or false")?,
            Kind::Any(parts) => self.until(true, parts, "'||' takes true or false")?,
            Kind::Compare(left, Operator::In, right) => self.member(left, right)?,
            Kind::Compare(left, operator, right) => {
                let (one, other) = (self.value(left)?, self.value(right)?);
                compare(*operator, &one, &other).ok_or_else(|| self.unlike(*operator, [left, right], [&one, &other]))?
            }
        };
        Ok(Cow::Owned(Value::Bool(truth)))
    }

    /// Whether one of the parts is as given; those behind it are not asked. Then the answer is that, else the other one.
    fn until(&self, decisive: bool, parts: &'e [Expression], wants: &str) -> Result<bool, String> {
        for part in parts {
            if self.truth(part, wants)? == decisive {
                return Ok(decisive);
            }
        }
        Ok(!decisive)
    }

    /// Whether a value is in a list, by '==' from left to right.
    fn member(&self, left: &'e Expression, right: &'e Expression) -> Result<bool, String> {
        let (value, list) = (self.value(left)?, self.value(right)?);
        let Value::Array(items) = &*list else {
            return Err(format!("{} is {}, and 'in' looks into a list", self.name(right), self.shown(&list)));
        };
        for item in items {
            let equal = compare(Operator::Equal, &value, item);
            if equal.ok_or_else(|| self.unlike(Operator::In, [left, right], [&value, item]))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Two values that an operator does not take together.
    fn unlike(&self, operator: Operator, sides: [&Expression; 2], values: [&Value; 2]) -> String {
        let is_literal = |side: &Expression| matches!(side.kind, Kind::Literal(_));
        let subject = usize::from(is_literal(sides[0]) && !is_literal(sides[1]) && operator != Operator::In);
        let (side, value) = (sides[subject], values[subject]);
        let (opposite, other) = (sides[1 - subject], values[1 - subject]);
        let takes = match operator {
            Operator::Equal | Operator::Unequal | Operator::In => None,
            _ if kind(value) == kind(other) => Some("takes numbers or strings"),
            _ => None,
        };
        let what = match takes {
            Some(takes) => takes.to_owned(),
            None if is_literal(opposite) || operator == Operator::In => format!("compares it with {}", kind(other)),
            None => format!("compares it with {}, {}", self.name(opposite), self.shown(other)),
        };
        format!("{} is {}, and '{}' {what}", self.name(side), self.shown(value), operator.name())
    }

    /// The kind of a value with the value, where that is short.
    fn shown(&self, value: &Value) -> String {
        match value {
            Value::String(text) if self.shows_values => format!("a string ('{}')", cut(text)),
            Value::Bool(_) | Value::Number(_) if self.shows_values => format!("{} ({value})", kind(value)),
            _ => kind(value).to_owned(),
        }
    }

    /// A part of the condition as written, in quotes.
    fn name(&self, expression: &Expression) -> String {
        match &expression.kind {
            Kind::Literal(value) => format!("'{}'", cut(&value.to_string())),
            _ => format!("'{}'", cut(self.text.get(expression.place.clone()).unwrap_or_default())),
        }
    }
}

/// Whether the comparison holds; none where the operator does not take these two.
fn compare(operator: Operator, one: &Value, other: &Value) -> Option<bool> {
    let order = match (one, other) {
        _ if matches!(operator, Operator::Equal | Operator::Unequal | Operator::In) => {
            let comparable = one.is_null() || other.is_null() || kind(one) == kind(other);
            return comparable.then(|| equal(one, other) != (operator == Operator::Unequal));
        }
        (Value::Number(one), Value::Number(other)) => compare_numbers(one, other),
        (Value::String(one), Value::String(other)) => one.cmp(other),
        _ => return None,
    };
    Some(match operator {
        Operator::Less => order.is_lt(),
        Operator::AtMost => order.is_le(),
        Operator::Greater => order.is_gt(),
        _ => order.is_ge(),
    })
}

/// 1 and 1.0 are equal, also within lists and maps; values of different kinds are not.
fn equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => compare_numbers(one, other).is_eq(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| equal(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, one)| other.get(key).is_some_and(|other| equal(one, other)))
        }
        _ => one == other,
    }
}

/// Whole numbers to the last digit, others as floats.
fn compare_numbers(one: &Number, other: &Number) -> Ordering {
    let whole = |number: &Number| number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
    match (whole(one), whole(other)) {
        (Some(one), Some(other)) => one.cmp(&other),
        _ => one.as_f64().partial_cmp(&other.as_f64()).unwrap_or(Ordering::Equal),
    }
}

/// The kind of a value, in words.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

/// At most 40 characters.
fn cut(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
