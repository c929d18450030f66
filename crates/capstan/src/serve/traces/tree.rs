//! The spans of a run, from its facts: the run, below it its sequences, below each of them the attempts of its tasks.

use std::collections::BTreeMap;

use capstan_engine::orchestrate::trace::{self, TraceId};
use capstan_engine::orchestrate::{AttemptEnd, Birth, Fact, Run, RunResult, TaskEnd};
use capstan_runtime::ports::StoredFact;
use jiff::Timestamp;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::{Event, SpanKind};

use super::span;

/// A part of all facts, by position.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    /// Behind this.
    pub(super) after: u64,
    /// Up to this.
    pub(super) last: u64,
}

impl Part {
    pub(super) fn holds(self, position: u64) -> bool {
        self.after < position && position <= self.last
    }
}

/// Whether something is over with this fact that has a span.
pub(super) fn ends_something(fact: &Fact) -> bool {
    let ends_task = matches!(fact, Fact::TaskDone { .. } | Fact::TaskEnded { .. } | Fact::AttemptEnded { .. });
    ends_task || ends_sequence(fact) || matches!(fact, Fact::Closing(_))
}

fn ends_sequence(fact: &Fact) -> bool {
    matches!(fact, Fact::Ended(_) | Fact::Refused { .. })
}

/// Spans of what ended in this part, of the facts of one run. `caused_by` is what the trigger of the run names as its cause.
pub(super) fn of(run: &Run, facts: &[StoredFact], part: Part, caused_by: Option<&str>) -> Vec<Span> {
    let mut sequences: BTreeMap<&str, Open<'_>> = BTreeMap::new();
    let mut spans = Vec::new();
    for stored in facts {
        let Some(id) = stored.sequence.as_deref() else { continue };
        if let Fact::Triggered(birth) = &stored.fact {
            sequences.insert(id, Open::new(run, birth, stored.at));
        }
        // What the rules of retention have torn apart has no span.
        let Some(sequence) = sequences.get_mut(id) else { continue };
        let ended = sequence.hear(stored);
        if part.holds(stored.position) {
            spans.extend(ended);
        }
    }
    let last_end = facts.iter().rev().find(|stored| ends_sequence(&stored.fact));
    if let (Some(last), Some(end), Some(result)) = (last_end, run.end(), run.result())
        && part.holds(last.position)
    {
        spans.push(root(run, end, result, caused_by));
    }
    spans
}

fn root(run: &Run, end: Timestamp, result: RunResult, caused_by: Option<&str>) -> Span {
    let id = trace::span_of_run(&run.project, &run.context);
    let mut root = span::new(trace::trace_of(&run.context), id, None, &run.name, [run.time, end]);
    root.attributes = span::attributes([
        ("capstan.project", &run.project),
        ("capstan.service", &run.service),
        ("capstan.context", &run.context),
        ("capstan.result", result.word()),
    ]);
    root.links.extend(caused_by.and_then(trace::parse).map(span::link));
    root.status = Some(span::status(bad(result, "")));
    root
}

fn bad(result: RunResult, message: &str) -> Option<String> {
    let message = if message.is_empty() { format!("it ended with '{}'", result.word()) } else { message.to_owned() };
    (result > RunResult::Warning).then_some(message)
}

/// A sequence while its facts are read.
struct Open<'a> {
    trace: TraceId,
    run: &'a Run,
    birth: &'a Birth,
    begun: Timestamp,
    events: Vec<Event>,
    /// By the index of their task.
    attempts: BTreeMap<usize, Attempt>,
}

/// An attempt while its facts are read.
struct Attempt {
    number: u32,
    triggered_id: String,
    offered: Timestamp,
    tool: String,
    message: String,
    events: Vec<Event>,
}

/// How an attempt ended.
#[derive(Default)]
struct End<'a> {
    word: &'a str,
    result: &'a str,
    status: &'a str,
    bad: Option<String>,
}

impl<'a> Open<'a> {
    fn new(run: &'a Run, birth: &'a Birth, begun: Timestamp) -> Self {
        let trace = trace::trace_of(&birth.scope.context);
        Self { trace, run, birth, begun, events: Vec::new(), attempts: BTreeMap::new() }
    }

    /// Takes a fact in. The spans of what it ends.
    fn hear(&mut self, stored: &StoredFact) -> Vec<Span> {
        // Nothing else says of what was open that it is cancelled.
        let cuts_off = matches!(stored.fact, Fact::Closing(_) | Fact::Ended(_));
        let open: Vec<usize> = self.attempts.keys().copied().filter(|_| cuts_off).collect();
        let end = || End { word: TaskEnd::Cancelled.word(), ..End::default() };
        let cut = open.into_iter().filter_map(|task| self.end_attempt(task, stored.at, end())).collect::<Vec<_>>();
        cut.into_iter().chain(self.take(stored)).collect()
    }

