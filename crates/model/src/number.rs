//! Numbers in the notation of Keptn v1: how a double is written into JSON and into messages, and how text becomes one.
//!
//! v1 is written in Go; its files and messages therefore follow the syntax of Go's number literals.

use serde::Serializer;

/// Largest magnitude below which every integral double is written as a JSON integer.
const EXACT_INTEGER: f64 = 9_007_199_254_740_992.0;

/// Writes a double into JSON as v1 does: `100`, not `100.0`.
pub fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if is_plain_integer(*value) { serializer.serialize_i64(*value as i64) } else { serializer.serialize_f64(*value) }
}

/// A double as the JSON value that v1 would write.
pub fn to_json(value: f64) -> serde_json::Value {
    if is_plain_integer(value) { (value as i64).into() } else { value.into() }
}

/// Like [`serialize`], for a value that may be absent.
pub fn serialize_option<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serialize(value, serializer),
        None => serializer.serialize_none(),
    }
}

fn is_plain_integer(value: f64) -> bool {
    let negative_zero = value == 0.0 && value.is_sign_negative();
    value.fract() == 0.0 && value.abs() < EXACT_INTEGER && !negative_zero
}

/// Writes a double as v1 writes it into messages (Go's `%v`): the shortest digits that read back as the same double,
/// with an exponent below 1e-4 and from 1e6 on (`1e+06`).
pub fn display_v1(value: f64) -> String {
    display_with_exponent(value, 6)
}

/// Writes a double for people: like [`display_v1`], but with an exponent only from 1e21 on.
pub fn display(value: f64) -> String {
    display_with_exponent(value, 21)
}

/// Writes a double for people: six significant digits at most, no trailing zeros.
pub fn human(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return display(value.abs());
    }
    if value.is_subnormal() {
        // Has fewer than six digits, so they need not read back as themselves.
        return display(format!("{value:.5e}").parse().unwrap_or(value));
    }
    if let Some(text) = short_integer(value) {
        return text;
    }
    let scientific = format!("{value:.5e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    lay_out(mantissa.trim_end_matches('0').trim_end_matches('.'), exponent, 21)
}

fn display_with_exponent(value: f64, from: i32) -> String {
    if !value.is_finite() {
        return if value.is_nan() {
            "NaN".into()
        } else if value > 0.0 {
            "+Inf".into()
        } else {
            "-Inf".into()
        };
    }
    if let Some(text) = short_integer(value) {
        return text;
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    lay_out(mantissa, exponent, from)
}

/// A whole number of at most six digits, which every notation writes alike; most numbers are such.
fn short_integer(value: f64) -> Option<String> {
    (is_plain_integer(value) && value.abs() < 1e6).then(|| (value as i64).to_string())
}

/// Writes `mantissa` (`-d.ddd`, without trailing zeros) times ten to the `exponent`: with an exponent below 1e-4 and
/// from ten to the power of `from` on, without one in between.
fn lay_out(mantissa: &str, exponent: &str, from: i32) -> String {
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..from).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    let (sign, magnitude) = mantissa.strip_prefix('-').map_or(("", mantissa), |magnitude| ("-", magnitude));
    let digits = magnitude.replace('.', "");
    let whole = usize::try_from(exponent + 1).unwrap_or(0);
    if whole == 0 {
        let zeros = exponent.unsigned_abs() as usize - 1;
        return format!("{sign}0.{:0<zeros$}{digits}", "");
    }
    match digits.split_at_checked(whole) {
        Some((digits, "")) => format!("{sign}{digits}"),
        Some((whole, decimals)) => format!("{sign}{whole}.{decimals}"),
        None => format!("{sign}{digits:0<whole$}"),
    }
}

/// Why a text is not a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FloatError {
    /// Not the syntax of a number.
    #[error("not a number")]
    Syntax,
    /// Larger than a double can hold.
    #[error("too large for a number")]
    Range,
}

