//! How long runs are kept once they have ended.

use jiff::{SignedDuration, Timestamp};

/// How long something is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// For so long after the run has ended.
    For(SignedDuration),
    /// For ever.
    Always,
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

    /// How long evaluations are kept: never shorter than the runs that they are of.
    pub fn of_evaluations(self) -> Keep {
        match (self.runs, self.evaluations) {
            (Some(Keep::For(runs)), Some(Keep::For(evaluations))) => Keep::For(runs.max(evaluations)),
            _ => Keep::Always,
        }
    }

    /// Runs that have ended until then go; none: all stay.
    pub fn runs_until(self, now: Timestamp) -> Option<Timestamp> {
        until(self.runs.unwrap_or(Keep::Always), now)
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
