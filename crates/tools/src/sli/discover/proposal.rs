//! What can be measured.

use std::fmt;

/// An indicator that a source can answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Its name, for `sli.yaml` and `slo.yaml`: letters, digits, `_`, `-` and `.`.
    pub indicator: String,
    /// Its name for people, without the unit.
    pub title: String,
    /// The query in the language of the source; for Prometheus with `$SERVICE` and `$DURATION_SECONDS`.
    pub query: String,
    /// What its value tells.
    pub kind: Kind,
    /// The unit of its value.
    pub unit: Unit,
    /// Where the value comes from, in words.
    pub about: String,
}

/// What a value tells, and so which limits fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// How long something takes where it takes long.
    Latency,
    /// How long something usually takes.
    Median,
    /// How much of all there is fails.
    ErrorRate(Scale),
    /// How much of all there is succeeds.
    SuccessRate,
    /// How many things failed.
    Failures,
    /// What is used to do the work: processor time, memory.
    Resource,
    /// Nothing good or bad by itself, such as the load.
    Information,
    /// A number of which only the name is known.
    Unknown,
}

/// What all there is counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// 1
    Share,
    /// 100
    Percent,
    /// One of the two.
    Unknown,
}

/// The unit of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Thousandths of a second.
    Milliseconds,
    /// Millionths of a second.
    Microseconds,
    /// Billionths of a second.
    Nanoseconds,
    /// Bytes.
    Bytes,
    /// Processors kept busy.
    Cores,
    /// Per second.
    PerSecond,
    /// Of hundred.
    Percent,
    /// Of one.
    Share,
    /// A plain number, or not known.
    None,
}

impl Unit {
    /// The unit as it stands behind a name; empty where there is none.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Seconds => "s",
            Self::Milliseconds => "ms",
            Self::Microseconds => "µs",
            Self::Nanoseconds => "ns",
            Self::Bytes => "bytes",
            Self::Cores => "cores",
            Self::PerSecond => "per second",
            Self::Percent => "%",
            Self::Share => "share, 0 to 1",
            Self::None => "",
        }
    }

    /// `value` in this unit, for people: three significant digits, large numbers of bytes in MB.
    pub fn show(self, value: f64) -> String {
        match self {
            Self::Bytes if value.abs() >= 1e6 => format!("{} MB", Digits(value / 1e6)),
            Self::Share | Self::None => Digits(value).to_string(),
            unit => format!("{} {}", Digits(value), unit.symbol()),
        }
    }
}

/// A number with three significant digits, or with all of its integral ones.
struct Digits(f64);

impl fmt::Display for Digits {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.0;
        if value == 0.0 || !value.is_finite() || value.abs() >= 1000.0 {
            return write!(out, "{}", value.round());
        }
        let decimals = (2 - value.abs().log10().floor() as i32).clamp(0, 12) as usize;
        let text = format!("{value:.decimals$}");
        let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        out.write_str(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_for_people() {
        for (unit, value, shown) in [
            (Unit::Seconds, 0.093_649, "0.0936 s"),
            (Unit::Milliseconds, 95.6362, "95.6 ms"),
            (Unit::Milliseconds, 100.0, "100 ms"),
            (Unit::Milliseconds, 12_345.6, "12346 ms"),
            (Unit::Percent, 0.0, "0 %"),
            (Unit::Share, 0.25, "0.25"),
            (Unit::Bytes, 58_343_424.0, "58.3 MB"),
            (Unit::Bytes, 512.0, "512 bytes"),
            (Unit::None, -0.000_012_34, "-0.0000123"),
            (Unit::PerSecond, 999.96, "1000 per second"),
        ] {
            assert_eq!(unit.show(value), shown);
        }
    }
}
