//! What a server should reach, as ratios to what was measured beside it.

use serde::Serialize;

use super::contest::Measured;
use super::plan::{Row, Tempo};
use super::sample::{P50, P99, RATE};
use super::stored::{BINARY, HOP_P99, LIST_P99, READY, RSS, State};
use crate::bench::spread::Spread;

/// Requests of a run with twelve tasks where nothing is batched: its trigger, and a pull, a start and an end of each task.
const REQUESTS_PER_RUN: f64 = 37.0;

/// Events of such a run that come over HTTP, and are synced each.
const EVENTS_PER_RUN: f64 = 25.0;

/// A figure held against its bar, below which it is a defect, and its goal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Judged {
    pub(super) row: String,
    pub(super) server: Option<char>,
    pub(super) figure: &'static str,
    /// The median that counts.
    pub(super) measured: f64,
    /// What it is a ratio to, and how it is told.
    pub(super) reference: Option<f64>,
    pub(super) reference_name: &'static str,
    /// `measured / reference`.
    pub(super) ratio: Option<f64>,
    /// Whether more is better.
    pub(super) at_least: bool,
    pub(super) bar: Option<f64>,
    pub(super) bar_met: Option<bool>,
    pub(super) goal: Option<f64>,
    pub(super) goal_met: Option<bool>,
}

