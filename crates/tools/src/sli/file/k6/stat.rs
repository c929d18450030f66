//! Statistics of a metric.

use std::fmt;

use capstan_model::event::sli::MissingReason;

use crate::sli::Failure;
use crate::sli::file::query::Term;
use crate::sli::file::stats::rank;
use crate::sli::file::wording::quoted;

/// What a query asks of a metric.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Stat {
    /// `p(95)` or `p95`, of a rank from 0 to 100
    Percentile(f64),
    /// `threshold("p(95)<500")`: 1 if the threshold held, 0 if not
    Threshold(String),
    /// `thresholds_passed` or `thresholds_failed`: how many did
    Thresholds(Verdict),
    /// The name of a statistic: `avg`
    Named(String),
}

/// Which thresholds are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Passed,
    Failed,
}

impl Verdict {
    /// The verdict whose thresholds `word` counts.
    pub(super) fn counted_by(word: &str) -> Option<Self> {
        match word {
            "thresholds_passed" => Some(Self::Passed),
            "thresholds_failed" => Some(Self::Failed),
            _ => None,
        }
    }
}

impl Stat {
    /// Reads what stands behind the dot of a query.
    pub(super) fn new(term: &Term) -> Result<Self, Failure> {
        let Term { word, argument } = term;
        let refused = |message: String| Err(Failure::new(MissingReason::QueryError, message));
        match (word.as_str(), argument.as_deref()) {
            ("p", Some(argument)) => match rank(argument) {
                Some(rank) => Ok(Self::Percentile(rank)),
                None => refused(format!("p({argument}) is no percentile: write p(0) to p(100), for instance p(99.9)")),
            },
            ("threshold", Some(threshold)) if !threshold.is_empty() => Ok(Self::Threshold(threshold.to_owned())),
            ("threshold", _) => refused("write threshold(\"…\") with the threshold as the script has it".to_owned()),
            (word, Some(_)) => refused(format!("{} takes nothing in parentheses", quoted(word))),
            (word, None) => Ok(Self::named(word)),
        }
    }

    /// The statistic called `name`: in a query, or in a summary.
    pub(super) fn named(name: &str) -> Self {
        if let Some(verdict) = Verdict::counted_by(name) {
            return Self::Thresholds(verdict);
        }
        let in_parentheses = name.strip_prefix("p(").and_then(|rest| rest.strip_suffix(')'));
        match in_parentheses.or_else(|| name.strip_prefix('p')).and_then(rank) {
            Some(rank) => Self::Percentile(rank),
            None => Self::Named(name.to_owned()),
        }
    }
}

impl fmt::Display for Stat {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percentile(rank) => write!(out, "p({rank})"),
            Self::Threshold(threshold) => write!(out, "threshold(\"{threshold}\")"),
            Self::Thresholds(Verdict::Passed) => out.write_str("thresholds_passed"),
            Self::Thresholds(Verdict::Failed) => out.write_str("thresholds_failed"),
            Self::Named(name) => out.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stat(word: &str, argument: Option<&str>) -> Result<Stat, String> {
        let term = Term { word: word.to_owned(), argument: argument.map(str::to_owned) };
        Stat::new(&term).map_err(|failure| failure.message)
    }

    #[test]
    fn percentiles_are_one_however_they_are_written() {
        for (word, argument) in [("p", Some("95")), ("p", Some("95.0")), ("p95", None), ("p(95)", None)] {
            assert_eq!(stat(word, argument), Ok(Stat::Percentile(95.0)), "{word}");
        }
        assert_eq!(stat("passes", None), Ok(Stat::Named("passes".to_owned())));
        assert!(stat("p", Some("101")).unwrap_err().starts_with("p(101) is no percentile"));
        assert_eq!(stat("avg", Some("1")).unwrap_err(), "'avg' takes nothing in parentheses");
    }

    #[test]
    fn thresholds_are_counted_or_named() {
        assert_eq!(stat("thresholds_failed", None), Ok(Stat::Thresholds(Verdict::Failed)));
        assert_eq!(stat("threshold", Some("avg<1")), Ok(Stat::Threshold("avg<1".to_owned())));
        assert!(stat("threshold", None).is_err());
    }
}
