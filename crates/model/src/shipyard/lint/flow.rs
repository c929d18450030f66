//! Findings about limits, retries, groups and turns.

use jiff::SignedDuration;
use serde_json::Value;

use super::name_span;
use crate::diagnostic::{Diagnostic, Span};
use crate::shipyard::file::{SequenceEntry, TaskEntry};
use crate::shipyard::types::{Policy, Sequence, Task};
use crate::shipyard::{ReadShipyard, When};
use crate::yaml::Spanned;

/// The task that asks people, who take their time.
const APPROVAL: &str = "approval";

pub(super) fn findings(read: &ReadShipyard) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for (entry, stage) in read.file.stages().iter().zip(&read.shipyard.stages) {
        for (entry, sequence) in entry.value.sequences.iter().flatten().zip(&stage.sequences) {
            findings.extend(turn(&entry.value, sequence));
            let entries = entry.value.tasks.as_deref().unwrap_or_default();
            for (at, (entry, task)) in entries.iter().zip(&sequence.tasks).enumerate() {
                findings.extend(retry(entry, task));
                findings.extend(limits(&entry.value, task, sequence));
                findings.extend(group_of_one(&entry.value, &sequence.tasks, at));
                findings.extend(misplaced(entry));
            }
        }
    }
    findings
}

/// A key that all services share, whose runs abort each other.
fn turn(entry: &SequenceEntry, sequence: &Sequence) -> Option<Diagnostic> {
    let key = entry.concurrency.as_ref()?.value.key.as_ref()?;
    let policy = sequence.concurrency.as_ref()?.policy;
    if policy != Policy::Supersede || key.value.contains('{') {
        return None;
    }
    let message = format!("'{}' is one key for all services: a run of one aborts those of the others", key.value);
    let help = format!("write '{}-{{service}}', or 'policy: queue'", key.value);
    Some(Diagnostic::warning("SHY126", key.span, message).help(help))
}

fn retry(entry: &Spanned<TaskEntry>, task: &Task) -> Option<Diagnostic> {
    let (block, retry) = (entry.value.retry.as_ref()?, task.retry?);
    let span = block.value.attempts.as_ref().map_or(block.span, |attempts| attempts.span);
    let (code, message, help) = match () {
        () if task.name == APPROVAL => (
            "SHY121",
            "who has refused is asked again: a decision is no failure of a tool",
            "remove 'retry', or put it on the task whose result is to be approved",
        ),
        () if retry.attempts == 1 => (
            "SHY120",
            "one attempt is what every task has: nothing is tried again",
            "count the first attempt in, such as 'attempts: 3', or remove 'retry'",
        ),
        () if task.timeout.is_none() => (
            "SHY119",
            "a tool that falls silent is tried again only when the server gives it up, by default after 24 h",
            "add 'timeout: 30m', or what an attempt may take",
        ),
        () => return None,
    };
    Some(Diagnostic::warning(code, span, message).help(help))
}

fn limits(entry: &TaskEntry, task: &Task, sequence: &Sequence) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    if let Some(timeout) = entry.timeout.as_ref().filter(|_| task.name == APPROVAL) {
        let message = format!("after {} nobody can decide any more, and the approval has failed", timeout.value);
        findings.push(
            Diagnostic::warning("SHY122", timeout.span, message)
                .help("remove it to let the decision take its time: it is reminded of every day"),
        );
    }
    let above = |limit: Option<SignedDuration>| {
        limit.zip(sequence.timeout).is_some_and(|(limit, whole)| limit >= whole && !task.finally)
    };
    let limits =
        [("startTimeout", &entry.start_timeout, task.start_timeout), ("timeout", &entry.timeout, task.timeout)];
    for (key, text, _) in limits.into_iter().filter(|(_, _, limit)| above(*limit)) {
        let Some(text) = text else { continue };
        let message = format!("'{key}' never ends this task: the timeout of the sequence comes first");
        findings.push(
            Diagnostic::warning("SHY124", text.span, message)
                .help("write less than the 'timeout' of the sequence, or raise that"),
        );
    }
    findings
}

fn group_of_one(entry: &TaskEntry, tasks: &[Task], at: usize) -> Option<Diagnostic> {
    let name = entry.parallel.as_ref()?;
    let in_it = |at: usize| tasks.get(at).is_some_and(|task| task.parallel.as_deref() == Some(name.value.as_str()));
    if in_it(at + 1) || at.checked_sub(1).is_some_and(in_it) {
        return None;
    }
    let message = format!("the group '{}' has one task, so nothing runs beside it", name.value);
    let help = format!("write 'parallel: {}' on the task right before or behind it too, or remove it", name.value);
    Some(Diagnostic::warning("SHY123", name.span, message).help(help))
}

/// Keys of the task among its properties, where nothing but the tool sees them. Those that may well be the tool's own are
/// told from them by their values.
fn misplaced(entry: &Spanned<TaskEntry>) -> Vec<Diagnostic> {
    let Some(Spanned { value: Value::Object(properties), span }) = &entry.value.properties else { return Vec::new() };
    let is_condition = |text: &str| When::parse(text).is_ok_and(|when| when.compares());
    let is_ours = |key: &str, value: &Value| match key {
        "startTimeout" | "triggeredAfter" => true,
        "finally" => value.is_boolean(),
        "join" => matches!(value.as_str(), Some("all" | "any")),
        "retry" => value.get("attempts").is_some(),
        "when" => value.as_str().is_some_and(is_condition),
        _ => false,
    };
    let misplaced = properties.iter().filter(|(key, value)| is_ours(key, value));
    misplaced.map(|(key, _)| not_among_properties(key, entry, *span)).collect()
}

fn not_among_properties(key: &str, entry: &Spanned<TaskEntry>, properties: Span) -> Diagnostic {
    let task = entry.value.name.as_ref().map_or("", |name| &name.value);
    let span = if properties.start < properties.end { properties } else { name_span(None, entry.span) };
    let message = format!("'{key}' stands among the properties of '{task}', where the tool alone sees it");
    Diagnostic::warning("SHY125", span, message).help("write it beside 'properties:', indented as far")
}
