//! Findings about sequences and their tasks.

use serde_json::Value;

use super::name_span;
use crate::diagnostic::{Diagnostic, Span, did_you_mean};
use crate::duration::{self, DurationError};
use crate::shipyard::ReadShipyard;
use crate::shipyard::file::{SequenceEntry, TaskEntry};
use crate::yaml::Spanned;

pub(super) fn findings(read: &ReadShipyard) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for stage in read.file.stages() {
        let mut seen: Vec<&str> = Vec::new();
        for entry in stage.value.sequences.iter().flatten() {
            let name = entry.value.name.as_ref().map_or("", |name| &name.value);
            findings.extend(sequence(entry));
            if seen.contains(&name) && !name.is_empty() {
                let message = format!("the stage has a sequence '{name}' further up, so this one never runs");
                findings.push(
                    Diagnostic::warning("SHY108", name_span(entry.value.name.as_ref(), entry.span), message)
                        .help("rename it, or put the tasks of both into one; its 'triggeredOn' starts the first"),
                );
            }
            seen.push(name);
        }
    }
    findings
}

fn sequence(entry: &Spanned<SequenceEntry>) -> Vec<Diagnostic> {
    let span = name_span(entry.value.name.as_ref(), entry.span);
    let mut findings: Vec<_> = name("sequence", entry.value.name.as_ref(), entry.span).into_iter().collect();
    let mut tasks = entry.value.tasks.iter().flatten().peekable();
    if tasks.peek().is_none() {
        let message = "a sequence without tasks ends in an error as soon as it is triggered";
        findings.push(
            Diagnostic::warning("SHY107", span, message).help("write 'tasks:' and below it '- name: deployment'"),
        );
    }
    findings.extend(tasks.flat_map(task));
    findings
}

fn task(entry: &Spanned<TaskEntry>) -> Vec<Diagnostic> {
    let mut findings: Vec<_> = name("task", entry.value.name.as_ref(), entry.span).into_iter().collect();
    findings.extend(entry.value.triggered_after.as_ref().and_then(delay));
    if entry.value.name.as_ref().is_some_and(|name| name.value == "approval")
        && let Some(properties) = &entry.value.properties
    {
        findings.extend(["pass", "warning"].into_iter().filter_map(|key| strategy(key, properties)));
    }
    findings
}

fn name(what: &str, name: Option<&Spanned<String>>, entry: Span) -> Option<Diagnostic> {
    let span = name_span(name, entry);
    let name = name.map_or("", |name| &name.value);
    if name.is_empty() {
        let message = format!("a {what} without a name can never be triggered");
        return Some(Diagnostic::warning("SHY106", span, message).help("write 'name:'"));
    }
    let message = format!("the dot in '{name}' makes events of this {what} unreadable: their types are split at dots");
    let help = format!("write '{}'", name.replace('.', "-"));
    name.contains('.').then(|| Diagnostic::warning("SHY105", span, message).help(help))
}

fn delay(text: &Spanned<String>) -> Option<Diagnostic> {
    let written = &text.value;
    let (message, help) = match duration::parse(written) {
        _ if written.is_empty() => return None,
        Ok(nanoseconds) if nanoseconds >= 0 => return None,
        Ok(_) => (
            format!("'{written}' is below zero, so the task is not delayed"),
            "write a duration such as '10m'".to_owned(),
        ),
        Err(error) => {
            let help = match error {
                DurationError::MissingUnit(_) => format!("a unit is missing: '{written}s' or '{written}m'"),
                DurationError::UnknownUnit { unit, .. } if unit == "d" => {
                    "the largest unit is 'h': a day is '24h'".to_owned()
                }
                DurationError::UnknownUnit { .. } | DurationError::Invalid(_) | DurationError::TooLong(_) => {
                    "write numbers with units, such as '90s', '10m' or '1h30m'".to_owned()
                }
            };
            (format!("'{written}' is no duration, so the task is not delayed"), help)
        }
    };
    Some(Diagnostic::warning("SHY102", text.span, message).help(help))
}

/// What an approval does with a result.
fn strategy(key: &str, properties: &Spanned<Value>) -> Option<Diagnostic> {
    const KNOWN: [&str; 2] = ["automatic", "manual"];
    let value = properties.value.get(key).filter(|value| !value.is_null())?;
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if KNOWN.contains(&text.as_str()) {
        return None;
    }
    let message = format!("'{key}: {text}' is no way to approve, so the approval waits for a human");
    let finding = Diagnostic::warning("SHY114", properties.span, message);
    Some(match did_you_mean(&text, KNOWN) {
        Some(near) => finding.help(format!("did you mean '{near}'?")),
        None => finding.help("known: automatic, manual"),
    })
}
