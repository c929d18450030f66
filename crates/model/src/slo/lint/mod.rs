//! Findings about a file that is valid but probably not what its author means. `docs/lint.md` explains each code.

mod comparison;
mod criteria;
mod objectives;
mod total;

use super::read::ReadSlo;
use crate::diagnostic::{Diagnostic, Span};

/// The findings, in the order of the file.
pub fn lint(read: &ReadSlo) -> Vec<Diagnostic> {
    let mut findings = read.unknown_keys.clone();
    if let Some(rest) = read.rest {
        let message = "only the first document is read; everything from here on is ignored";
        findings.push(Diagnostic::warning("YAML102", rest, message).help("check the indentation, or remove the '---'"));
    }
    findings.extend(comparison::findings(read));
    findings.extend(objectives::findings(read));
    findings.extend(total::findings(read));
    findings.sort_by_key(|finding| finding.span);
    findings
}

/// The beginning of the file, for findings about something that is not there.
const START: Span = Span { start: 0, end: 0 };
