//! What is measured, row by row, and what is aimed at.

use std::fmt;
use std::time::Duration;

/// One row of the bench.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    /// Who answers the queries.
    pub(super) source: SourceKind,
    /// How many indicators a gate has, each with a query of its own and three criteria.
    pub(super) slis: usize,
    /// How many gates run at the same time, each with a connection pool of its own.
    pub(super) at_once: usize,
    /// What the gate is compared with.
    pub(super) bare: BareKind,
}

/// Who answers the queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SourceKind {
    /// The stub, after this many milliseconds.
    Stub(u64),
    /// A Prometheus that is asked for `up`: the cheapest query there is.
    Up,
    /// A Prometheus that is asked for a quantile of a histogram.
    Histogram,
}

/// How the bare queries are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BareKind {
    /// On connections that were there before.
    Warm,
    /// On new connections of a new client in a new runtime, as the gate's are. What a gate takes beyond this is
    /// Capstan's own work.
    Cold,
}

/// What is aimed at, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Goal {
    /// For what a gate takes beyond its queries: above `bar` is a defect, `aim` is what we steer to.
    Overhead {
        /// The bar.
        bar: f64,
        /// The aim.
        aim: f64,
    },
    /// For the gate as a whole.
    Whole(f64),
}

/// How many indicators there are.
const SLIS: [usize; 3] = [10, 100, 1000];
/// How many gates there are at once.
const AT_ONCE: [usize; 2] = [1, 16];
/// Who answers.
const SOURCES: [SourceKind; 5] =
    [SourceKind::Stub(0), SourceKind::Stub(20), SourceKind::Stub(100), SourceKind::Up, SourceKind::Histogram];

impl Cell {
    /// All rows, in the order in which they are measured.
    pub(super) fn all() -> Vec<Self> {
        let mut cells = Vec::new();
        for source in SOURCES {
            for at_once in AT_ONCE {
                cells.extend(SLIS.map(|slis| Self { source, slis, at_once, bare: BareKind::Warm }));
                if source == SourceKind::Stub(0) && at_once == 1 {
                    cells.extend(SLIS.map(|slis| Self { source, slis, at_once, bare: BareKind::Cold }));
                }
            }
        }
        cells
    }

    /// What is aimed at here.
    pub(super) fn goal(&self) -> Option<Goal> {
        let Self { source, slis, at_once: 1, bare: BareKind::Warm } = *self else { return None };
        match (source, slis) {
            (SourceKind::Stub(0), 10) => Some(Goal::Overhead { bar: 5.0, aim: 0.5 }),
            (SourceKind::Stub(0), 100) => Some(Goal::Overhead { bar: 10.0, aim: 1.5 }),
            (SourceKind::Stub(0), 1000) => Some(Goal::Overhead { bar: 50.0, aim: 8.0 }),
            (SourceKind::Stub(100), 100) => Some(Goal::Whole(900.0)),
            _ => None,
        }
    }
}

/// `SOURCE/SLIS/AT-ONCE`, with `/cold` behind it where the bare queries have to connect.
impl fmt::Display for Cell {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cold = if self.bare == BareKind::Cold { "/cold" } else { "" };
        write!(out, "{}/{}/{}{cold}", self.source, self.slis, self.at_once)
    }
}

impl fmt::Display for SourceKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stub(millis) => write!(out, "stub-{millis}ms"),
            Self::Up => out.write_str("prometheus-up"),
            Self::Histogram => out.write_str("prometheus-histogram"),
        }
    }
}

impl SourceKind {
    /// How long the stub takes; none for a Prometheus.
    pub(super) fn stub_latency(self) -> Option<Duration> {
        match self {
            Self::Stub(millis) => Some(Duration::from_millis(millis)),
            Self::Up | Self::Histogram => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_name_of_its_own_and_four_have_a_goal() {
        let cells = Cell::all();
        let names: std::collections::BTreeSet<_> = cells.iter().map(ToString::to_string).collect();
        assert_eq!((cells.len(), names.len()), (33, 33));
        assert!(names.contains("stub-0ms/100/1") && names.contains("prometheus-histogram/1000/16"), "{names:?}");
        let goals: Vec<_> = cells.iter().filter(|cell| cell.goal().is_some()).map(ToString::to_string).collect();
        assert_eq!(goals, ["stub-0ms/10/1", "stub-0ms/100/1", "stub-0ms/1000/1", "stub-100ms/100/1"]);
    }
}
