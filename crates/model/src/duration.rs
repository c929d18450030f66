//! Lengths of time in the notation of Keptn v1 (Go's durations): `300s`, `5m`, `1h30m`, `0.5h`.

use jiff::SignedDuration;

/// Nanoseconds in each unit that v1 knows.
const UNITS: [(&str, f64); 8] = [
    ("ns", 1.0),
    ("us", 1e3),
    ("\u{b5}s", 1e3),
    ("\u{3bc}s", 1e3),
    ("ms", 1e6),
    ("s", 1e9),
    ("m", 60e9),
    ("h", 3600e9),
];

/// Why a text is not a duration; the texts are those that clients of v1 see.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// Not the syntax at all.
    #[error("time: invalid duration \"{0}\"")]
    Invalid(String),
    /// Longer than 292 years.
    #[error("time: invalid duration \"{0}\"")]
    TooLong(String),
    /// A number without a unit.
    #[error("time: missing unit in duration \"{0}\"")]
    MissingUnit(String),
    /// A unit that does not exist.
    #[error("time: unknown unit \"{unit}\" in duration \"{text}\"")]
    UnknownUnit {
        /// The unit as written.
        unit: String,
        /// The whole text.
        text: String,
    },
}

impl DurationError {
    /// What is wrong with the text, for keys that v1 does not have; continues `'90' ...`.
    pub fn why(&self) -> String {
        match self {
            Self::Invalid(text) if text.is_empty() => "is empty".to_owned(),
            Self::Invalid(text) | Self::UnknownUnit { text, .. } if text.contains(char::is_whitespace) => {
                "has a blank in it: write it without".to_owned()
            }
            Self::Invalid(_) => "is no number with a unit".to_owned(),
            Self::TooLong(_) => "is too long: the longest is 292 years".to_owned(),
            Self::MissingUnit(_) => "has no unit".to_owned(),
            Self::UnknownUnit { unit, .. } => format!("has an unknown unit '{unit}'"),
        }
    }
}

/// Reads a duration, in nanoseconds; it may be negative. There is no unit for days, as in v1.
pub fn parse(text: &str) -> Result<i64, DurationError> {
    parse_with(text, &UNITS)
}

/// Reads a duration that may also count in days (`d`) and weeks (`w`); for keys that v1 does not have.
pub fn parse_with_days(text: &str) -> Result<i64, DurationError> {
    let units: Vec<_> = UNITS.into_iter().chain([("d", 86_400e9), ("w", 604_800e9)]).collect();
    parse_with(text, &units)
}

/// Reads a duration that may also count in days (`d`), weeks (`w`) and years of 365 days (`y`); for what is kept for long.
pub fn parse_with_years(text: &str) -> Result<i64, DurationError> {
    let long = [("d", 86_400e9), ("w", 604_800e9), ("y", 31_536_000e9)];
    let units: Vec<_> = UNITS.into_iter().chain(long).collect();
    parse_with(text, &units)
}

fn parse_with(text: &str, units: &[(&str, f64)]) -> Result<i64, DurationError> {
    let invalid = || DurationError::Invalid(text.to_owned());
    let too_long = || DurationError::TooLong(text.to_owned());
    let (negative, mut rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let number_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, tail) = rest.split_at(number_end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return Err(invalid());
        }
        let unit_end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, next) = tail.split_at(unit_end);
        if unit.is_empty() {
            return Err(DurationError::MissingUnit(text.to_owned()));
        }
        let (_, nanoseconds) = units
            .iter()
            .find(|(name, _)| *name == unit)
            .ok_or_else(|| DurationError::UnknownUnit { unit: unit.to_owned(), text: text.to_owned() })?;
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse::<u64>().map_err(|_| too_long())?.into() };
        total += whole * (*nanoseconds as i128) + fraction_of(fraction, *nanoseconds);
        if total > i128::from(i64::MAX) + i128::from(negative) {
            return Err(too_long());
        }
        rest = next;
    }
    i64::try_from(if negative { -total } else { total }).map_err(|_| too_long())
}

