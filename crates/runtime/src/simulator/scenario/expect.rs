//! What has to hold at the end of a scenario.

use capstan_engine::orchestrate::{Fact, Phase, Run, Sequence, TaskEnd};
use capstan_model::diagnostic::Span;
use capstan_model::yaml::{Decoder, FromYaml, NodeId};

use super::decode::{count, stage_and_sequence, word};
use crate::simulator::World;

/// What a run or a sequence can be.
const STATES: [&str; 8] =
    ["triggered", "waiting", "started", "waitingForApproval", "paused", "finished", "aborted", "timedOut"];

/// How a sequence or a task can end.
const STATUSES: [&str; 4] = ["succeeded", "errored", "aborted", "unknown"];

/// What comes of it; the last two of a run alone.
const RESULTS: [&str; 5] = ["pass", "warning", "fail", "timedOut", "aborted"];

/// In which way a task can end.
const ENDS: [TaskEnd; 5] =
    [TaskEnd::Answered, TaskEnd::TimedOut, TaskEnd::Impossible, TaskEnd::Skipped, TaskEnd::Cancelled];

/// Of the run, or of those of its sequences and tasks that are named, all that is given has to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// Where it stands.
    pub span: Span,
    /// Name of the run.
    pub run: String,
    /// Stage and name of sequences; without them it is about the run.
    pub sequence: Option<(String, String)>,
    /// Name of a task.
    pub task: Option<String>,
    /// State of the run, or of the last of the sequences.
    pub state: Option<String>,
    /// Status with which the last of the sequences ended, or that of the last task.
    pub status: Option<String>,
    /// Its result, or that of the run.
    pub result: Option<String>,
    /// In which way the last task ended.
    pub end: Option<String>,
    /// How many of the sequences there were, or how often the task was offered.
    pub times: Option<u32>,
    /// How many sequences the run had.
    pub sequences: Option<u32>,
    /// How many events changed nothing.
    pub ignored: Option<u32>,
}

/// What became of an expectation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// Where it stands.
    pub span: Span,
    /// What does not hold: empty where all does.
    pub differences: Vec<String>,
}

impl Default for Expectation {
    fn default() -> Self {
        Self {
            span: Span { start: 0, end: 0 },
            run: String::new(),
            sequence: None,
            task: None,
            state: None,
            status: None,
            result: None,
            end: None,
            times: None,
            sequences: None,
            ignored: None,
        }
    }
}

impl Expectation {
    /// Looks whether it holds.
    pub(super) fn judge(&self, world: &World, context: &str) -> Judgement {
        let sequences = world.sequences(context);
        let meant: Vec<&Sequence> = sequences.iter().filter(|sequence| self.means(sequence)).collect();
        let Found { state, status, result, end, times } = match &self.task {
            Some(task) => Self::find_task(world, context, task, &meant),
            None => self.find_sequence(world, context, &meant),
        };
        let mut differences = Vec::new();
        let mut subject = format!("run '{}'", self.run);
        if let Some((stage, sequence)) = &self.sequence {
            subject.push_str(&format!(", {stage}.{sequence}"));
        }
        if let Some(task) = &self.task {
            subject.push_str(&format!(", task '{task}'"));
        }
        let mut compare = |what: &str, wanted: Option<String>, found: Option<String>| {
            if let Some(wanted) = wanted.filter(|wanted| Some(wanted) != found.as_ref()) {
                let found = found.unwrap_or_else(|| "none".to_owned());
                differences.push(format!("{subject}: {what} is {found}, not {wanted}"));
            }
        };
        let number = |count: usize| Some(count.to_string());
        let wanted = |count: Option<u32>| count.map(|count| count.to_string());
        compare("the state", self.state.clone(), state);
        compare("the status", self.status.clone(), status);
        compare("the result", self.result.clone(), result);
        compare("the end", self.end.clone(), end);
        compare("the number of times", wanted(self.times), number(times));
        compare(
            "the number of sequences",
            wanted(self.sequences),
            world.run(context).map(|run| run.sequences.to_string()),
        );
        compare("the number of ignored events", wanted(self.ignored), number(world.ignored(context).len()));
        Judgement { span: self.span, differences }
    }

    fn means(&self, sequence: &Sequence) -> bool {
        self.sequence
            .as_ref()
            .is_none_or(|(stage, name)| *stage == sequence.scope.stage && *name == sequence.definition.name)
    }

    fn find_sequence(&self, world: &World, context: &str, meant: &[&Sequence]) -> Found {
        let ending = meant.iter().rev().find_map(|sequence| match &sequence.phase {
            Phase::Ended(ending) => Some(ending),
            _ => None,
        });
        let (state, result) = if self.sequence.is_some() {
            let state = meant.last().map(|sequence| sequence.state().to_owned());
            (state, ending.map(|ending| ending.result.clone()))
        } else {
            let run = world.run(context);
            let result = run.as_ref().and_then(Run::result).map(|result| result.word().to_owned());
            (run.map(|run| run.state().word().to_owned()), result)
        };
        let status = ending.map(|ending| ending.status.clone());
        Found { state, status, result, end: None, times: meant.len() }
    }

    fn find_task<'w>(world: &World, context: &str, task: &str, meant: &[&'w Sequence]) -> Found {
        let facts = world.facts(context);
        let offers = facts.iter().filter(|fact| match &fact.fact {
            Fact::TaskOffered { task: at, .. } => meant
                .iter()
                .any(|sequence| fact.sequence.as_deref() == Some(&*sequence.id) && sequence.name_of(*at) == task),
            _ => false,
        });
        let over = |sequence: &&'w Sequence| sequence.over().filter(|done| done.name == task).last();
        let done = meant.iter().rev().find_map(over);
        Found {
            state: None,
            status: done.map(|done| done.status.clone()),
            result: done.map(|done| done.result.clone()),
            end: done.map(|done| done.end.word().to_owned()),
            times: offers.count(),
        }
    }
}

struct Found {
    state: Option<String>,
    status: Option<String>,
    result: Option<String>,
    end: Option<String>,
    times: usize,
}

impl FromYaml for Expectation {
    fn from_yaml(decoder: &mut Decoder<'_>, node: NodeId) -> Option<Self> {
        let mut expectation = Self { span: decoder.span(node), ..Self::default() };
        let known = ["run", "sequence", "task", "state", "status", "result", "end", "times", "sequences", "ignored"];
        decoder.mapping(node, "a map with 'run'", &known, |decoder, key, value| {
            match key {
                "run" => expectation.run = String::from_yaml(decoder, value).unwrap_or_default(),
                "sequence" => expectation.sequence = stage_and_sequence(decoder, value),
                "task" => expectation.task = String::from_yaml(decoder, value),
                "state" => expectation.state = word(decoder, value, &STATES),
                "status" => expectation.status = word(decoder, value, &STATUSES),
                "result" => expectation.result = word(decoder, value, &RESULTS),
                "end" => expectation.end = word(decoder, value, &ENDS.map(TaskEnd::word)),
                "times" => expectation.times = count(decoder, value),
                "sequences" => expectation.sequences = count(decoder, value),
                "ignored" => expectation.ignored = count(decoder, value),
                _ => return false,
            }
            true
        })?;
        Some(expectation)
    }
}
