//! Scenarios: a shipyard, tools and a timeline in a file, and what is expected of them.

mod decode;
mod expect;
mod file;
mod play;
mod read;
mod timeline;
mod tools;
mod write;

pub use expect::{Expectation, Judgement};
pub use file::{Event, Happening, Scenario, ScriptedTool, ShipyardText};
pub use play::Played;
pub use read::read;
pub use write::write;
