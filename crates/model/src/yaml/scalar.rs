//! What a scalar means, by the rules of Go's yaml.v3.

use crate::number;

/// The value of a scalar.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    /// A whole number between the smallest `i64` and the largest `u64`.
    Integer(i128),
    Float(f64),
    /// Text, or something that only a tag of its own gives a meaning.
    Text,
}

impl Value {
    /// The kind of value in words that fit behind "found".
    pub(super) fn words(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "a truth value",
            Self::Integer(_) | Self::Float(_) => "the number",
            Self::Text => "the text",
        }
    }
}

/// Resolves a scalar with its tag; the error is the kind that its tag demands and its text is not.
pub(super) fn resolve<'t>(tag: Option<&'t str>, text: &str) -> Result<Value, &'t str> {
    let Some(tag) = tag else {
        return Ok(plain(text));
    };
    let value = match tag {
        "!!null" | "!!bool" | "!!int" | "!!float" => plain(text),
        _ => return Ok(Value::Text),
    };
    match (tag, value) {
        ("!!null", Value::Null) => Ok(Value::Null),
        ("!!bool", Value::Bool(truth)) => Ok(Value::Bool(truth)),
        ("!!int", Value::Integer(number)) => Ok(Value::Integer(number)),
        ("!!float", Value::Float(number)) => Ok(Value::Float(number)),
        ("!!float", Value::Integer(number)) => Ok(Value::Float(number as f64)),
        _ => Err(tag),
    }
}

fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Value::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Value::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Value::Float(f64::NEG_INFINITY),
        _ => {}
    }
    if text.starts_with('.') {
        return number::parse(text).map_or(Value::Text, Value::Float);
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || c == '+' || c == '-') {
        return Value::Text;
    }
    let digits = text.replace('_', "");
    if let Some(integer) = integer(&digits) {
        return Value::Integer(integer);
    }
    if is_float(&digits) {
        return number::parse(&digits).map_or(Value::Text, Value::Float);
    }
    Value::Text
}

/// Decimal, `0x`, `0o`, `0b`, and `0` before further digits for octal as in YAML 1.1.
fn integer(text: &str) -> Option<i128> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = unsigned.to_ascii_lowercase();
    let (radix, digits) = if let Some(digits) = lower.strip_prefix("0x") {
        (16, digits)
    } else if let Some(digits) = lower.strip_prefix("0b") {
        (2, digits)
    } else if let Some(digits) = lower.strip_prefix("0o") {
        (8, digits)
    } else if lower.len() > 1 && lower.starts_with('0') {
        (8, &lower[1..])
    } else {
        (10, lower.as_str())
    };
    if digits.is_empty() || !digits.bytes().all(|c| c.is_ascii_alphanumeric()) {
        return None;
    }
    let magnitude = i128::from_str_radix(digits, radix).ok()?;
    let value = if negative { -magnitude } else { magnitude };
    // A sign excludes the upper half of the unsigned range, as in Go.
    let largest = if unsigned.len() == text.len() { i128::from(u64::MAX) } else { i128::from(i64::MAX) };
    (i128::from(i64::MIN)..=largest).contains(&value).then_some(value)
}

/// `[-+]? (. digits | digits (. digits?)?) ([eE] [-+]? digits)?`
fn is_float(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let all_digits = |text: &str| text.bytes().all(|c| c.is_ascii_digit());
    let exponent_good = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !digits.is_empty() && all_digits(digits)
    });
    let mantissa_good = match mantissa.split_once('.') {
        Some(("", fraction)) => !fraction.is_empty() && all_digits(fraction),
        Some((whole, fraction)) => all_digits(whole) && all_digits(fraction),
        None => !mantissa.is_empty() && all_digits(mantissa),
    };
    exponent_good && mantissa_good
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_resolve_as_in_v1() {
        let cases = [
            ("", Value::Null),
            ("~", Value::Null),
            ("True", Value::Bool(true)),
            ("yes", Value::Text),
            ("12", Value::Integer(12)),
            ("-0x10", Value::Integer(-16)),
            ("0b11", Value::Integer(3)),
            ("0o17", Value::Integer(15)),
            ("017", Value::Integer(15)),
            ("089", Value::Float(89.0)),
            ("1_000", Value::Integer(1000)),
            ("2.7", Value::Float(2.7)),
            ("+.5", Value::Float(0.5)),
            ("5.", Value::Float(5.0)),
            ("1e3", Value::Float(1000.0)),
            ("1e400", Value::Text),
            (".5", Value::Float(0.5)),
            (".", Value::Text),
            ("18446744073709551615", Value::Integer(u64::MAX.into())),
            ("18446744073709551616", Value::Float(18_446_744_073_709_552_000.0)),
            ("1.2.3", Value::Text),
            ("90%", Value::Text),
            ("-", Value::Text),
            ("0x", Value::Text),
            ("2024-01-02", Value::Text),
        ];
        for (text, value) in cases {
            assert_eq!(resolve(None, text), Ok(value), "{text}");
        }
    }

    #[test]
    fn tags_decide_or_contradict() {
        assert_eq!(resolve(Some("!!str"), "12"), Ok(Value::Text));
        assert_eq!(resolve(Some("!!int"), "12"), Ok(Value::Integer(12)));
        assert_eq!(resolve(Some("!!float"), "12"), Ok(Value::Float(12.0)));
        assert_eq!(resolve(Some("!!int"), "x"), Err("!!int"));
        assert_eq!(resolve(Some("!mine"), "12"), Ok(Value::Text));
    }
}
