//! Gate and bare queries by turns: A B A B …

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::arguments::Pace;
use super::cell::Cell;
use super::contestant::{Contestant, Task, wave};
use crate::bench::contention::Contention;
use crate::bench::spread::Spread;
use crate::failure::Failure;

/// What was measured in one row.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    pub(super) cell: Cell,
    /// What else went on shortly before.
    pub(super) contention: Contention,
    pub(super) repetitions: Vec<Repetition>,
}

/// One repetition; times in milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Repetition {
    /// How many pairs there were.
    pub(super) pairs: usize,
    /// From the start of the gates to the last one's end.
    pub(super) gate_ms: Spread,
    /// The same for their queries alone.
    pub(super) bare_ms: Spread,
    /// The difference within each pair.
    pub(super) overhead_ms: Spread,
}

/// A gate and the bare queries behind it; with several at once, until the last of them is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pair {
    gate: Duration,
    bare: Duration,
}

impl Repetition {
    /// Sums up pairs; none of no pairs.
    fn of(pairs: &[Pair]) -> Option<Self> {
        let spread = |of: fn(&Pair) -> f64| Spread::of(pairs.iter().map(of));
        Some(Self {
            pairs: pairs.len(),
            gate_ms: spread(|pair| millis(pair.gate))?,
            bare_ms: spread(|pair| millis(pair.bare))?,
            overhead_ms: spread(|pair| millis(pair.gate) - millis(pair.bare))?,
        })
    }
}

impl Measured {
    /// Least, middle and greatest of the repetitions' medians, in milliseconds.
    pub(super) fn over(&self, of: fn(&Repetition) -> Spread) -> Option<Spread> {
        Spread::of(self.repetitions.iter().map(|repetition| of(repetition).median))
    }
}

/// Measures one row.
pub(super) fn measure(cell: Cell, task: Task, pace: Pace) -> Result<Measured, Failure> {
    let task = Arc::new(task);
    let contestants = (0..cell.at_once).map(|_| Contestant::new(task.clone(), cell.bare));
    let mut contestants = contestants.collect::<Result<Vec<_>, _>>()?;
    let contention = Contention::look();
    turns(&mut contestants, pace.warm_up)?;
    let mut repetitions = Vec::with_capacity(pace.repetitions);
    for _ in 0..pace.repetitions {
        repetitions.extend(Repetition::of(&turns(&mut contestants, pace.repetition)?));
    }
    Ok(Measured { cell, contention, repetitions })
}

/// Takes turns until `length` is over, at least once.
fn turns(contestants: &mut [Contestant], length: Duration) -> Result<Vec<Pair>, Failure> {
    let begun = Instant::now();
    let mut pairs = Vec::new();
    while pairs.is_empty() || begun.elapsed() < length {
        pairs.push(Pair { gate: wave(contestants, Contestant::gate)?, bare: wave(contestants, Contestant::bare)? });
    }
    Ok(pairs)
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::gate::cell::{BareKind, SourceKind};

    fn pairs(pairs: &[(u64, u64)]) -> Vec<Pair> {
        let millis = Duration::from_millis;
        pairs.iter().map(|(gate, bare)| Pair { gate: millis(*gate), bare: millis(*bare) }).collect()
    }

    #[test]
    fn the_overhead_is_that_of_the_pairs() {
        // The machine got three times as slow half-way: the medians alone would tell 30 - 10.
        let repetition = Repetition::of(&pairs(&[(11, 9), (12, 10), (30, 28), (33, 30), (31, 10)])).unwrap();
        assert_eq!(repetition.pairs, 5);
        assert_eq!((repetition.gate_ms.median, repetition.bare_ms.median), (30.0, 10.0));
        let Spread { min, median, max } = repetition.overhead_ms;
        assert!((min - 2.0).abs() < 1e-9 && (median - 2.0).abs() < 1e-9 && (max - 21.0).abs() < 1e-9);
        assert_eq!(Repetition::of(&[]), None);
    }

    #[test]
    fn a_row_is_the_spread_of_its_repetitions_medians() {
        let repetitions = [[(5, 1), (6, 2)], [(9, 1), (9, 1)], [(7, 3), (7, 4)]];
        let measured = Measured {
            cell: Cell { source: SourceKind::Up, slis: 10, at_once: 1, bare: BareKind::Warm },
            contention: Contention::default(),
            repetitions: repetitions.iter().filter_map(|these| Repetition::of(&pairs(these))).collect(),
        };
        let gate = measured.over(|repetition| repetition.gate_ms).unwrap();
        assert_eq!(gate, Spread { min: 5.5, median: 7.0, max: 9.0 });
        let overhead = measured.over(|repetition| repetition.overhead_ms).unwrap();
        assert!((overhead.median - 4.0).abs() < 1e-9 && (overhead.max - 8.0).abs() < 1e-9, "{overhead:?}");
    }
}
