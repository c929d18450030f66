//! The files that a gate reads.

use std::path::Path;
use std::sync::Arc;

use capstan_model::event::CloudEvent;
use capstan_model::sli::{self, SliMap};
use capstan_model::slo::{self, ReadSlo, Slo};
use serde_json::Value;

use crate::failure::{CheckedFile, Failure, read_text};

/// An SLO file, read. An empty file counts as none, as in v1.
#[derive(Debug, Clone)]
pub(crate) struct SloInput {
    /// Its text.
    pub(crate) text: String,
    /// As read; none for an empty file.
    pub(crate) read: Option<Arc<ReadSlo>>,
}

impl SloInput {
    /// Its meaning; none for an empty file.
    pub(crate) fn slo(&self) -> Option<&Slo> {
        self.read.as_ref().map(|read| &read.slo)
    }
}

/// Reads an SLO file, or says everything that is wrong with it.
pub(crate) fn read_slo(path: &Path) -> Result<SloInput, Failure> {
    let text = read_text(path)?;
    if text.is_empty() {
        return Ok(SloInput { text, read: None });
    }
    match slo::read(&text) {
        Ok(read) => Ok(SloInput { text, read: Some(Arc::new(read)) }),
        Err(rejections) => {
            let diagnostics = rejections.into_iter().map(|(_, diagnostic)| diagnostic).collect();
            Err(Failure::Files(vec![CheckedFile { path: path.to_owned(), text, diagnostics }]))
        }
    }
}

/// Reads SLI files and lays them over one another, the later over the earlier.
pub(crate) fn read_sli<'p>(paths: impl IntoIterator<Item = &'p Path>) -> Result<SliMap, Failure> {
    let mut map = SliMap::default();
    let mut rejected = Vec::new();
    for path in paths {
        let text = read_text(path)?;
        match sli::read(&text) {
            Ok(read) => map.lay_over(&read.file),
            Err(diagnostics) => rejected.push(CheckedFile { path: path.to_owned(), text, diagnostics }),
        }
    }
    if rejected.is_empty() { Ok(map) } else { Err(Failure::Files(rejected)) }
}

/// Reads a JSON document, or says where it breaks.
pub(crate) fn read_json(path: &Path, wanted: &str) -> Result<Value, Failure> {
    let text = read_text(path)?;
    let text = text.trim_start_matches('\u{feff}');
    if text.trim().is_empty() {
        return Err(Failure::with_help(format!("{}: the file is empty", path.display()), wanted));
    }
    serde_json::from_str(text).map_err(|error| malformed(path, &error, wanted))
}

/// Reads events: a JSON list of them, or one after the other (JSON Lines).
pub(crate) fn read_events(path: &Path) -> Result<Vec<CloudEvent>, Failure> {
    const WANTED: &str = "wanted is a JSON list of CloudEvents, or one CloudEvent on each line";
    let text = read_text(path)?;
    let mut events = Vec::new();
    for value in serde_json::Deserializer::from_str(text.trim_start_matches('\u{feff}')).into_iter::<Value>() {
        let values = match value.map_err(|error| malformed(path, &error, WANTED))? {
            Value::Array(values) => values,
            other => vec![other],
        };
        for value in values {
            let number = events.len() + 1;
            let event = CloudEvent::from_json(value)
                .map_err(|error| Failure::with_help(format!("{}: event {number}: {error}", path.display()), WANTED))?;
            events.push(event);
        }
    }
    Ok(events)
}

fn malformed(path: &Path, error: &serde_json::Error, wanted: &str) -> Failure {
    // serde_json ends its message with the place; here the place comes first, as in every other error.
    let text = error.to_string();
    let words = text.split(" at line ").next().unwrap_or_default();
    Failure::with_help(format!("{}:{}:{}: {words}", path.display(), error.line(), error.column()), wanted)
}
