//! From events to what a comparison needs.

use capstan_engine::evaluate::{History, HistoryError};
use capstan_model::event::CloudEvent;

/// Builds a history; the error names the event by its number, from 1.
pub(crate) fn assemble(events: Vec<CloudEvent>) -> Result<History, (usize, HistoryError)> {
    History::from_events(events).map_err(|(at, error)| (at + 1, error))
}
