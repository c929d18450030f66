//! Findings about what starts a sequence.

use std::collections::HashSet;

use super::process::{End, Process, RESULTS, Unresolved, meets};
use crate::diagnostic::{Diagnostic, Span, did_you_mean};
use crate::shipyard::ReadShipyard;
use crate::shipyard::file::TriggerEntry;
use crate::shipyard::types::Trigger;
use crate::yaml::Spanned;

pub(super) fn findings(read: &ReadShipyard, process: &Process<'_>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for (entry, stage) in read.file.stages().iter().zip(&read.shipyard.stages) {
        for (entry, sequence) in entry.value.sequences.iter().flatten().zip(&stage.sequences) {
            let entries = entry.value.triggered_on.as_deref().unwrap_or_default();
            let mut taken = HashSet::new();
            for (entry, trigger) in entries.iter().zip(&sequence.triggered_on) {
                findings.extend(event(&trigger.event, event_span(entry), process));
                findings.extend(selector(entry, trigger, process));
                findings.extend(twice(trigger, event_span(entry), process, &mut taken));
            }
        }
    }
    findings
}

/// Where the event of a trigger stands.
pub(super) fn event_span(entry: &Spanned<TriggerEntry>) -> Span {
    super::name_span(entry.value.event.as_ref(), entry.span)
}

fn event(event: &str, span: Span, process: &Process<'_>) -> Option<Diagnostic> {
    let (code, message) = match process.origin(event) {
        Ok(_) => return None,
        Err(Unresolved::Malformed) if event.is_empty() => {
            ("SHY103", "this trigger names no event, so it never starts anything".to_owned())
        }
        Err(Unresolved::Malformed) => {
            ("SHY103", format!("'{event}' is not the end of a sequence, so it never starts anything"))
        }
        Err(Unresolved::NoStage(stage)) => ("SHY104", format!("there is no stage '{stage}', so '{event}' never comes")),
        Err(Unresolved::NoSequence((stage, sequence))) => {
            ("SHY104", format!("the stage '{stage}' has no sequence '{sequence}', so '{event}' never comes"))
        }
    };
    let finding = Diagnostic::warning(code, span, message);
    // The event as an integration sees it, another kind of event, or none: the end of that sequence may be meant.
    let name = event.strip_prefix("sh.keptn.event.").unwrap_or(event);
    let name = [".finished", ".triggered", ".started"].iter().find_map(|kind| name.strip_suffix(kind)).unwrap_or(name);
    Some(match did_you_mean(&format!("{name}.finished"), process.events()) {
        Some(near) => finding.help(format!("did you mean '{near}'?")),
        None => finding.help("write '<stage>.<sequence>.finished' with a sequence of this file"),
    })
}

fn selector(entry: &Spanned<TriggerEntry>, trigger: &Trigger, process: &Process<'_>) -> Vec<Diagnostic> {
    let written = entry.value.selector.iter().flat_map(|selector| selector.conditions.iter().flatten());
    let mut findings: Vec<_> =
        written.clone().filter_map(|(key, value)| condition(key, value, trigger, process)).collect();
    // A selector of which one key is wrong is told to be wrong; that the others are alternatives is then no news.
    if findings.is_empty()
        && trigger.selector.len() > 1
        && let Some(first) = written.map(|(_, value)| value.span).min()
    {
        let keys: Vec<_> = trigger.selector.iter().map(|(key, value)| format!("'{key}: {value}'")).collect();
        let message = format!("one of {} is enough: the keys of a selector are alternatives", keys.join(", "));
        findings.push(
            Diagnostic::warning("SHY109", first, message)
                .help("if one is meant, remove the others; that several hold at once cannot be asked for"),
        );
    }
    findings
}

/// One key of a selector that no end ever meets.
fn condition(key: &str, value: &Spanned<String>, trigger: &Trigger, process: &Process<'_>) -> Option<Diagnostic> {
    let origin = process.origin(&trigger.event).ok();
    let tasks = origin.map(|name| process.tasks(name)).unwrap_or_default();
    let finding = |code, message: String| Diagnostic::warning(code, value.span, message);
    let task = key.strip_suffix(".result");
    if key != "result" && task.is_none_or(|task| !tasks.is_empty() && !tasks.contains(&task)) {
        let known: Vec<_> =
            ["result".to_owned()].into_iter().chain(tasks.iter().map(|task| format!("{task}.result"))).collect();
        let message = match (task, origin) {
            (Some(task), Some((stage, sequence))) => {
                format!("'{key}' never matches: '{stage}.{sequence}' has no task '{task}'")
            }
            _ => format!("'{key}' never matches: a selector sees 'result' and '<task>.result' alone"),
        };
        return Some(match did_you_mean(key, known.iter().map(String::as_str)) {
            Some(near) => finding("SHY110", message).help(format!("did you mean '{near}'?")),
            None => finding("SHY110", message).help("write 'result', or '<task>.result' with the last task that ran"),
        });
    }
    if !RESULTS.contains(&value.value.as_str()) {
        let message = format!("'{}' is no result, so this never matches", value.value);
        return Some(match did_you_mean(&value.value, RESULTS) {
            Some(near) => finding("SHY111", message).help(format!("did you mean '{near}'?")),
            None => finding("SHY111", message).help(format!("known: {}", RESULTS.join(", "))),
        });
    }
    let last = tasks.last()?;
    if process.ends(origin?).into_iter().any(|end| meets(key, &value.value, end)) {
        return None;
    }
    let message =
        format!("'{key}: {}' never matches: only the last task that ran counts, and that is '{last}'", value.value);
    Some(
        finding("SHY110", message)
            .help(format!("write 'result' or '{last}.result'; 'fail' matches any task that ends the sequence")),
    )
}

/// An end that starts the sequence two times; `taken` holds the events and ends that earlier entries take.
fn twice<'s>(
    trigger: &'s Trigger,
    span: Span,
    process: &'s Process<'_>,
    taken: &mut HashSet<(&'s str, End<'s>)>,
) -> Option<Diagnostic> {
    let name = process.origin(&trigger.event).ok()?;
    let again: Vec<_> =
        process.taken(trigger, name).into_iter().filter(|end| !taken.insert((&trigger.event, *end))).collect();
    let result = again.first()?.result;
    let message = format!("an earlier entry takes this end too: after '{result}' the sequence is started twice");
    Some(
        Diagnostic::warning("SHY112", span, message)
            .help("remove one of the two, or give them selectors that do not overlap"),
    )
}
