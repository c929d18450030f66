//! What starts what: the sequences of a shipyard by name, the ways in which each can end, and which of them a trigger takes.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::shipyard::types::{Shipyard, Task, Trigger};

/// The results that a sequence can end with.
pub(super) const RESULTS: [&str; 3] = ["pass", "warning", "fail"];

/// The sequence that every stage has, and its one task.
const EVALUATION: &str = "evaluation";

/// Stage and sequence.
pub(super) type Name<'s> = (&'s str, &'s str);

/// How a sequence ends, as far as triggers tell it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct End<'s> {
    pub(super) result: &'static str,
    /// The task that ran last, as far as that can be told: of those that may be skipped, that stand in a group, or that are
    /// `finally`, any.
    pub(super) task: &'s str,
}

/// The sequences that can run.
pub(super) struct Process<'s> {
    /// The tasks of each sequence, the implicit ones included, and from which on one may be the last that runs.
    tasks: HashMap<Name<'s>, (Vec<&'s str>, usize)>,
    /// Every event that a trigger can name, in the order of the file.
    events: Vec<String>,
}

/// Why an event is not that of a sequence.
pub(super) enum Unresolved<'e> {
    /// Not `<stage>.<sequence>.finished`.
    Malformed,
    /// No such stage.
    NoStage(&'e str),
    /// The stage has no such sequence.
    NoSequence(Name<'e>),
}

impl<'s> Process<'s> {
    pub(super) fn of(shipyard: &'s Shipyard) -> Self {
        let mut process = Self { tasks: HashMap::new(), events: Vec::new() };
        for stage in &shipyard.stages {
            for sequence in &stage.sequences {
                let tasks = sequence.tasks.iter().map(|task| task.name.as_str()).collect();
                process.add((&stage.name, &sequence.name), tasks, first_last(&sequence.tasks));
            }
            process.add((&stage.name, EVALUATION), vec![EVALUATION], 0);
        }
        process
    }

    /// Of two sequences of one name the first is the one that runs.
    fn add(&mut self, name: Name<'s>, tasks: Vec<&'s str>, first_last: usize) {
        if let Entry::Vacant(entry) = self.tasks.entry(name) {
            entry.insert((tasks, first_last));
            self.events.push(format!("{}.{}.finished", name.0, name.1));
        }
    }

    /// Every event that a trigger can name.
    pub(super) fn events(&self) -> impl Iterator<Item = &str> {
        self.events.iter().map(String::as_str)
    }

    /// The sequence whose end an event is.
    pub(super) fn origin<'e>(&self, event: &'e str) -> Result<Name<'e>, Unresolved<'e>> {
        let name = event.strip_suffix(".finished").and_then(|name| name.split_once('.'));
        match name {
            Some(name) if self.tasks.contains_key(&name) => Ok(name),
            Some((stage, sequence)) if stage.is_empty() || sequence.is_empty() || sequence.contains('.') => {
                Err(Unresolved::Malformed)
            }
            Some((stage, _)) if !self.tasks.contains_key(&(stage, EVALUATION)) => Err(Unresolved::NoStage(stage)),
            Some(name) => Err(Unresolved::NoSequence(name)),
            None => Err(Unresolved::Malformed),
        }
    }

    /// The tasks of a sequence, in order.
    pub(super) fn tasks<'a>(&'a self, name: Name<'a>) -> &'a [&'a str] {
        self.tasks.get(&name).map(|(tasks, _)| tasks.as_slice()).unwrap_or_default()
    }

    /// The ways in which a sequence can end: after its last task, or with the failure of any. One without tasks has none,
    /// since its start is an error, and errors start nothing.
    pub(super) fn ends<'a>(&'a self, name: Name<'a>) -> Vec<End<'a>> {
        let Some((tasks, first_last)) = self.tasks.get(&name) else { return Vec::new() };
        let (earlier, last) = tasks.split_at(*first_last);
        let last = last.iter().rev().flat_map(|task| RESULTS.map(|result| End { result, task }));
        last.chain(earlier.iter().rev().map(|task| End { result: "fail", task })).collect()
    }

    /// The ends of a sequence on which a trigger starts another.
    pub(super) fn taken<'a>(&'a self, trigger: &Trigger, name: Name<'a>) -> Vec<End<'a>> {
        let mut ends = self.ends(name);
        if trigger.selector.is_empty() {
            ends.retain(|end| end.result != "fail");
        } else {
            ends.retain(|end| trigger.selector.iter().any(|(key, value)| meets(key, value, *end)));
        }
        ends
    }
}

/// From which task on one may be the last that runs: those behind it may be skipped, stand in its group, or are `finally`.
fn first_last(tasks: &[Task]) -> usize {
    let may_be_missing = |task: &Task| task.when.is_some() || task.finally;
    let mut first = tasks.len().saturating_sub(1);
    while let Some(before) = first.checked_sub(1) {
        let grouped = tasks[before].parallel.is_some() && tasks[before].parallel == tasks[first].parallel;
        if !grouped && !may_be_missing(&tasks[first]) {
            break;
        }
        first = before;
    }
    first
}

/// Whether one key of a selector with its value is met by an end.
pub(super) fn meets(key: &str, value: &str, end: End<'_>) -> bool {
    value == end.result && (key == "result" || key.strip_suffix(".result") == Some(end.task))
}
