//! Findings about a file that is valid but probably not what its author means. `docs/lint.md` explains each code.

mod candidates;
mod conditions;
mod flow;
mod loops;
mod process;
mod sequences;
mod triggers;

use super::read::ReadShipyard;
use crate::diagnostic::{Diagnostic, Span};
use crate::yaml::Spanned;
use process::Process;

/// The findings, in the order of the file.
pub fn lint(read: &ReadShipyard) -> Vec<Diagnostic> {
    let mut findings = read.unknown_keys.clone();
    if let Some(rest) = read.rest {
        let message = "only the first document is read; everything from here on is ignored";
        findings.push(Diagnostic::warning("YAML102", rest, message).help("check the indentation, or remove the '---'"));
    }
    if let Some(kind) = read.file.kind.as_ref().filter(|kind| kind.value != "Shipyard") {
        let message = format!("the kind is '{}'; the file is read as a shipyard all the same", kind.value);
        findings.push(Diagnostic::warning("SHY101", kind.span, message).help("write 'kind: Shipyard'"));
    }
    let process = Process::of(&read.shipyard);
    findings.extend(sequences::findings(read));
    findings.extend(flow::findings(read));
    findings.extend(conditions::findings(read));
    findings.extend(triggers::findings(read, &process));
    findings.extend(loops::findings(read, &process));
    findings.sort_by_key(|finding| finding.span);
    findings
}

/// Where a name stands; where its entry begins, if there is none.
fn name_span(name: Option<&Spanned<String>>, entry: Span) -> Span {
    name.map_or(entry, |name| name.span)
}
