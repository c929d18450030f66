//! How long runs are kept once they have ended.

use std::fmt;

use capstan_model::duration;
use jiff::{SignedDuration, Timestamp};

/// How long something is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Keep {
    /// For so long after the run has ended.
    For(SignedDuration),
    /// For ever.
    Always,
}

/// What no run is kept shorter than: whoever waits for its end is to see it.
const SHORTEST: SignedDuration = SignedDuration::from_secs(1);

impl Keep {
    /// Reads `all`, or a duration such as `30d` or `1y`. What is wrong continues 'X is ...'.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text == "all" {
            return Ok(Self::Always);
        }
        let no = |why: &str| Err(format!("no time to keep something: '{text}' {why}"));
        match duration::parse_with_years(text).map(SignedDuration::from_nanos) {
            Ok(long) if long < SHORTEST => no("is less than a second"),
            Ok(long) => Ok(Self::For(long)),
            Err(error) => no(&error.why()),
        }
    }

    /// How to write one.
    pub const HELP: &str = "write 'all', or a number with a unit: 12h, 30d, 8w, 1y";
}

impl fmt::Display for Keep {
    /// So that it reads back: whole days as days.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::For(long) if *long == SignedDuration::from_hours(long.as_hours() / 24 * 24) => {
                write!(formatter, "{}d", long.as_hours() / 24)
            }
            Self::For(long) => formatter.write_str(&duration::write(*long)),
            Self::Always => formatter.write_str("all"),
        }
    }
}

/// How long the runs of a project are kept, counted from their end; one that is open is never removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retention {
    /// Runs with all that belongs to them; none: as the server says, and for ever where it does not.
    pub runs: Option<Keep>,
    /// What is said of evaluations, [`Self::is_evaluation`]; none: as the server says, and for ever where it does not.
    pub evaluations: Option<Keep>,
}

impl Retention {
    /// Whether events of this type stay for as long as evaluations do: the verdicts with which later ones are compared, and
    /// what says of one that it does not count.
    pub fn is_evaluation(kind: &str) -> bool {
        Self::EVALUATIONS.contains(&kind)
    }

    /// Types of events that stay for as long as evaluations do.
    pub const EVALUATIONS: [&str; 2] = ["sh.keptn.event.evaluation.finished", "sh.keptn.event.evaluation.invalidated"];

    /// With what the server says where nothing is said here.
    #[must_use]
    pub fn or(self, server: Self) -> Self {
        Self { runs: self.runs.or(server.runs), evaluations: self.evaluations.or(server.evaluations) }
    }

    /// How long runs are kept.
    pub fn of_runs(self) -> Keep {
        self.runs.unwrap_or(Keep::Always)
    }

    /// How long evaluations are kept: never shorter than the runs that they are of.
    pub fn of_evaluations(self) -> Keep {
        self.evaluations.unwrap_or(Keep::Always).max(self.of_runs())
    }

    /// What is said here of evaluations, and how long their runs are kept, where that is longer: it cannot be followed.
    pub fn too_short(self, server: Self) -> Option<(Keep, Keep)> {
        let runs = self.or(server).of_runs();
        self.evaluations.filter(|evaluations| *evaluations < runs).map(|evaluations| (evaluations, runs))
    }

    /// Runs that have ended until then go; none: all stay.
    pub fn runs_until(self, now: Timestamp) -> Option<Timestamp> {
        until(self.of_runs(), now)
    }

    /// The evaluations of runs that have ended until then go; none: all stay.
    pub fn evaluations_until(self, now: Timestamp) -> Option<Timestamp> {
        until(self.of_evaluations(), now)
    }

    /// The shortest time for which anything is kept.
    pub fn shortest(self) -> Option<SignedDuration> {
        match self.runs {
            Some(Keep::For(runs)) => Some(runs),
            _ => None,
        }
    }
}

fn until(keep: Keep, now: Timestamp) -> Option<Timestamp> {
    match keep {
        Keep::For(long) => Some(now.saturating_sub(long).unwrap_or(Timestamp::MIN)),
        Keep::Always => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_back() {
        for (text, written) in
            [("all", "all"), ("30d", "30d"), ("1y", "365d"), ("2w", "14d"), ("36h", "36h"), ("90s", "1m30s")]
        {
            let keep = Keep::parse(text).unwrap();
            assert_eq!(keep.to_string(), written);
            assert_eq!(Keep::parse(written), Ok(keep));
        }
        for (text, why) in [
            ("30", "has no unit"),
            ("30 days", "has a blank in it: write it without"),
            ("none", "is no number with a unit"),
            ("", "is empty"),
            ("0s", "is less than a second"),
            ("-1d", "is less than a second"),
            ("300y", "is too long: the longest is 292 years"),
        ] {
            assert_eq!(Keep::parse(text), Err(format!("no time to keep something: '{text}' {why}")));
        }
    }

    #[test]
    fn evaluations_are_kept_as_long_as_runs_at_least() {
        let days = |days: i64| Some(Keep::For(SignedDuration::from_hours(24 * days)));
        let kept = |runs, evaluations| Retention { runs, evaluations }.of_evaluations();
        assert_eq!(Some(kept(days(30), days(365))), days(365));
        assert_eq!(Some(kept(days(30), days(7))), days(30));
        for (runs, evaluations) in [(None, days(7)), (days(30), None), (Some(Keep::Always), days(7))] {
            assert_eq!(kept(runs, evaluations), Keep::Always);
        }
        let said = |runs, evaluations| Retention { runs, evaluations };
        let server = said(days(30), days(7));
        assert_eq!(said(None, days(7)).too_short(server), days(7).zip(days(30)));
        assert_eq!(said(Some(Keep::Always), days(7)).too_short(server), days(7).zip(Some(Keep::Always)));
        for fine in
            [said(None, days(30)), said(days(7), days(7)), said(days(365), None), said(None, Some(Keep::Always))]
        {
            assert_eq!(fine.too_short(server), None);
        }
    }
}
