//! Findings about conditions of tasks.

use super::candidates::{Candidates, Outcomes, Situation};
use super::process::RESULTS;
use crate::diagnostic::{Diagnostic, Span, did_you_mean};
use crate::shipyard::types::Task;
use crate::shipyard::when::{Expression, Kind, Operator, Path};
use crate::shipyard::{ReadShipyard, When};

/// The words that tell whether a task did its work.
const STATUS: [&str; 4] = ["succeeded", "errored", "aborted", "unknown"];

pub(super) fn findings(read: &ReadShipyard) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for (entry, stage) in read.file.stages().iter().zip(&read.shipyard.stages) {
        for (entry, sequence) in entry.value.sequences.iter().flatten().zip(&stage.sequences) {
            let entries = entry.value.tasks.iter().flatten();
            for (at, (entry, task)) in entries.zip(&sequence.tasks).enumerate() {
                if let (Some(text), Some(when)) = (&entry.value.when, &task.when) {
                    let bare = bare_words(when.expression(), &sequence.tasks, text.span);
                    if bare.is_empty() {
                        findings.extend(condition(when, text.span, situation(&sequence.tasks, at)));
                    }
                    findings.extend(bare);
                }
            }
        }
    }
    findings
}

/// What is known of the run when a task's turn has come.
fn situation(tasks: &[Task], at: usize) -> Situation {
    let group = tasks[at].parallel.as_deref();
    let own = |task: &&Task| group.is_some() && task.parallel.as_deref() == group;
    let beside = tasks[..at].iter().rev().take_while(own).count();
    match () {
        () if tasks[at].finally => Situation::AtTheEnd,
        // Where all of them may be skipped the data are as the trigger brought them.
        () if tasks[..at - beside].iter().any(|task| task.when.is_none()) => Situation::AfterSuccess,
        () => Situation::Unknown,
    }
}

fn condition(when: &When, span: Span, situation: Situation) -> Vec<Diagnostic> {
    let mut words = Vec::new();
    unknown_words(when.expression(), &mut words);
    if !words.is_empty() {
        words.dedup();
        return words.into_iter().map(|(path, word)| no_such_word(path, word, span)).collect();
    }
    let Some(candidates) = Candidates::of(when.expression(), situation) else { return Vec::new() };
    let Some(outcomes) = candidates.outcomes(when) else { return Vec::new() };
    let known = candidates.known();
    let (code, message, help) = match outcomes {
        Outcomes { holds: false, fails: false, error: Some(error) } => {
            let help = "compare values of one kind: numbers stand without quotes, texts in quotes";
            ("SHY117", format!("this can never be answered: {error}"), help.to_owned())
        }
        Outcomes { holds: false, .. } => {
            let help = known.map(|known| format!("{known}; what is 'finally' runs after a failure too"));
            let help =
                help.unwrap_or_else(|| "no values meet it all at once; to switch a task off, remove it".to_owned());
            ("SHY115", "this never holds, so the task never runs".to_owned(), help)
        }
        Outcomes { fails: false, error: None, .. } => {
            let help = known.map(|known| format!("{known}; remove the condition"));
            let help = help.unwrap_or_else(|| "remove it, or check what it compares".to_owned());
            ("SHY116", "this always holds, so it decides nothing".to_owned(), help)
        }
        Outcomes { .. } => return Vec::new(),
    };
    vec![Diagnostic::warning(code, span, message).help(help)]
}

/// Words that `result` or `status` is compared with and never is.
fn unknown_words<'w>(expression: &'w Expression, words: &mut Vec<(&'static str, &'w str)>) {
    match &expression.kind {
        Kind::Literal(_) | Kind::Path(_) => {}
        Kind::Not(inner) => unknown_words(inner, words),
        Kind::All(parts) | Kind::Any(parts) => parts.iter().for_each(|part| unknown_words(part, words)),
        Kind::Compare(left, operator, right) => {
            let (path, literal) = match (&left.kind, &right.kind) {
                (Kind::Path(path), Kind::Literal(literal)) => (path, literal),
                (Kind::Literal(literal), Kind::Path(path)) if *operator != Operator::In => (path, literal),
                _ => {
                    unknown_words(left, words);
                    unknown_words(right, words);
                    return;
                }
            };
            let compares = matches!(operator, Operator::Equal | Operator::Unequal | Operator::In);
            let (name, known) = match path.root.as_str() {
                "result" if compares && path.steps.is_empty() => ("result", &RESULTS[..]),
                "status" if compares && path.steps.is_empty() => ("status", &STATUS[..]),
                _ => return,
            };
            let literals = literal.as_array().map_or(std::slice::from_ref(literal), Vec::as_slice);
            let written = literals.iter().filter_map(|literal| literal.as_str());
            words.extend(written.filter(|word| !word.is_empty() && !known.contains(word)).map(|word| (name, word)));
        }
    }
}

fn no_such_word(path: &str, word: &str, span: Span) -> Diagnostic {
    let known = if path == "result" { &RESULTS[..] } else { &STATUS[..] };
    let finding = Diagnostic::warning("SHY118", span, format!("'{path}' is never '{word}'"));
    match did_you_mean(word, known.iter().copied()) {
        Some(near) => finding.help(format!("did you mean '{near}'?")),
        None => finding.help(format!("known: {}", known.join(", "))),
    }
}

/// Words without quotes beside a path whose values are texts: to the condition they are paths that lead nowhere.
fn bare_words(expression: &Expression, tasks: &[Task], span: Span) -> Vec<Diagnostic> {
    const ROOTS: [&str; 7] = ["project", "stage", "service", "labels", "result", "status", "message"];
    match &expression.kind {
        Kind::Literal(_) | Kind::Path(_) => Vec::new(),
        Kind::Not(inner) => bare_words(inner, tasks, span),
        Kind::All(parts) | Kind::Any(parts) => parts.iter().flat_map(|part| bare_words(part, tasks, span)).collect(),
        Kind::Compare(left, _, right) => {
            let (Kind::Path(left), Kind::Path(right)) = (&left.kind, &right.kind) else {
                return [left, right].into_iter().flat_map(|side| bare_words(side, tasks, span)).collect();
            };
            let is_text = |path: &Path| ROOTS.contains(&path.root.as_str());
            let is_known = |path: &Path| is_text(path) || tasks.iter().any(|task| task.name == path.root);
            let bare = [(left, right), (right, left)]
                .into_iter()
                .find(|(path, bare)| is_text(path) && bare.steps.is_empty() && !is_known(bare));
            bare.into_iter().map(|(_, bare)| bare_word(&bare.root, span)).collect()
        }
    }
}

fn bare_word(word: &str, span: Span) -> Diagnostic {
    let message = format!("without quotes '{word}' is a path, and seems to lead nowhere");
    let help = match word.to_ascii_lowercase().as_str() {
        "none" | "nil" | "undefined" | "null" => "write null".to_owned(),
        _ => format!("write \"{word}\", in quotes, for the text"),
    };
    Diagnostic::warning("SHY127", span, message).help(help)
}
