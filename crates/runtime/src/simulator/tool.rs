//! Tools that do what a script says.

use std::collections::{BTreeMap, BTreeSet};

use capstan_engine::approval;
use capstan_engine::orchestrate::APPROVAL;
use capstan_model::event::rest::data_text;
use capstan_model::event::{CloudEvent, EventType, event_type};
use jiff::SignedDuration;
use serde_json::{Map, Value};

use super::agenda::{Act, Agenda};

/// What answers a task.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    /// Name of the task.
    pub task: String,
    /// In this stage alone.
    pub stage: Option<String>,
    /// Of this service alone.
    pub service: Option<String>,
    /// In this run alone.
    pub context: Option<String>,
    /// The `source` of its events.
    pub source: String,
    /// How long it may be silent, where it claims its tasks; none: it takes part by events alone.
    pub lease: Option<SignedDuration>,
    /// Whether it asks for its tasks before there are any, where it claims them: its claim waits.
    pub waits: bool,
    /// What it does at its first, second, … task of a run; the last one again and again. Without any it does nothing.
    pub answers: Vec<Answer>,
}

/// What a tool does with one task.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Whether it says that it starts; a claim says so.
    pub starts: bool,
    /// How long after the offer it starts.
    pub after: SignedDuration,
    /// How long after its start it answers; below zero the answer arrives before the start.
    pub works: SignedDuration,
    /// Whether it falls silent instead of answering.
    pub dies: bool,
    /// How often it says that it is still at work; none: never or, where it has claimed the task, three times a lease.
    pub heartbeat: Option<SignedDuration>,
    /// What it says of its work then, where it has claimed the task.
    pub progress: Option<String>,
    /// Why it gives the task that it has claimed back instead of answering; none: it does not.
    pub releases: Option<String>,
    /// How often it answers.
    pub times: u32,
    /// The data of its answer; those of the scope are added.
    pub data: Map<String, Value>,
}

impl Default for Answer {
    fn default() -> Self {
        let mut data = Map::new();
        data.insert("status".to_owned(), "succeeded".into());
        data.insert("result".to_owned(), "pass".into());
        Self {
            starts: true,
            after: SignedDuration::ZERO,
            works: SignedDuration::ZERO,
            dies: false,
            heartbeat: None,
            progress: None,
            releases: None,
            times: 1,
            data,
        }
    }
}

impl Tool {
    /// One that answers `pass` at once, everywhere.
    pub fn new(task: &str, source: &str) -> Self {
        Self {
            task: task.to_owned(),
            stage: None,
            service: None,
            context: None,
            source: source.to_owned(),
            lease: None,
            waits: false,
            answers: vec![Answer::default()],
        }
    }

    /// Whether a `.triggered` event is for it.
    pub(super) fn is_for(&self, offer: &CloudEvent) -> bool {
        let of =
            |wanted: &Option<String>, field| wanted.as_deref().is_none_or(|it| it == data_text(&offer.data, field));
        task_of(offer) == self.task
            && of(&self.stage, "stage")
            && of(&self.service, "service")
            && self.context.as_ref().is_none_or(|context| offer.context.as_ref() == Some(context))
    }
}

/// All tools of a world. They live outside of the server: a kill does not touch them.
#[derive(Debug)]
pub(super) struct Tools {
    /// Whether the approval service is there.
    pub(super) approval: bool,
    pub(super) scripted: Vec<Tool>,
    /// Offers that they were told of.
    told: BTreeSet<String>,
    /// How many tasks each was given in a run.
    turns: BTreeMap<(usize, String), usize>,
    /// Leases of which their tools have heard that they are over.
    pub(super) over: BTreeSet<String>,
    /// Leases that lived when their tools answered.
    pub(super) answered: BTreeSet<String>,
}

impl Default for Tools {
    fn default() -> Self {
        Self {
            approval: true,
            scripted: Vec::new(),
            told: BTreeSet::new(),
            turns: BTreeMap::new(),
            over: BTreeSet::new(),
            answered: BTreeSet::new(),
        }
    }
}

impl Tools {
    /// Whether they were told of an offer.
    pub(super) fn have_heard(&self, id: &str) -> bool {
        self.told.contains(id)
    }

