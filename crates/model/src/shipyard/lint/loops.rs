//! Findings about sequences that start each other for ever.

use std::collections::{HashMap, HashSet, VecDeque};

use super::process::{Name, Process};
use super::triggers::event_span;
use crate::diagnostic::{Diagnostic, Span};
use crate::shipyard::ReadShipyard;

/// What a sequence starts, each with the place that says so.
type Followers<'s> = HashMap<Name<'s>, Vec<(Name<'s>, Span)>>;

/// A loop whose every step is taken on success. One that has a step on `fail` is a retry, and ends when that succeeds.
pub(super) fn findings(read: &ReadShipyard, process: &Process<'_>) -> Vec<Diagnostic> {
    let mut followers = Followers::new();
    let mut names = Vec::new();
    for (entry, stage) in read.file.stages().iter().zip(&read.shipyard.stages) {
        for (entry, sequence) in entry.value.sequences.iter().flatten().zip(&stage.sequences) {
            let name = (stage.name.as_str(), sequence.name.as_str());
            names.push(name);
            let entries = entry.value.triggered_on.iter().flatten();
            for (entry, trigger) in entries.zip(&sequence.triggered_on) {
                if let Ok(origin) = process.origin(&trigger.event)
                    && process.taken(trigger, origin).iter().any(|end| end.result != "fail")
                {
                    followers.entry(origin).or_default().push((name, event_span(entry)));
                }
            }
        }
    }
    let mut told = HashSet::new();
    let mut findings = Vec::new();
    for start in names {
        if told.contains(&start) {
            continue;
        }
        let Some((around, span)) = shortest(start, &followers) else { continue };
        let quoted: Vec<_> = around.iter().map(|(stage, sequence)| format!("'{stage}.{sequence}'")).collect();
        let message = match quoted.as_slice() {
            [only] => format!("{only} starts itself again whenever it succeeds, for ever"),
            several => format!("{} start each other whenever they succeed, for ever", several.join(", ")),
        };
        findings.push(
            Diagnostic::warning("SHY113", span, message)
                .help("let one of them start on 'fail' alone, with 'selector:'; a run ends after 1,000 sequences"),
        );
        told.extend(around);
    }
    findings
}

/// The shortest way from a sequence back to itself, and the place of its last step.
fn shortest<'s>(start: Name<'s>, followers: &Followers<'s>) -> Option<(Vec<Name<'s>>, Span)> {
    let mut came_from: HashMap<Name<'s>, Name<'s>> = HashMap::new();
    let mut waiting = VecDeque::from([start]);
    while let Some(name) = waiting.pop_front() {
        for (next, span) in followers.get(&name).into_iter().flatten() {
            if *next == start {
                let mut around = vec![name];
                let mut at = name;
                while let Some(before) = came_from.get(&at) {
                    around.push(*before);
                    at = *before;
                }
                around.reverse();
                return Some((around, *span));
            }
            if !came_from.contains_key(next) {
                came_from.insert(*next, name);
                waiting.push_back(*next);
            }
        }
    }
    None
}
