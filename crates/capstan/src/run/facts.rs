//! What happened in a run, a line for each fact.

use capstan_model::timeframe::display;

use crate::client::{Entry, WholeRun};

/// When, where and what.
pub(super) fn line(entry: &Entry, whole: &WholeRun) -> String {
    let sequence = entry.sequence.as_deref().and_then(|id| whole.sequence(id));
    let place = sequence.map_or_else(|| "run".to_owned(), |of| format!("{}.{}", of.stage, of.name));
    format!("{}  {place}  {}", display(entry.at), entry.sentence)
}
