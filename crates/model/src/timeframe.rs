//! The window of time that an evaluation looks at: Keptn v1's rules for `start`, `end` and `timeframe`.

use jiff::{SignedDuration, Timestamp, civil, tz::Offset};

use crate::duration::{self, DurationError};

/// A window of time; `end` is at least one minute after `start`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// First moment.
    pub start: Timestamp,
    /// Last moment; queries are made for it.
    pub end: Timestamp,
}

/// Window length where neither a time nor a timeframe is given, as in v1.
pub const DEFAULT_TIMEFRAME: &str = "5m";

/// Why no window comes of the given times. The texts are those that clients of v1 see, where v1 has one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeframeError {
    /// `start` alone.
    #[error("no timeframe or end date provided")]
    StartAlone,
    /// `end` with `timeframe`.
    #[error("'end' and 'timeframe' are mutually exclusive")]
    EndAndTimeframe,
    /// `end` without `start`.
    #[error("start date is required when using an end date")]
    EndAlone,
    /// The timeframe is no duration.
    #[error("could not parse provided timeframe: {0}")]
    Timeframe(#[from] DurationError),
    /// A time is not in one of the accepted forms.
    #[error(
        "'{0}' is not a time; write it as 2024-01-02T15:04:05Z, with an offset as 2024-01-02T15:04:05+01:00, or without one for UTC"
    )]
    Timestamp(String),
    /// Shorter than a minute, or running backwards.
    #[error("end date must be at least 1 minute after start date")]
    TooShort,
    /// Outside the years that a time stamp can hold.
    #[error("the timeframe reaches outside the calendar")]
    OutOfRange,
}

/// The window that v1 would choose; empty texts count as not given (contract: gate.md 2.1).
///
/// Nothing given: the last five minutes. A timeframe alone: that long until now. `start` and `timeframe`: from `start` on.
/// Unlike v1 an offset is converted to UTC rather than dropped.
pub fn resolve(start: &str, end: &str, timeframe: &str, now: Timestamp) -> Result<Window, TimeframeError> {
    match (start.is_empty(), end.is_empty(), timeframe.is_empty()) {
        (false, true, true) => return Err(TimeframeError::StartAlone),
        (_, false, false) => return Err(TimeframeError::EndAndTimeframe),
        (true, false, _) => return Err(TimeframeError::EndAlone),
        _ => {}
    }
    let length = duration::parse(if timeframe.is_empty() { DEFAULT_TIMEFRAME } else { timeframe })?;
    let length = SignedDuration::from_nanos(length);
    let window = match (start.is_empty(), end.is_empty()) {
        (false, false) => Window { start: parse_timestamp(start)?, end: parse_timestamp(end)? },
        (false, true) => {
            let start = parse_timestamp(start)?;
            Window { start, end: start.checked_add(length).map_err(|_| TimeframeError::OutOfRange)? }
        }
        _ => Window { start: now.checked_sub(length).map_err(|_| TimeframeError::OutOfRange)?, end: now },
    };
    if window.end.duration_since(window.start) < SignedDuration::from_mins(1) {
        return Err(TimeframeError::TooShort);
    }
    Ok(window)
}

/// Reads a time stamp in the forms that v1 accepts: RFC 3339 with any fraction, or the same without an offset, as UTC.
pub fn parse_timestamp(text: &str) -> Result<Timestamp, TimeframeError> {
    try_timestamp(text).ok_or_else(|| TimeframeError::Timestamp(text.to_owned()))
}

fn try_timestamp(text: &str) -> Option<Timestamp> {
    // v1's parser also takes an hour of one digit.
    let padded = match text.as_bytes().get(10..13) {
        Some([b'T', hour, b':']) if hour.is_ascii_digit() => format!("{}0{}", &text[..11], &text[11..]),
        _ => text.to_owned(),
    };
    let text = padded.as_str();
    let bytes = text.as_bytes();
    if !text.is_ascii() || bytes.len() < 19 {
        return None;
    }
    let punctuation = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if punctuation.iter().any(|(at, c)| bytes[*at] != *c) {
        return None;
    }
    let number = |from: usize, to: usize| digits(&text[from..to]).and_then(|n| i16::try_from(n).ok());
    let small = |from: usize, to: usize| number(from, to).and_then(|n| i8::try_from(n).ok());
    let mut rest = &text[19..];
    let mut nanosecond = 0;
    if let Some(fraction) = rest.strip_prefix(['.', ',']) {
        let end = fraction.find(|c: char| !c.is_ascii_digit()).unwrap_or(fraction.len());
        let kept = &fraction[..end.min(9)];
        nanosecond = digits(kept)? * 10i64.pow(9 - kept.len() as u32);
        rest = &fraction[end..];
    }
    let seconds_east = match rest.as_bytes() {
        [] | [b'Z'] => 0,
        [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
            let (hours, minutes) = (digits(&rest[1..3])?, digits(&rest[4..6])?);
            if hours > 24 || minutes > 59 {
                return None;
            }
            (hours * 3600 + minutes * 60) * if *sign == b'-' { -1 } else { 1 }
        }
        _ => return None,
    };
    let local = civil::DateTime::new(
        number(0, 4)?,
        small(5, 7)?,
        small(8, 10)?,
        small(11, 13)?,
        small(14, 16)?,
        small(17, 19)?,
        i32::try_from(nanosecond).ok()?,
    )
    .ok()?;
    let offset = Offset::from_seconds(i32::try_from(seconds_east).ok()?).ok()?;
    offset.to_timestamp(local).ok()
}

fn digits(text: &str) -> Option<i64> {
    (!text.is_empty() && text.bytes().all(|c| c.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

/// Writes a time stamp as v1 does: UTC, milliseconds cut off, `2024-01-02T15:04:05.000Z`.
pub fn display(at: Timestamp) -> String {
    let utc = Offset::UTC.to_datetime(at);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        utc.year(),
        utc.month(),
        utc.day(),
        utc.hour(),
        utc.minute(),
        utc.second(),
        utc.subsec_nanosecond() / 1_000_000
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_without_an_offset_are_utc_and_offsets_are_converted() {
        let utc = parse_timestamp("2024-01-02T15:00:00").unwrap();
        assert_eq!(parse_timestamp("2024-01-03T01:00:00+10:00").unwrap(), utc);
        assert_eq!(parse_timestamp("2024-01-02T15:00:00.000Z").unwrap(), utc);
        assert_eq!(
            parse_timestamp("2024-01-02T5:00:00,5Z").unwrap(),
            parse_timestamp("2024-01-02T05:00:00.500Z").unwrap()
        );
        assert_eq!(display(parse_timestamp("2024-01-02T15:00:00.987654321Z").unwrap()), "2024-01-02T15:00:00.987Z");
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "2024-01-02",
            "2024-01-02 15:00:00",
            "1704207600",
            "2024-13-02T15:00:00Z",
            "2024-01-02T15:00:00+1000",
            "2024-01-02T15:00:00.Z",
            "2024-02-30T00:00:00Z",
            "é024-01-02T15:00:00",
        ] {
            assert!(parse_timestamp(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_time_stamp_reads_back(milliseconds in -60_000_000_000_000i64..250_000_000_000_000) {
            let at = Timestamp::from_millisecond(milliseconds).unwrap();
            prop_assert_eq!(parse_timestamp(&display(at)), Ok(at));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,30}") {
            let _ = parse_timestamp(&text);
        }
    }
}