    /// Tells them of an offer. What those that it is for will do about it goes on the agenda, once.
    pub(super) fn hear(&mut self, offer: &CloudEvent, now: SignedDuration, agenda: &mut Agenda) {
        if !self.told.insert(offer.id.clone()) {
            return;
        }
        if self.approval && task_of(offer) == APPROVAL {
            for answer in approval::answers(offer) {
                agenda.plan(now, Act::Event(Box::new(answer)));
            }
        }
        let context = offer.context.clone().unwrap_or_default();
        for (at, tool) in self.scripted.iter().enumerate().filter(|(_, tool)| !tool.waits && tool.is_for(offer)) {
            let turn = self.turns.entry((at, context.clone())).or_default();
            match tool.answers.get(*turn).or(tool.answers.last()) {
                Some(answer) if tool.lease.is_some() => answer.plan_claim(at, offer, now, agenda),
                Some(answer) => answer.plan(offer, &tool.source, now, agenda),
                None => {}
            }
            *turn += 1;
        }
    }

    /// What a tool does with the next task of a run, and whether it knows nothing else to do.
    pub(super) fn next_answer(&mut self, tool: usize, context: String) -> Option<(Answer, bool)> {
        let answers = &self.scripted.get(tool)?.answers;
        let turn = self.turns.entry((tool, context)).or_default();
        let answer = answers.get(*turn).or(answers.last())?.clone();
        *turn += 1;
        Some((answer, *turn >= answers.len()))
    }

    /// A tool has given a task back. It takes it again for its next answer, if there is one.
    pub(super) fn given_back(&mut self, tool: usize, offer: &CloudEvent, now: SignedDuration, agenda: &mut Agenda) {
        let turn = self.turns.entry((tool, offer.context.clone().unwrap_or_default())).or_default();
        let scripted = self.scripted.get(tool).filter(|tool| !tool.waits);
        if let Some(answer) = scripted.and_then(|tool| tool.answers.get(*turn)) {
            answer.plan_claim(tool, offer, now, agenda);
            *turn += 1;
        }
    }
}

impl Answer {
    fn plan_claim(&self, tool: usize, offer: &CloudEvent, now: SignedDuration, agenda: &mut Agenda) {
        let (offer, answer) = (Box::new(offer.clone()), Box::new(self.clone()));
        agenda.plan(now.saturating_add(self.after), Act::Claim { tool, offer, answer, key: String::new() });
    }

    fn plan(&self, offer: &CloudEvent, source: &str, now: SignedDuration, agenda: &mut Agenda) {
        let say = |phase, data: &Map<_, _>| Box::new(reaction(offer, source, phase, data));
        let starts = now.saturating_add(self.after);
        let ends = starts.saturating_add(self.works).max(now);
        if self.starts {
            agenda.plan(starts, Act::Event(say("started", &Map::new())));
        }
        if let Some(every) = self.heartbeat.filter(SignedDuration::is_positive) {
            let first = starts.saturating_add(every);
            if first < ends {
                let event = say("status.changed", &Map::new());
                agenda.plan(first, Act::Beat { event, every, until: ends });
            }
        }
        for _ in 0..if self.dies { 0 } else { self.times } {
            agenda.plan(ends, Act::Event(say("finished", &self.data)));
        }
    }
}

/// The name of the task that an event is about.
pub(super) fn task_of(event: &CloudEvent) -> &str {
    match EventType::parse(&event.kind) {
        EventType::Task { task, .. } | EventType::StatusChanged { task } => task,
        _ => "",
    }
}

/// What a tool says about a task, without an id. `data` goes over what the offer says about project, stage, service and
/// labels.
pub(super) fn reaction(offer: &CloudEvent, source: &str, phase: &str, data: &Map<String, Value>) -> CloudEvent {
    let fields = ["project", "stage", "service", "labels"].into_iter();
    let scope = fields.filter_map(|field| Some((field.to_owned(), offer.data.get(field)?.clone())));
    let mut said: Map<String, Value> = scope.collect();
    said.extend(data.clone());
    CloudEvent {
        id: String::new(),
        source: source.to_owned(),
        kind: event_type::of_task(task_of(offer), phase),
        time: None,
        context: offer.context.clone(),
        triggered_id: Some(offer.id.clone()),
        commit: None,
        extensions: Map::new(),
        data: Value::Object(said),
    }
}