/// Reads a double by the syntax of Go's floating-point literals: decimal (`1`, `.5`, `5.`, `1e3`), hexadecimal with
/// a binary exponent (`0x1p4`), `_` between digits, and `Inf`, `Infinity`, `NaN` in any case.
pub fn parse(text: &str) -> Result<f64, FloatError> {
    let (sign, unsigned) = match text.as_bytes().first() {
        Some(b'-') => (-1.0, &text[1..]),
        Some(b'+') => (1.0, &text[1..]),
        _ => (1.0, text),
    };
    if unsigned.eq_ignore_ascii_case("inf") || unsigned.eq_ignore_ascii_case("infinity") {
        return Ok(sign * f64::INFINITY);
    }
    if text.eq_ignore_ascii_case("nan") {
        return Ok(f64::NAN);
    }
    let hexadecimal = unsigned.get(..2).is_some_and(|prefix| prefix.eq_ignore_ascii_case("0x"));
    let digits = if unsigned.contains('_') { without_underscores(unsigned, hexadecimal)? } else { unsigned.to_owned() };
    let magnitude = if hexadecimal {
        hexadecimal_float(&digits[2..])?
    } else {
        if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
            return Err(FloatError::Syntax);
        }
        digits.parse::<f64>().map_err(|_| FloatError::Syntax)?
    };
    if magnitude.is_infinite() { Err(FloatError::Range) } else { Ok(sign * magnitude) }
}

/// Drops underscores after checking that each stands between digits (or behind the prefix `0x`).
fn without_underscores(text: &str, hexadecimal: bool) -> Result<String, FloatError> {
    let digit = |c: u8| c.is_ascii_digit() || (hexadecimal && c.is_ascii_hexdigit());
    let bytes = text.as_bytes();
    for (at, _) in bytes.iter().enumerate().filter(|(_, c)| **c == b'_') {
        let before = at.checked_sub(1).map(|i| bytes[i]);
        let follows = before.is_some_and(digit) || (hexadecimal && at == 2);
        if !follows || !bytes.get(at + 1).copied().is_some_and(digit) {
            return Err(FloatError::Syntax);
        }
    }
    Ok(text.replace('_', ""))
}

/// `h.hhhp±d`: hexadecimal digits and a binary exponent, rounded to the nearest double, ties to even.
fn hexadecimal_float(text: &str) -> Result<f64, FloatError> {
    let (mantissa, exponent) = text.split_once(['p', 'P']).ok_or(FloatError::Syntax)?;
    let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    if unsigned.is_empty() || !unsigned.bytes().all(|c| c.is_ascii_digit()) {
        return Err(FloatError::Syntax);
    }
    // Beyond any double either way; the clamp only keeps the sums below from overflowing.
    let mut exponent: i64 =
        exponent.parse::<i64>().unwrap_or(if exponent.starts_with('-') { -100_000 } else { 100_000 });
    exponent = exponent.clamp(-100_000, 100_000);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return Err(FloatError::Syntax);
    }
    let mut bits: u64 = 0;
    let mut sticky = false;
    for (at, c) in whole.chars().chain(fraction.chars()).enumerate() {
        let digit = c.to_digit(16).ok_or(FloatError::Syntax)?;
        let in_fraction = at >= whole.len();
        if bits >> 60 == 0 {
            bits = bits << 4 | u64::from(digit);
            exponent -= if in_fraction { 4 } else { 0 };
        } else {
            sticky |= digit != 0;
            exponent += if in_fraction { 0 } else { 4 };
        }
    }
    Ok(round_to_double(bits, sticky, exponent))
}

