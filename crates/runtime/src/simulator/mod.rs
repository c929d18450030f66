//! Shipyards at work in virtual time: the step and the memory store, scripted tools, and nothing that is left to chance.
//!
//! A [`World`] is a server in a bottle: no rule of it is written a second time here. The same inputs give the same facts,
//! to the byte. After each step it checks what must always hold.

mod agenda;
mod busy;
mod claim;
mod deliver;
mod invariants;
mod look;
mod post;
mod scenario;
mod seeds;
mod server;
mod speak;
mod story;
mod tally;
mod tool;
mod world;

#[cfg(test)]
mod tests;

pub use agenda::Act;
pub use post::Mishap;
pub use scenario::{
    Event, Expectation, Happening, Judgement, Played, Scenario, ScriptedTool, ShipyardText, read, write,
};
pub use seeds::{Trial, failure, plan, shrink, trial};
pub use story::{Line, Note, RunStanding, SequenceStanding, Waiting, span};
pub use tally::Tally;
pub use tool::{Answer, Tool};
pub use world::World;
