//! What happened, line by line.

use std::collections::{BTreeMap, BTreeSet};

use capstan_engine::orchestrate::{Fact, Sequence};
use capstan_model::event::EventType;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::words::{Speaker, span};
use crate::ports::StoredFact;
use crate::simulator::Played;

/// Something that happened, in words.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// By the clock of the server.
    pub time: Timestamp,
    /// The same since the beginning.
    #[serde(skip)]
    pub since: SignedDuration,
    /// Name of the run; empty where it is about none.
    pub run: String,
    /// Its stage, or empty.
    pub stage: String,
    /// Its sequence, or empty.
    pub sequence: String,
    /// What happened.
    pub what: String,
    /// The fact; none where the server itself is concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fact: Option<Fact>,
}

/// What happened beside the facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Position of the last fact before it.
    pub after: u64,
    /// When.
    pub at: Timestamp,
    /// Name of the run that it is about; empty: of all.
    pub run: String,
    /// What.
    pub what: String,
}

impl Played {
    /// All that happened, in order.
    pub fn lines(&self) -> Vec<Line> {
        let beginning = self.world.beginning();
        let mut told: Vec<(u64, Line)> = Vec::new();
        let sequences = self.all_sequences();
        let name = |id: &str| name_of(&sequences, id);
        let contexts = self.contexts();
        let run = |context: &str| run_of(&contexts, context);
        let speaker = Speaker { beginning, name: &name, run: &run };
        // A timeout counts from the first turn on.
        let mut begun = BTreeSet::new();
        for (run, context) in &contexts {
            for StoredFact { position, sequence, at, fact, .. } in self.world.facts(context) {
                let of = sequence.and_then(|id| sequences.get(&id)).map(|(_, sequence)| sequence);
                let (stage, name) = place(of, &fact);
                let mut what = run_names(&contexts, speaker.say(&fact, of));
                let timeout = of.and_then(|sequence| sequence.definition.timeout).filter(|_| fact == Fact::SlotHeld);
                if let Some(timeout) = timeout.filter(|_| begun.insert(of.map(|sequence| sequence.id.clone()))) {
                    what.push_str(&format!(", to be over by {}", span(at.duration_since(beginning) + timeout)));
                }
                let since = at.duration_since(beginning);
                let fact = Some(fact);
                told.push((position, Line { time: at, since, run: run.clone(), stage, sequence: name, what, fact }));
            }
        }
        told.sort_by_key(|(position, _)| *position);
        // From the back, so that notes at one place keep their order.
        for note in self.notes.iter().rev() {
            let at = told.partition_point(|(position, _)| *position <= note.after);
            let line = Line {
                time: note.at,
                since: note.at.duration_since(beginning),
                run: note.run.clone(),
                stage: String::new(),
                sequence: String::new(),
                what: note.what.clone(),
                fact: None,
            };
            told.insert(at, (note.after + 1, line));
        }
        told.into_iter().map(|(_, line)| line).collect()
    }

    /// Name and context of all that was sent: those of the scenario first.
    pub(super) fn contexts(&self) -> Vec<(String, String)> {
        let mut all = self.runs.clone();
        for (_, context) in self.world.contexts() {
            if !all.iter().any(|(_, known)| known == context) {
                all.push((context.to_owned(), context.to_owned()));
            }
        }
        all
    }

    /// All sequences by id, each with the name of its run.
    pub(super) fn all_sequences(&self) -> BTreeMap<String, (String, Sequence)> {
        let mut all = BTreeMap::new();
        for (run, context) in self.contexts() {
            for sequence in self.world.sequences(&context) {
                all.insert(sequence.id.clone(), (run.clone(), sequence));
            }
        }
        all
    }
}

/// What a run is called.
pub(super) fn run_of(contexts: &[(String, String)], context: &str) -> String {
    contexts.iter().find(|(_, of)| of == context).map_or(context, |(run, _)| run).to_owned()
}

/// A sentence of the engine, which knows runs by their contexts, with their names.
pub(super) fn run_names(contexts: &[(String, String)], sentence: String) -> String {
    contexts.iter().fold(sentence, |sentence, (run, context)| sentence.replace(context, run))
}

/// What a sequence is called where another one speaks of it.
pub(super) fn name_of(sequences: &BTreeMap<String, (String, Sequence)>, id: &str) -> String {
    sequences.get(id).map_or_else(
        || id.to_owned(),
        |(run, sequence)| format!("{run} {}.{}", sequence.scope.stage, sequence.definition.name),
    )
}

/// Stage and sequence of a fact.
fn place(sequence: Option<&Sequence>, fact: &Fact) -> (String, String) {
    if let Some(sequence) = sequence {
        return (sequence.scope.stage.clone(), sequence.definition.name.clone());
    }
    if let Fact::Refused { event_type, .. } = fact
        && let EventType::Sequence { stage, sequence, .. } = EventType::parse(event_type)
    {
        return (stage.to_owned(), sequence.to_owned());
    }
    (String::new(), String::new())
}
