//! Thousands of hostile schedules hold; the same seed is the same schedule; what is broken is found and made small.

use std::collections::HashSet;

use jiff::SignedDuration;

use super::{failure, plan, shrink, trial};
use crate::memory::Call;
use crate::simulator::{Event, Happening, Scenario, Tally, read, write};

#[test]
fn no_schedule_breaks_an_invariant() {
    let (mut hashes, mut tally) = (HashSet::new(), Tally::default());
    for seed in 0..3_000 {
        let trial = trial(seed, |_| {});
        assert_eq!(trial.failure, None, "to see it: capstan simulate --seeds 1 --from {seed}");
        hashes.insert(trial.hash);
        tally.merge(&trial.tally);
    }
    assert!(hashes.len() > 2_700, "only {} of them differ", hashes.len());
    for kind in [
        "kills",
        "kill-in-begin",
        "kill-in-savepoint",
        "kill-in-read",
        "kill-in-write",
        "kill-in-commit",
        "kill-in-sync",
        "fail-begin",
        "fail-savepoint",
        "fail-read",
        "fail-write",
        "fail-commit",
        "fail-sync",
        "fail-reopen",
        "clock-forth",
        "clock-back",
        "late",
        "reordered",
        "twice",
        "said-again",
        "answers-ignored",
        "batched",
        "granted-waiting",
        "refused",
    ] {
        // Savepoints are set only where a command has failed once already.
        let least = if kind.ends_with("savepoint") { 10 } else { 50 };
        assert!(tally.of(kind) >= least, "{kind}: {}", tally.of(kind));
    }
}

#[test]
fn a_file_repeats_its_seed() {
    for seed in 0..200 {
        let scenario = plan(seed);
        let text = write(&scenario);
        let reread = read(&text).unwrap_or_else(|errors| panic!("seed {seed}: {errors:?}\n{text}"));
        assert_eq!(text, write(&reread));
        assert_eq!(scenario.play().world.hash(), reread.play().world.hash(), "seed {seed}");
        assert!(told(&scenario) == told(&reread), "seed {seed}");
    }
}

/// All that is told of it; but for the commit, which goes by how the shipyard is written.
fn told(scenario: &Scenario) -> Vec<String> {
    let lines = scenario.play().lines().into_iter();
    lines.map(|line| format!("{:?} {} {} {} {}", line.time, line.run, line.stage, line.sequence, line.what)).collect()
}

/// The store forgets what it has acknowledged.
fn break_promises(scenario: &mut Scenario) {
    let happening = Happening::Fail { call: Call::Promise, skip: 3, times: 1 };
    scenario.events.insert(0, Event { at: SignedDuration::ZERO, happening });
}

#[test]
fn a_store_that_forgets_is_found_out_and_a_small_file_shows_it() {
    let seed = (0..100).find(|seed| trial(*seed, break_promises).failure.is_some()).unwrap();
    let mut scenario = plan(seed);
    break_promises(&mut scenario);
    let small = write(&shrink(&scenario));
    assert!(small.lines().count() <= 40, "{small}");
    let lost = failure(&read(&small).unwrap()).unwrap();
    assert!(lost.starts_with("the store has lost"), "{lost}");
}

/// An event is carried out while the clock is set back by more than a day, and comes again once that is put right.
#[test]
fn a_repeat_is_known_for_a_day_from_when_the_first_was_carried_out() {
    assert_eq!(trial(139_008, |_| {}).failure, None);
}
