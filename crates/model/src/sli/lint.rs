//! Findings about a file that is valid but probably not what its author means.

use super::read::ReadSli;
use crate::diagnostic::{Diagnostic, Span, did_you_mean};

/// Placeholders that v1 replaces in a query.
const PLACEHOLDERS: [&str; 5] = ["PROJECT", "STAGE", "SERVICE", "DEPLOYMENT", "DURATION_SECONDS"];

/// The findings, in the order of the file.
pub fn lint(read: &ReadSli) -> Vec<Diagnostic> {
    let mut findings = read.unknown_keys.clone();
    let start = Span { start: 0, end: 0 };
    let indicators = read.file.indicators.iter().flatten();
    if indicators.clone().next().is_none() {
        let message = "there are no indicators; v1 answers 'missing required field: indicators'";
        findings
            .push(Diagnostic::warning("SLI101", start, message).help("write 'indicators:' with a query for each name"));
    }
    for (name, query) in indicators {
        if query.value.trim().is_empty() {
            let message = format!("the indicator '{name}' has no query");
            findings.push(
                Diagnostic::warning("SLI102", query.span, message).help("write the query, or remove the indicator"),
            );
        }
        for word in placeholders(&query.value) {
            let known = PLACEHOLDERS.contains(&word);
            if known || word.starts_with("LABEL") || word.chars().any(|c| c.is_ascii_lowercase()) {
                continue;
            }
            if let Some(near) = did_you_mean(word, PLACEHOLDERS) {
                let message = format!("'${word}' is not replaced before the query is sent");
                findings
                    .push(Diagnostic::warning("SLI103", query.span, message).help(format!("did you mean '${near}'?")));
            }
        }
    }
    for (name, source) in read.file.sources.iter().flatten() {
        if !read.file.indicators.iter().flatten().any(|(indicator, _)| indicator == name) {
            let message = format!("'sources' names the indicator '{name}', which this file does not define");
            let known = read.file.indicators.iter().flatten().map(|(indicator, _)| indicator.as_str());
            let finding = Diagnostic::warning("SLI104", source.span, message);
            findings.push(match did_you_mean(name, known) {
                Some(near) => finding.help(format!("did you mean '{near}'?")),
                None => finding.help("fine where another --sli file or the source itself defines it"),
            });
        }
    }
    findings.sort_by_key(|finding| finding.span);
    findings
}

/// The words behind each `$`.
fn placeholders(query: &str) -> impl Iterator<Item = &str> {
    query.split('$').skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        &rest[..end]
    })
}
