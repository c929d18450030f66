//! One criterion: `<600`, `<=+10%`, `>-5`, `<=(-5)`. Grammar: contract, gate.md 1.3.

use crate::number::{self, FloatError};

/// How a value is held against its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `<=`
    AtMost,
    /// `<`
    Below,
    /// `=`, exactly
    Equal,
    /// `>=`
    AtLeast,
    /// `>`
    Above,
}

impl Operator {
    /// In the order in which v1 tries them as prefixes.
    const ALL: [(&'static str, Self); 5] =
        [("<=", Self::AtMost), ("<", Self::Below), ("=", Self::Equal), (">=", Self::AtLeast), (">", Self::Above)];

    /// Whether a value keeps to a limit.
    pub fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Self::AtMost => value <= limit,
            Self::Below => value < limit,
            Self::Equal => value == limit,
            Self::AtLeast => value >= limit,
            Self::Above => value > limit,
        }
    }

    /// The operator as written.
    pub fn symbol(self) -> &'static str {
        Self::ALL.iter().find(|(_, operator)| *operator == self).map_or("", |(symbol, _)| symbol)
    }
}

/// What a value is held against.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    /// A number.
    Absolute(f64),
    /// The baseline plus this (which may be negative).
    Offset(f64),
    /// The baseline changed by this many per cent (which may be negative).
    Percent(f64),
}

/// A criterion that can be judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Criterion {
    /// How to compare.
    pub operator: Operator,
    /// With what.
    pub target: Target,
}

/// Why a text is no criterion. The first two have v1's texts; the others are ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CriterionError {
    /// It does not begin with an operator.
    #[error("invalid criteria string")]
    NoOperator,
    /// What follows the operator is no number.
    #[error("could not parse criteria target value")]
    NoNumber,
    /// The limit is NaN or infinite; v1 accepts it and then cannot send its result.
    #[error("the limit is not a finite number")]
    NotFinite,
}

impl Criterion {
    /// Reads a criterion.
    pub fn parse(text: &str) -> Result<Self, CriterionError> {
        let text = text.replace(' ', "");
        // v1's pattern is a character class: any one of these characters lets a text through to the next step.
        if !text.starts_with(['<', '>', '=', '|']) {
            return Err(CriterionError::NoOperator);
        }
        let (operator, limit) = Operator::ALL
            .iter()
            .find_map(|(symbol, operator)| text.strip_prefix(symbol).map(|limit| (*operator, limit)))
            .ok_or(CriterionError::NoNumber)?;
        if let Some(negative) = limit.strip_prefix("(-").and_then(|rest| rest.strip_suffix(')')) {
            let target = Target::Absolute(-finite(negative)?);
            return Ok(Self { operator, target });
        }
        let (limit, percent) = match limit.strip_suffix('%') {
            Some(limit) => (limit, true),
            None => (limit, false),
        };
        let (amount, sign) = match limit.as_bytes().first() {
            Some(b'-') => (&limit[1..], Some(-1.0)),
            Some(b'+') => (&limit[1..], Some(1.0)),
            _ => (limit, None),
        };
        let amount = finite(amount)?;
        let target = match (percent, sign) {
            (true, sign) => Target::Percent(sign.unwrap_or(1.0) * amount),
            (false, Some(sign)) => Target::Offset(sign * amount),
            (false, None) => Target::Absolute(amount),
        };
        Ok(Self { operator, target })
    }

    /// Whether it depends on history.
    pub fn is_relative(&self) -> bool {
        !matches!(self.target, Target::Absolute(_))
    }

    /// The limit for a baseline; the order of the operations is v1's, to the bit.
    pub fn limit(&self, baseline: f64) -> f64 {
        match self.target {
            Target::Absolute(limit) => limit,
            Target::Offset(offset) => baseline + offset,
            Target::Percent(percent) => baseline * (100.0 + percent) / 100.0,
        }
    }
}

fn finite(text: &str) -> Result<f64, CriterionError> {
    match number::parse(text) {
        Ok(number) if number.is_finite() => Ok(number),
        Ok(_) => Err(CriterionError::NotFinite),
        Err(FloatError::Syntax | FloatError::Range) => Err(CriterionError::NoNumber),
    }
}

/// How to mend a text that is no criterion.
pub fn help(text: &str) -> String {
    let compact = text.replace(' ', "");
    if compact.is_empty() {
        return "put the criterion in quotes: an unquoted '>' begins a folded text".to_owned();
    }
    let unit = compact.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '\u{b5}');
    if unit.len() < compact.len() && Criterion::parse(unit).is_ok() {
        return format!("write the number without a unit, in the unit of the query: '{unit}'");
    }
    for (wrong, right) in [("==", "="), ("=<", "<="), ("=>", ">="), ("!=", ""), ("<>", "")] {
        if let Some(rest) = compact.strip_prefix(wrong) {
            return match right {
                "" => "there is no 'not equal'; state the range that is wanted, such as '>0'".to_owned(),
                _ => format!("write '{right}{rest}'"),
            };
        }
    }
    if Criterion::parse(&format!("<{compact}")).is_ok() {
        return format!(
            "a criterion begins with an operator: '<{compact}', '<={compact}', '>{compact}', '>={compact}' or '={compact}'"
        );
    }
    if compact.contains(',') {
        return "decimals have a point, and each criterion is an entry of its own in the list".to_owned();
    }
    "a criterion is an operator (<, <=, =, >=, >) and a number: '<600' for a limit, '<=+10%' or '<=+50' to compare with earlier evaluations"
        .to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn negative_limits_have_a_notation_of_their_own() {
        let criterion = Criterion::parse("<= (-5)").unwrap();
        assert_eq!(criterion, Criterion { operator: Operator::AtMost, target: Target::Absolute(-5.0) });
        for text in ["<=(5)", "<=(-5)%", "<=(-5%)", "<=-(5)", "<=(-)", "<=(-5", "<=(--5)"] {
            let parsed = Criterion::parse(text);
            if text == "<=(--5)" {
                assert_eq!(parsed.unwrap().target, Target::Absolute(5.0), "{text}");
            } else {
                assert_eq!(parsed, Err(CriterionError::NoNumber), "{text}");
            }
        }
    }

    #[test]
    fn help_names_the_mend() {
        assert_eq!(help("<5ms"), "write the number without a unit, in the unit of the query: '<5'");
        assert_eq!(help("==5"), "write '=5'");
        assert_eq!(help("=<5"), "write '<=5'");
        assert!(help("600").contains("'<600'"));
        assert!(help("!=5").contains("not equal"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_and_limits_are_finite(text in "[<=>|+% .()0-9a-fxpeINn_-]{0,12}") {
            match Criterion::parse(&text) {
                Ok(criterion) => prop_assert!(criterion.is_relative() || criterion.limit(0.0).is_finite()),
                Err(_) => prop_assert!(!help(&text).is_empty()),
            }
        }
    }
}
