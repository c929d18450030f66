//! The scenario of a seed comes to pass, and everything is looked at.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::plan::plan;
use crate::simulator::{Scenario, Tally};

/// What came of a seed.
#[derive(Debug, Clone)]
pub struct Trial {
    /// The seed.
    pub seed: u64,
    /// A hash of all that happened.
    pub hash: u64,
    /// Steps that were made.
    pub steps: u64,
    /// What went wrong on purpose.
    pub tally: Tally,
    /// What does not hold.
    pub failure: Option<String>,
}

/// Plays a seed.
pub fn trial(seed: u64, prepare: impl Fn(&mut Scenario)) -> Trial {
    let mut scenario = plan(seed);
    prepare(&mut scenario);
    let played = catch_unwind(AssertUnwindSafe(|| {
        let world = scenario.play().world;
        (world.hash(), world.steps(), world.tally(), world.faults().first().cloned())
    }));
    match played {
        Ok((hash, steps, tally, failure)) => Trial { seed, hash, steps, tally, failure },
        Err(panic) => {
            let failure = Some(panicked(&*panic));
            Trial { seed, hash: 0, steps: 0, tally: Tally::default(), failure }
        }
    }
}

/// What does not hold in a scenario; none: all does.
pub fn failure(scenario: &Scenario) -> Option<String> {
    match catch_unwind(AssertUnwindSafe(|| scenario.play().world.faults().first().cloned())) {
        Ok(failure) => failure,
        Err(panic) => Some(panicked(&*panic)),
    }
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    format!("it panicked: {text}")
}
