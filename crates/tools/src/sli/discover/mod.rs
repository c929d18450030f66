//! What a source has on a service, and which limits would fit: what `capstan gate init` is made of.
//!
//! [`search`] finds the series of a service in a Prometheus, [`propose`] tells from their names and labels what can be
//! measured, [`from_file`] does so for files of results, [`measure`] gets the present values, and [`criteria`] proposes
//! limits from these. Only `search` and `measure` talk to a source; the others are functions of their arguments.

mod api;
mod catalog;
mod files;
mod limits;
mod measure;
mod names;
mod proposal;
mod propose;
mod resources;
mod search;
mod selector;
mod status;

pub use catalog::{MetricType, Series, Types};
pub use files::from_file;
pub use limits::{Criteria, criteria, unchanged};
pub use measure::{Measured, Seen, measure};
pub use proposal::{Kind, Proposal, Scale, Unit};
pub use propose::{further, propose};
pub use search::{Found, SearchError, search};
pub use selector::Selector;