/// `bits · 2^exponent`, with `sticky` telling that a remainder was cut off.
fn round_to_double(mut bits: u64, mut sticky: bool, mut exponent: i64) -> f64 {
    if bits == 0 {
        return 0.0;
    }
    let shift = bits.leading_zeros();
    bits <<= shift;
    exponent -= i64::from(shift);
    // The leading bit stands for 2^(exponent + 63); a double keeps 53 bits, fewer below its smallest normal exponent.
    let keep = (53 - (-1022 - (exponent + 63)).max(0)).max(0);
    let dropped = 64 - keep;
    let (mut kept, rest) = if dropped >= 64 { (0, bits) } else { (bits >> dropped, bits & ((1 << dropped) - 1)) };
    let half = 1u64 << (dropped.min(64) - 1);
    sticky |= dropped > 64;
    if rest > half || (rest == half && (sticky || kept & 1 == 1)) {
        kept += 1;
    }
    exponent += dropped;
    // `kept` has at most 54 significant bits and is exact; halving or doubling it is exact as well.
    let mut value = kept as f64;
    while exponent > 0 && value.is_finite() {
        let step = exponent.min(1000);
        value *= 2f64.powi(step as i32);
        exponent -= step;
    }
    while exponent < 0 && value != 0.0 {
        let step = (-exponent).min(1000);
        value /= 2f64.powi(step as i32);
        exponent += step;
    }
    value
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn floats_read_by_the_syntax_of_go() {
        let good = [
            ("1", 1.0),
            ("+5", 5.0),
            ("-5", -5.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("1e3", 1000.0),
            ("1E-2", 0.01),
            ("1_000", 1000.0),
            ("1_0.5_0", 10.5),
            ("0x1p4", 16.0),
            ("0X1P-1", 0.5),
            ("0x.8p0", 0.5),
            ("0x_1p4", 16.0),
            ("0x1.fffffffffffffp1023", f64::MAX),
            ("0x1p-1074", 5e-324),
            ("0x1p-1075", 0.0),
            ("0x1.8p-1074", 1e-323),
            ("0x1.00000000000008p0", 1.0),
            ("0x1.000000000000081p0", 1.0 + f64::EPSILON),
            ("0x0p99999999999", 0.0),
        ];
        for (text, value) in good {
            assert_eq!(parse(text).map(f64::to_bits), Ok(f64::to_bits(value)), "{text}");
        }
        for text in [
            "",
            "+",
            ".",
            "1e",
            "0x10",
            "0x1p",
            "0xp1",
            "_1",
            "1_",
            "1__0",
            "1_e3",
            "1 ",
            "5ms",
            "--5",
            "+-5",
            "e5",
            "\u{661}",
            "\u{ff19}\u{ff10}",
            "+nan",
            "0x",
        ] {
            assert_eq!(parse(text), Err(FloatError::Syntax), "{text}");
        }
        for text in ["1e400", "-1e400", "0x1p1024"] {
            assert_eq!(parse(text), Err(FloatError::Range), "{text}");
        }
        assert_eq!(parse("-Inf"), Ok(f64::NEG_INFINITY));
        assert_eq!(parse("infinity"), Ok(f64::INFINITY));
        assert!(parse("nAn").is_ok_and(f64::is_nan));
    }

    #[test]
    fn doubles_print_as_v1_prints_them() {
        let cases = [
            (100.0, "100"),
            (66.666_666_666_666_66, "66.66666666666666"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (999_999.0, "999999"),
            (1e6, "1e+06"),
            (1_234_567.0, "1.234567e+06"),
            (1.5e-300, "1.5e-300"),
            (0.0, "0"),
            (-0.0, "-0"),
            (-2.5, "-2.5"),
        ];
        for (value, text) in cases {
            assert_eq!(display_v1(value), text);
        }
        assert_eq!(human(66.666_666), "66.6667");
        assert_eq!(human(-0.0), "0");
        assert_eq!(display(1e20), "100000000000000000000");
        assert_eq!(display(1e21), "1e+21");
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(bits: u64) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            prop_assert_eq!(parse(&display_v1(value)).map(f64::to_bits), Ok(bits));
        }

        #[test]
        fn people_read_six_digits(bits: u64, small in -1e7..1e7f64) {
            for value in [f64::from_bits(bits), small] {
                prop_assume!(value.is_finite());
                let rounded: f64 = format!("{value:.5e}").parse().unwrap();
                prop_assert_eq!(parse(&human(value)), Ok(rounded), "{}", value);
                prop_assert_eq!(human(value), display(rounded));
                if (1e-4..1e21).contains(&value.abs()) {
                    prop_assert_eq!(display(value), format!("{value}"));
                }
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[-+_.0-9a-fA-FxXpPeEinfNa ]{0,12}|\\PC{0,6}") {
            let _ = parse(&text);
        }
    }
}