/// What a figure is held against.
struct Wanted {
    figure: &'static str,
    at_least: bool,
    reference: Option<(&'static str, f64)>,
    bar: Option<f64>,
    goal: Option<f64>,
}

/// The middle of the repetitions' values of a figure, at the first server where there are several.
pub(super) fn median(rows: &[Measured], row: Row, figure: &str) -> Option<f64> {
    let measured = rows.iter().find(|measured| measured.row == row)?;
    spread(measured, figure).map(|spread| spread.median)
}

/// Least, middle and greatest of the repetitions' values of a figure.
pub(super) fn spread(measured: &Measured, figure: &str) -> Option<Spread> {
    Spread::of(measured.samples.iter().filter_map(|sample| sample.get(figure)))
}

/// Holds every row against its goals, as far as what they are ratios to was measured.
pub(super) fn judge(rows: &[Measured]) -> Vec<Judged> {
    let judged = rows.iter().flat_map(|measured| {
        let of = |wanted: Wanted| Judged::new(measured, &wanted);
        wanted(measured, rows).into_iter().filter_map(of).collect::<Vec<_>>()
    });
    judged.collect()
}

fn wanted(measured: &Measured, rows: &[Measured]) -> Vec<Wanted> {
    let of = |row, figure| median(rows, row, figure);
    match measured.row {
        Row::Ingest(1) => of(Row::Group(1), P50)
            .map(|e4| Wanted {
                figure: P50,
                at_least: false,
                reference: Some(("G/1", e4)),
                bar: Some(2.0 * e4),
                goal: Some(1.2 * e4),
            })
            .into_iter()
            .collect(),
        Row::Ingest(32) => of(Row::Group(32), RATE)
            .map(|e5| Wanted {
                figure: RATE,
                at_least: true,
                reference: Some(("G/32", e5)),
                bar: Some(of(Row::Rows(32), RATE).map_or(0.5 * e5, |rows| (0.5 * e5).min(0.8 * rows))),
                goal: Some(0.85 * e5),
            })
            .into_iter()
            .collect(),
        Row::Ingest(clients) => {
            let rate = of(Row::Group(clients), RATE).map(|all| Wanted {
                figure: RATE,
                at_least: true,
                reference: Some(("G/256", all)),
                bar: Some(0.4 * all),
                goal: Some(0.7 * all),
            });
            let tail = of(Row::Group(clients), P99).map(|p99| Wanted {
                figure: P99,
                at_least: false,
                reference: Some(("G/256", p99)),
                bar: None,
                goal: Some(1.5 * p99),
            });
            rate.into_iter().chain(tail).collect()
        }
        Row::Sequences(..) => of(Row::Parse(32), RATE)
            .map(|http| http / REQUESTS_PER_RUN)
            .map(|limit| Wanted {
                figure: RATE,
                at_least: true,
                reference: Some(("H/37", limit)),
                bar: of(Row::Group(32), RATE).map(|e5| (0.10 * limit).min(0.4 * e5 / EVENTS_PER_RUN)),
                goal: Some(0.40 * limit),
            })
            .into_iter()
            .collect(),
        Row::Hop(_, Tempo::PerSecond(10)) => {
            let most = |figure, sync: f64, bar, goal| Wanted {
                figure,
                at_least: false,
                reference: Some(("F", sync)),
                bar: Some(bar),
                goal: Some(goal),
            };
            let p50 = of(Row::Disk, P50).map(|sync| most(P50, sync, sync + 2.0, sync + 0.4));
            let p99 = of(Row::Disk, P99).map(|sync| most(P99, sync, 2.0 * sync, sync + 2.0));
            p50.into_iter().chain(p99).collect()
        }
        Row::Hop(_, Tempo::Half) => vec![at_most(P50, None, 3.0), at_most(P99, Some(50.0), 15.0)],
        Row::Growth(size) if size > 0 => {
            // That of the same server.
            let first = rows.iter().find(|other| other.row == Row::Growth(0) && other.label == measured.label);
            let to_least = |figure, name, at_least, bar: f64, goal: f64| {
                let least = first.and_then(|first| spread(first, figure)).map(|spread| spread.median);
                least.map(|least| Wanted {
                    figure,
                    at_least,
                    reference: Some((name, least)),
                    bar: Some(bar * least),
                    goal: Some(goal * least),
                })
            };
            let ratios = [to_least(RATE, "W7/1k", true, 0.85, 0.97), to_least(HOP_P99, "W7/1k", false, 1.5, 1.10)];
            ratios.into_iter().flatten().chain([at_most(LIST_P99, None, 5.0)]).collect()
        }
        Row::Footprint(State::Empty) => {
            vec![at_most(RSS, Some(64.0), 20.0), at_most(P50, Some(500.0), 30.0), at_most(BINARY, Some(60.0), 25.0)]
        }
        Row::Footprint(State::Stored) => vec![at_most(P50, Some(5_000.0), 500.0)],
        Row::Footprint(State::Open) => vec![at_most(RSS, Some(256.0), 80.0)],
        Row::Recovery(_) => vec![at_most(READY, Some(5.0), 0.5)],
        Row::Growth(_)
        | Row::Footprint(_)
        | Row::Hop(..)
        | Row::Disk
        | Row::Parse(_)
        | Row::Group(_)
        | Row::Rows(_) => Vec::new(),
    }
}

/// What is no ratio.
fn at_most(figure: &'static str, bar: Option<f64>, goal: f64) -> Wanted {
    Wanted { figure, at_least: false, reference: None, bar, goal: Some(goal) }
}

impl Judged {
    fn new(measured: &Measured, wanted: &Wanted) -> Option<Self> {
        let &Wanted { figure, at_least, reference, bar, goal } = wanted;
        let value = spread(measured, figure)?.median;
        let met = |limit: f64| if at_least { value >= limit } else { value <= limit };
        Some(Self {
            row: measured.row.to_string(),
            server: measured.label,
            figure,
            measured: value,
            reference: reference.map(|(_, reference)| reference),
            reference_name: reference.map_or("", |(name, _)| name),
            ratio: reference.map(|(_, reference)| value / reference),
            at_least,
            bar,
            bar_met: bar.map(met),
            goal,
            goal_met: goal.map(met),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::contention::Contention;
    use crate::bench::server::sample::{Figures, Sample};
    use crate::bench::server::sequences::Way;

    fn measured(row: Row, figure: &'static str, values: &[f64]) -> Measured {
        let sample = |value: &f64| Sample { figures: Figures(vec![(figure, *value)]), histogram_us: None };
        let samples = values.iter().map(sample).collect();
        Measured { row, label: None, contention: Contention::default(), fault: None, samples }
    }

    #[test]
    fn ingest_is_held_against_the_prototype_with_as_many_clients() {
        let rows = [
            measured(Row::Group(256), RATE, &[900.0, 1_000.0, 5_000.0]),
            measured(Row::Ingest(256), RATE, &[500.0, 400.0, 390.0]),
        ];
        let judged = judge(&rows);
        let [rate] = &judged[..] else { panic!("{judged:?}") };
        assert_eq!((rate.bar, rate.goal), (Some(400.0), Some(700.0)));
        assert_eq!((rate.measured, rate.ratio), (400.0, Some(0.4)));
        assert_eq!((rate.bar_met, rate.goal_met), (Some(true), Some(false)));
    }

    #[test]
    fn with_32_clients_the_bar_is_the_lesser_of_two() {
        let of = |rows: f64| {
            let rows = [
                measured(Row::Group(32), RATE, &[1_000.0]),
                measured(Row::Rows(32), RATE, &[rows]),
                measured(Row::Ingest(32), RATE, &[300.0]),
            ];
            judge(&rows).remove(0).bar
        };
        assert_eq!((of(10_000.0), of(500.0)), (Some(500.0), Some(400.0)));
    }

    #[test]
    fn runs_are_held_against_requests_and_syncs() {
        let of = |e5: f64| {
            let rows = [
                measured(Row::Parse(32), RATE, &[37_000.0]),
                measured(Row::Group(32), RATE, &[e5]),
                measured(Row::Sequences(Way::Claims, 64), RATE, &[80.0]),
            ];
            judge(&rows).remove(0)
        };
        let (quiet, busy) = (of(25_000.0), of(2_500.0));
        assert_eq!((quiet.bar, quiet.bar_met), (Some(100.0), Some(false)));
        assert_eq!((busy.bar, busy.bar_met), (Some(40.0), Some(true)));
        assert_eq!((busy.goal, busy.goal_met), (Some(400.0), Some(false)));
    }

    #[test]
    fn times_are_to_be_short() {
        let rows = [measured(Row::Group(1), P50, &[1.0]), measured(Row::Ingest(1), P50, &[1.5])];
        let judged = judge(&rows).remove(0);
        assert_eq!((judged.bar_met, judged.goal_met), (Some(true), Some(false)));
    }

    #[test]
    fn without_references_there_are_no_goals() {
        assert_eq!(judge(&[measured(Row::Ingest(256), RATE, &[1.0])]), []);
    }
}
