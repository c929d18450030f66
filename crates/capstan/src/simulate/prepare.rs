//! From a path to a scenario with its shipyards.

use std::path::Path;

use capstan_model::diagnostic::{Diagnostic, Span, position};
use capstan_model::shipyard;
use capstan_runtime::simulator::{self, Happening, Scenario, ShipyardText};

use crate::failure::{CheckedFile, Failure, read_text};

/// Reads a scenario, and the shipyards that it names, from their files. Gives its text as well.
pub(super) fn read(path: &Path) -> Result<(String, Scenario), Failure> {
    let text = read_text(path)?;
    let wrong = |diagnostics| CheckedFile { path: path.to_owned(), text: text.clone(), diagnostics };
    let mut scenario = match simulator::read(&text) {
        Ok(scenario) => scenario,
        Err(diagnostics) => return Err(Failure::Files(vec![wrong(diagnostics)])),
    };
    let configured = scenario.events.iter_mut().filter_map(|event| match &mut event.happening {
        Happening::Configure { shipyard, .. } => Some(shipyard),
        _ => None,
    });
    let mut bad = Vec::new();
    for shipyard in scenario.projects.iter_mut().map(|(_, shipyard)| shipyard).chain(configured) {
        match shipyard.path() {
            Some(name) => {
                let file = path.parent().unwrap_or(Path::new("")).join(name);
                let content = read_text(&file)?;
                if let Err(diagnostics) = check(&content) {
                    bad.push(CheckedFile { path: file, text: content, diagnostics });
                } else {
                    shipyard.text = content;
                }
            }
            None => {
                if let Err(diagnostics) = check(&shipyard.text) {
                    let inner = diagnostics.into_iter().map(|diagnostic| at_home(shipyard, diagnostic));
                    bad.push(wrong(inner.collect()));
                }
            }
        }
    }
    if bad.is_empty() { Ok((text, scenario)) } else { Err(Failure::Files(bad)) }
}

fn check(text: &str) -> Result<(), Vec<Diagnostic>> {
    shipyard::read(text)
        .map(|_| ())
        .map_err(|rejections| rejections.into_iter().map(|(_, diagnostic)| diagnostic).collect())
}

/// A diagnostic of a text within a file points at the text as a whole, and says which line of it is meant.
fn at_home(shipyard: &ShipyardText, diagnostic: Diagnostic) -> Diagnostic {
    let line = position(&shipyard.text, diagnostic.span.start).line;
    let span = Span { start: shipyard.span.start, end: (shipyard.span.start + 1).min(shipyard.span.end) };
    Diagnostic { span, message: format!("line {line} of this shipyard: {}", diagnostic.message), ..diagnostic }
}
