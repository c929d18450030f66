//! From a seed to all that happens.

use capstan_engine::orchestrate::Limits;
use jiff::SignedDuration;

use super::dice::Dice;
use super::{events, shipyard, tools};
use crate::simulator::{Scenario, ShipyardText};

/// The scenario of a seed: shipyards, tools, what happens, and what goes wrong. The same seed, the same scenario.
pub fn plan(seed: u64) -> Scenario {
    let mut dice = Dice::new(seed);
    // Some are quiet, so that what goes wrong does not hide what is wrong without it.
    let hostile = !dice.once_in(8);
    let mut projects = vec!["shop".to_owned()];
    if dice.once_in(6) {
        projects.push("bank".to_owned());
    }
    let of_projects =
        projects.iter().map(|name| (name.clone(), ShipyardText::of(shipyard::shipyard(&mut dice)))).collect();
    let minutes = |dice: &mut Dice, of: &[i64]| SignedDuration::from_mins(dice.one(of).copied().unwrap_or(10));
    let limits = Limits {
        start_timeout: minutes(&mut dice, &[10, 10, 3, 60]),
        task_timeout: minutes(&mut dice, &[1_440, 1_440, 5, 30]),
        reminder: minutes(&mut dice, &[1_440, 1_440, 120]),
        leases: u32::try_from(dice.within(1, 3)).unwrap_or(3),
        payload: if dice.once_in(8) { 2_000 } else { 1 << 20 },
        sequences: u32::try_from(dice.within(3, 8)).unwrap_or(8),
    };
    let tools = tools::tools(&mut dice, hostile);
    let approval = !dice.once_in(6);
    let events = events::events(&mut dice, hostile, &projects);
    Scenario {
        about: format!("Seed {seed}."),
        projects: of_projects,
        limits,
        approval,
        tools,
        events,
        drain: true,
        ..Scenario::default()
    }
}
