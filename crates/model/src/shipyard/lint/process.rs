//! What starts what: the sequences of a shipyard by name, the ways in which each can end, and which of them a trigger takes.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::shipyard::types::{Shipyard, Trigger};

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
    /// The task that ran last.
    pub(super) task: &'s str,
}

/// The sequences that can run.
pub(super) struct Process<'s> {
    /// The tasks of each sequence, the implicit ones included.
    tasks: HashMap<Name<'s>, Vec<&'s str>>,
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
                process.add((&stage.name, &sequence.name), tasks);
            }
            process.add((&stage.name, EVALUATION), vec![EVALUATION]);
        }
        process
    }

    /// Of two sequences of one name the first is the one that runs.
    fn add(&mut self, name: Name<'s>, tasks: Vec<&'s str>) {
        if let Entry::Vacant(entry) = self.tasks.entry(name) {
            entry.insert(tasks);
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
        self.tasks.get(&name).map(Vec::as_slice).unwrap_or_default()
    }

    /// The ways in which a sequence can end: after its last task, or with the failure of any. One without tasks has none,
    /// since its start is an error, and errors start nothing.
    pub(super) fn ends<'a>(&'a self, name: Name<'a>) -> Vec<End<'a>> {
        let tasks = self.tasks(name);
        let last = tasks.last().into_iter().flat_map(|task| RESULTS.map(|result| End { result, task }));
        let failures = tasks.iter().rev().skip(1).map(|task| End { result: "fail", task });
        last.chain(failures).collect()
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

/// Whether one key of a selector with its value is met by an end.
pub(super) fn meets(key: &str, value: &str, end: End<'_>) -> bool {
    value == end.result && (key == "result" || key.strip_suffix(".result") == Some(end.task))
}