    fn take(&mut self, stored: &StoredFact) -> Option<Span> {
        let at = stored.at;
        match &stored.fact {
            Fact::TaskOffered { task, attempt, triggered_id, .. } => {
                let (number, triggered_id) = (*attempt, triggered_id.clone());
                let (tool, message, events) = (String::new(), String::new(), Vec::new());
                self.attempts.insert(*task, Attempt { number, triggered_id, offered: at, tool, message, events });
            }
            Fact::TaskStarted { task, event, .. } => {
                let attempt = self.attempts.get_mut(task)?;
                attempt.tool.clone_from(&event.source);
                attempt.note(at, "started", &event.source);
            }
            Fact::TaskAnswered { task, event, .. } => {
                let attempt = self.attempts.get_mut(task)?;
                attempt.tool.clone_from(&event.source);
                attempt.message = event.message();
                attempt.note(at, "answered", &event.source);
            }
            Fact::LeaseReleased { task, source, .. } => {
                self.attempts.get_mut(task)?.note(at, "lease released", source);
            }
            Fact::AttemptEnded { task, end, message, .. } => {
                let word = match end {
                    AttemptEnd::Failed => "failed",
                    AttemptEnd::TimedOut => "timed_out",
                    AttemptEnd::LeaseLost => "lease_lost",
                };
                return self.end_attempt(*task, at, End { word, bad: Some(message.clone()), ..End::default() });
            }
            Fact::TaskDone { task, result, status } => {
                let failed = result == "fail" || status == "errored";
                let said =
                    self.attempts.get(task).map(|attempt| attempt.message.clone()).filter(|said| !said.is_empty());
                let why = || said.unwrap_or_else(|| format!("answered with result '{result}' and status '{status}'"));
                let end = End { word: TaskEnd::Answered.word(), result, status, bad: failed.then(why) };
                return self.end_attempt(*task, at, end);
            }
            Fact::TaskEnded { task, end, message } => {
                let is_bad = matches!(end, TaskEnd::TimedOut | TaskEnd::Impossible);
                let bad = is_bad.then(|| message.clone());
                if self.attempts.contains_key(task) {
                    return self.end_attempt(*task, at, End { word: end.word(), bad, ..End::default() });
                }
                // It was never offered.
                let about = span::attributes([("capstan.task", self.name_of(*task)), ("capstan.message", message)]);
                self.events.push(span::event(at, &format!("task {}", end.word()), about));
            }
            Fact::Queued { .. } => self.note(at, "queued"),
            Fact::SlotHeld => self.note(at, "slot held"),
            Fact::Paused => self.note(at, "paused"),
            Fact::Resumed => self.note(at, "resumed"),
            Fact::Ended(ending) => {
                let Birth { id, scope, definition, .. } = self.birth;
                let parent = trace::span_of_run(&self.run.project, &scope.context);
                let name = format!("{}.{}", scope.stage, definition.name);
                let own = trace::span_of_sequence(id);
                let mut ended = span::new(self.trace, own, Some(parent), &name, [self.begun, at]);
                let result = RunResult::of(ending);
                ended.attributes = self.place();
                ended.attributes.extend(span::attributes([
                    ("capstan.sequence_id", id),
                    ("capstan.result", result.word()),
                    ("capstan.status", &ending.status),
                ]));
                ended.events = std::mem::take(&mut self.events);
                ended.status = Some(span::status(bad(result, &ending.message)));
                return Some(ended);
            }
            _ => {}
        }
        None
    }

    fn note(&mut self, at: Timestamp, name: &str) {
        self.events.push(span::event(at, name, Vec::new()));
    }

    fn name_of(&self, task: usize) -> &'a str {
        self.birth.definition.tasks.get(task).map(|task| task.name.as_str()).unwrap_or_default()
    }

    fn place(&self) -> Vec<opentelemetry_proto::tonic::common::v1::KeyValue> {
        let Birth { scope, definition, .. } = self.birth;
        span::attributes([
            ("capstan.project", &scope.project),
            ("capstan.stage", &scope.stage),
            ("capstan.service", &scope.service),
            ("capstan.context", &scope.context),
            ("capstan.sequence", &definition.name),
        ])
    }

    fn end_attempt(&mut self, task: usize, at: Timestamp, end: End<'_>) -> Option<Span> {
        let attempt = self.attempts.remove(&task)?;
        let (parent, own) = (trace::span_of_sequence(&self.birth.id), trace::span_of_attempt(&attempt.triggered_id));
        let mut ended = span::new(self.trace, own, Some(parent), self.name_of(task), [attempt.offered, at]);
        // Whoever goes on below it is another process that has heard of it by an event.
        ended.kind = SpanKind::Producer as i32;
        ended.attributes = self.place();
        ended.attributes.push(span::number("capstan.attempt", attempt.number));
        ended.attributes.extend(span::attributes([
            ("capstan.task", self.name_of(task)),
            ("capstan.triggered_id", &attempt.triggered_id),
            ("capstan.tool", &attempt.tool),
            ("capstan.end", end.word),
            ("capstan.result", end.result),
            ("capstan.status", end.status),
        ]));
        ended.events = attempt.events;
        ended.status = Some(span::status(end.bad));
        Some(ended)
    }
}

impl Attempt {
    fn note(&mut self, at: Timestamp, name: &str, tool: &str) {
        self.events.push(span::event(at, name, span::attributes([("capstan.tool", tool)])));
    }
}