/// The digits behind the point as nanoseconds of a unit, cut off below one.
fn fraction_of(digits: &str, nanoseconds: f64) -> i128 {
    if digits.is_empty() {
        return 0;
    }
    let significant = &digits[..digits.len().min(18)];
    let value: f64 = significant.parse().unwrap_or(0.0);
    (value * (nanoseconds / 10f64.powi(significant.len() as i32))) as i128
}

/// Writes a duration that is not below zero so that it reads back, such as `1h30m` or `1s500ms`.
pub fn write(duration: SignedDuration) -> String {
    let (seconds, nanos) = (duration.as_secs(), duration.subsec_nanos());
    let parts = [
        (seconds / 3600, "h"),
        (seconds / 60 % 60, "m"),
        (seconds % 60, "s"),
        ((nanos / 1_000_000).into(), "ms"),
        ((nanos / 1000 % 1000).into(), "us"),
        ((nanos % 1000).into(), "ns"),
    ];
    let words: Vec<_> = parts.iter().filter(|(n, _)| *n != 0).map(|(n, unit)| format!("{n}{unit}")).collect();
    if words.is_empty() { "0s".to_owned() } else { words.concat() }
}

/// Writes whole seconds for people: `90 s`, `5 min`, `1 h 30 min`, `2 d`.
pub fn display_seconds(seconds: i64) -> String {
    let parts = [(seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")];
    let words: Vec<_> = parts.iter().filter(|(n, _)| *n != 0).map(|(n, unit)| format!("{n} {unit}")).collect();
    if words.is_empty() { "0 s".to_owned() } else { words.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    #[test]
    fn durations_of_v1() {
        let good = [
            ("300s", 300 * SECOND),
            ("5m", 300 * SECOND),
            ("1h30m", 5400 * SECOND),
            ("0.5h", 1800 * SECOND),
            ("0", 0),
            ("-5m", -300 * SECOND),
            ("+1s", SECOND),
            (".5s", SECOND / 2),
            ("1.s", SECOND),
            ("1500ms", SECOND * 3 / 2),
            ("2\u{b5}s", 2000),
            ("1h1m1s1ms1us1ns", 3_661_001_001_001),
            ("1.000000001s", 1_000_000_001),
        ];
        for (text, nanoseconds) in good {
            assert_eq!(parse(text), Ok(nanoseconds), "{text}");
        }
    }

    #[test]
    fn errors_are_those_of_v1() {
        let bad = [
            ("1d", "time: unknown unit \"d\" in duration \"1d\""),
            ("5", "time: missing unit in duration \"5\""),
            ("", "time: invalid duration \"\""),
            ("abc", "time: invalid duration \"abc\""),
            (".s", "time: invalid duration \".s\""),
            ("9999999999h", "time: invalid duration \"9999999999h\""),
        ];
        for (text, message) in bad {
            assert_eq!(parse(text).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn what_is_wrong_is_told_apart() {
        for (text, why) in [
            ("", "is empty"),
            ("forever", "is no number with a unit"),
            ("d", "is no number with a unit"),
            ("30", "has no unit"),
            ("30 d", "has a blank in it: write it without"),
            ("30days", "has an unknown unit 'days'"),
            ("300y", "is too long: the longest is 292 years"),
            ("99999999999999999999s", "is too long: the longest is 292 years"),
        ] {
            assert_eq!(parse_with_years(text).unwrap_err().why(), why, "{text}");
        }
        assert!(parse_with_years("292y").is_ok());
    }

    #[test]
    fn what_is_written_reads_back() {
        for nanos in [0, 1, 1_001, 5400 * SECOND, 90 * SECOND + SECOND / 2, i64::MAX] {
            let text = write(SignedDuration::from_nanos(nanos));
            assert_eq!(parse(&text), Ok(nanos), "{text}");
        }
        assert_eq!(write(SignedDuration::from_mins(90)), "1h30m");
    }

    #[test]
    fn days_and_weeks_where_v1_has_no_say() {
        assert_eq!(parse_with_days("1w2d3h"), Ok((9 * 86_400 + 3 * 3600) * SECOND));
    }
}
