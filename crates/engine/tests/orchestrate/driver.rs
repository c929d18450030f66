//! A sequence with a clock, timers and a slot, driven by a script of one line for each input.
//!
//! `a starts` `a works` `a answers pass` are said by the tool `a` of the open task; `a answers build fail/errored` of an
//! earlier one, `build#1` of its first attempt; `by lease` makes it one of its claim. `a claims build for 30s`, `a beats half
//! done` and `a releases` are about claims. `10m pass` lets time go by with all timers that elapse on the way; `restart` is
//! what a server does that was away, and `clock back 5m` sets the clock. Behind `=>` stand the facts that follow, separated by `;`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use capstan_engine::orchestrate::{
    Attempt, AttemptEnd, Birth, Claim, Control, Decision, Effect, Fact, Input, Limits, Origin, Outcome, Reaction,
    ReactionKind, Scope, Sequence, TimerKind, Why, Wish, apply, begin_again, born, decide, trigger_again,
};
use capstan_model::duration;
use capstan_model::event::{CloudEvent, event_type};
use capstan_model::shipyard;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

pub(crate) const START: Timestamp = Timestamp::constant(1_700_000_000, 0);

/// `build, check 10m`: tasks, some with a delay.
pub(crate) fn definition(tasks: &str) -> shipyard::Sequence {
    let task = |text: &str| {
        let mut words = text.split_whitespace();
        shipyard::Task {
            name: words.next().unwrap().to_owned(),
            triggered_after: words.next().map(str::to_owned),
            ..shipyard::Task::default()
        }
    };
    let tasks = tasks.split(',').map(task).collect();
    shipyard::Sequence { name: "delivery".to_owned(), tasks, ..shipyard::Sequence::default() }
}

/// A sequence as a shipyard has it, without its name.
pub(crate) fn written(sequence: &str) -> shipyard::Sequence {
    let shipyard = shipyard(&format!("{{name: dev, sequences: [{{name: delivery, {sequence}}}]}}"));
    (*shipyard.stages[0].sequences[0]).clone()
}

pub(crate) fn birth(definition: shipyard::Sequence, data: Value) -> Birth {
    let mut input = Map::new();
    for (field, value) in [("project", "p"), ("stage", "dev"), ("service", "svc")] {
        input.insert(field.to_owned(), value.into());
    }
    if let Value::Object(data) = data {
        input.extend(data);
    }
    let scope = Scope {
        project: "p".to_owned(),
        stage: "dev".to_owned(),
        service: "svc".to_owned(),
        context: "run".to_owned(),
        triggered_id: "trigger".to_owned(),
        event_type: "sh.keptn.event.dev.delivery.triggered".to_owned(),
        labels: input.get("labels").cloned().unwrap_or_default(),
        status: String::new(),
        result: String::new(),
        message: String::new(),
        commit: Some("c0ffee".to_owned()),
    };
    Birth {
        id: "seq".to_owned(),
        scope: Arc::new(scope),
        definition: Arc::new(definition),
        input: Arc::new(input),
        ordinal: 7,
        paused: false,
        key: None,
        rerun: None,
        done: Vec::new(),
    }
}

#[derive(Clone)]
pub(crate) struct Driver {
    pub(crate) sequence: Sequence,
    pub(crate) limits: Limits,
    pub(crate) at: Timestamp,
    pub(crate) up_since: Timestamp,
    /// Whether a slot is granted as soon as it is wanted.
    pub(crate) grants: bool,
    pub(crate) timers: BTreeMap<TimerKind, Timestamp>,
    pub(crate) facts: Vec<(Timestamp, Fact)>,
    /// All offers, the open one last.
    pub(crate) offers: Vec<CloudEvent>,
    pub(crate) published: Vec<CloudEvent>,
    pub(crate) open: BTreeSet<String>,
    pub(crate) follows: usize,
    said: u64,
}

impl Driver {
    /// A sequence that was just triggered.
    pub(crate) fn new(birth: Birth) -> Self {
        Self::under(birth, Limits::default(), true)
    }

    pub(crate) fn of(tasks: &str) -> Self {
        Self::new(birth(definition(tasks), Value::Null))
    }

    /// A sequence as a shipyard has it, such as `tasks: [{name: build, timeout: 5m}]`.
    pub(crate) fn yaml(sequence: &str) -> Self {
        Self::new(birth(written(sequence), Value::Null))
    }

    /// The same sequence again, where it has failed.
    pub(crate) fn again(&self, origin: Origin) -> Self {
        let trigger = trigger_again(&self.sequence, 1, self.at);
        let wish = Wish { by: "kim".to_owned(), reason: "it was full".to_owned() };
        let birth = begin_again(&self.sequence, &trigger, 9, false, origin, wish, self.at);
        Self::new(birth)
    }

    /// The message with which it ended.
    pub(crate) fn said_at_the_end(&self) -> String {
        let end = self.published.iter().rfind(|event| event.kind == "sh.keptn.event.dev.delivery.finished");
        end.map(|end| end.data["message"].as_str().unwrap_or_default().to_owned()).unwrap_or_default()
    }

    /// The data with which a task was offered last.
    pub(crate) fn offered(&self, task: &str) -> &Value {
        let id = self.id_of(Some(task));
        &self.offers.iter().find(|offer| offer.id == id).unwrap().data
    }

    pub(crate) fn under(birth: Birth, limits: Limits, grants: bool) -> Self {
        let fact = Fact::Triggered(Box::new(birth.clone()));
        let mut driver = Self {
            sequence: born(birth, START),
            limits,
            at: START,
            up_since: START,
            grants,
            timers: BTreeMap::new(),
            facts: vec![(START, fact)],
            offers: Vec::new(),
            published: Vec::new(),
            open: BTreeSet::new(),
            follows: 0,
            said: 0,
        };
        driver.hear(&Input::Born);
        driver
    }

    /// Decides, folds, carries the effects through, and grants a slot if one is wanted.
    pub(crate) fn hear(&mut self, input: &Input) -> Decision {
        let mut decision = decide(&self.sequence, input, self.at, &self.limits);
        let again = decide(&self.sequence, input, self.at, &self.limits);
        assert_eq!(again, decision, "deciding twice is deciding once");
        for fact in &decision.facts {
            apply(&mut self.sequence, fact, self.at);
            self.facts.push((self.at, fact.clone()));
        }
        let mut wanted = false;
        for effect in &decision.effects {
            match effect {
                Effect::Offer(event) => {
                    assert!(self.open.insert(event.id.clone()), "offered twice: {}", event.id);
                    self.offers.push(event.clone());
                }
                Effect::Withdraw { triggered_id } => {
                    assert!(self.open.remove(triggered_id), "nobody was offered {triggered_id}");
                }
                Effect::Publish(event) => self.published.push(event.clone()),
                Effect::Arm(kind, due) => {
                    self.timers.insert(*kind, *due);
                }
                Effect::Disarm(kind) => {
                    self.timers.remove(kind);
                }
                Effect::WantSlot => wanted = true,
                Effect::FreeSlot | Effect::StepAside => wanted = false,
                Effect::Follow => self.follows += 1,
            }
        }
        if wanted && self.grants {
            let granted = self.hear(&Input::SlotGranted);
            decision.facts.extend(granted.facts);
            decision.effects.extend(granted.effects);
        }
        decision
    }

    /// Lets time go by.
    pub(crate) fn pass(&mut self, by: SignedDuration) -> Vec<Fact> {
        let end = self.at + by;
        let mut facts = Vec::new();
        while let Some((&kind, &due)) = self.timers.iter().min_by_key(|(_, due)| **due).filter(|(_, due)| **due <= end)
        {
            self.at = self.at.max(due);
            self.timers.remove(&kind);
            facts.extend(self.hear(&Input::Timer { kind, up_since: self.up_since }).facts);
        }
        self.at = end;
        facts
    }

    pub(crate) fn reaction(&mut self, source: &str, kind: ReactionKind, triggered_id: &str, data: Value) -> Reaction {
        self.said += 1;
        let phase = match kind {
            ReactionKind::Started => "started",
            ReactionKind::Finished => "finished",
            ReactionKind::StatusChanged => "status.changed",
        };
        let offer = self.offers.iter().find(|offer| offer.id == triggered_id);
        let task = offer.map_or("build", |offer| offer.kind.split('.').nth(3).unwrap());
        let mut said = json!({ "project": "p", "stage": "dev", "service": "svc" });
        if let Value::Object(data) = data {
            said.as_object_mut().unwrap().extend(data);
        }
        Reaction {
            event_id: format!("said-{}", self.said),
            event_type: event_type::of_task(task, phase),
            kind,
            source: source.to_owned(),
            context: "run".to_owned(),
            triggered_id: triggered_id.to_owned(),
            lease: None,
            data: said,
        }
    }

    /// Id of the task that was offered last, or of the last one of that name, or with `#2` of the second.
    pub(crate) fn id_of(&self, task: Option<&str>) -> String {
        if let Some((task, number)) = task.and_then(|task| task.split_once('#')) {
            let mut named = self.offers.iter().filter(|offer| offer.kind == event_type::of_task(task, "triggered"));
            return named.nth(number.parse::<usize>().unwrap() - 1).unwrap().id.clone();
        }
        let named = |offer: &&CloudEvent| task.is_none_or(|task| offer.kind == event_type::of_task(task, "triggered"));
        self.offers.iter().rfind(named).map_or_else(|| "none".to_owned(), |offer| offer.id.clone())
    }

    /// A tool answers the open task with these data.
    pub(crate) fn answers(&mut self, source: &str, data: Value) -> Vec<Fact> {
        let id = self.id_of(None);
        let reaction = self.reaction(source, ReactionKind::Finished, &id, data);
        self.hear(&Input::Reaction(reaction)).facts
    }

    /// The open attempt; of several the first.
    pub(crate) fn attempt(&self) -> &Attempt {
        self.sequence.current().unwrap().1
    }

    /// The last claim of a tool that was granted.
    pub(crate) fn lease_of(&self, tool: &str) -> String {
        let leases = self.facts.iter().rev().filter_map(|(_, fact)| match fact {
            Fact::TaskStarted { lease: Some(lease), .. } => Some(lease),
            _ => None,
        });
        leases.into_iter().find(|lease| lease.tool == tool).map_or_else(|| "none".to_owned(), |lease| lease.id.clone())
    }

    /// Runs one line of a script and gives its facts in words.
    pub(crate) fn line(&mut self, line: &str) -> String {
        let words: Vec<&str> = line.split_whitespace().collect();
        let control = |driver: &mut Self, control| driver.hear(&Input::Control(control)).facts;
        let facts = match words[..] {
            ["grant"] => self.hear(&Input::SlotGranted).facts,
            ["blocked", by] => self.hear(&Input::Blocked { behind: vec![by.to_owned()] }).facts,
            ["pause"] => control(self, Control::Pause),
            ["resume"] => control(self, Control::Resume),
            ["abort"] => control(self, Control::Abort),
            ["restart"] => {
                self.up_since = self.at;
                Vec::new()
            }
            ["clock", "back", by] => {
                self.at -= SignedDuration::from_nanos(duration::parse(by).unwrap());
                self.up_since = self.at;
                self.hear(&Input::ClockSetBack).facts
            }
            [time, "pass"] => self.pass(SignedDuration::from_nanos(duration::parse(time).unwrap())),
            ["superseded", "by", run] => self.hear(&Input::Superseded { by: run.to_owned() }).facts,
            [tool, "claims", ref rest @ ..] => {
                let (task, term) = match *rest {
                    [task, "for", term] => (Some(task), term),
                    ["for", term] => (None, term),
                    [task] => (Some(task), "60s"),
                    _ => (None, "60s"),
                };
                let term = SignedDuration::from_nanos(duration::parse(term).unwrap());
                let (triggered_id, tool) = (self.id_of(task), tool.to_owned());
                self.hear(&Input::Claimed(Claim { triggered_id, tool, term })).facts
            }
            [tool, "beats", ref rest @ ..] => {
                let progress = (!rest.is_empty()).then(|| rest.join(" "));
                let lease = self.lease_of(tool);
                self.hear(&Input::Heartbeat { lease, progress }).facts
            }
            [tool, "releases"] => {
                let lease = self.lease_of(tool);
                self.hear(&Input::Released { lease, reason: String::new() }).facts
            }
            [source, verb, ref rest @ ..] => {
                let (kind, rest) = match verb {
                    "starts" => (ReactionKind::Started, rest),
                    "works" => (ReactionKind::StatusChanged, rest),
                    "answers" => (ReactionKind::Finished, rest),
                    other => panic!("unknown verb '{other}'"),
                };
                let is_verdict =
                    |word: &&str| word.contains('/') || ["pass", "warning", "fail", "nothing"].contains(word);
                let task = rest.first().copied().filter(|word| *word != "by" && !is_verdict(word));
                let data = match rest.iter().copied().find(is_verdict) {
                    None | Some("nothing") => Value::Null,
                    Some(verdict) => {
                        let (result, status) = verdict.split_once('/').unwrap_or((verdict, "succeeded"));
                        json!({ "result": result, "status": status })
                    }
                };
                let id = self.id_of(task);
                let mut reaction = self.reaction(source, kind, &id, data);
                reaction.lease = rest.ends_with(&["by", "lease"]).then(|| self.lease_of(source));
                self.hear(&Input::Reaction(reaction)).facts
            }
            _ => panic!("unknown line '{line}'"),
        };
        facts.iter().map(|fact| self.words(fact)).collect::<Vec<_>>().join("; ")
    }

    /// Runs a script; what does not follow as it says is shown line by line.
    #[track_caller]
    pub(crate) fn check(&mut self, script: &str) -> &mut Self {
        let (mut expected, mut seen) = (String::new(), String::new());
        for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (input, facts) = line.split_once("=>").unwrap_or((line, ""));
            let (input, facts) = (input.trim(), facts.trim());
            expected.push_str(&format!("{input} => {facts}\n"));
            let facts = self.line(input);
            seen.push_str(&format!("{input} => {facts}\n"));
            self.check_clock();
        }
        assert_eq!(seen, expected);
        self
    }

    fn words(&self, fact: &Fact) -> String {
        let name = |task: usize| self.sequence.name_of(task);
        match fact {
            Fact::SlotWanted => "wants".to_owned(),
            Fact::SlotHeld => "holds".to_owned(),
            Fact::SlotFreed => "frees".to_owned(),
            Fact::Queued { behind } => format!("behind {}", behind.join(" ")),
            Fact::TaskReady { task, .. } => format!("next {}", name(*task)),
            Fact::TaskOffered { task, attempt: 1, .. } => format!("offers {}", name(*task)),
            Fact::TaskOffered { task, attempt, .. } => format!("offers {} #{attempt}", name(*task)),
            Fact::TaskStarted { event, lease: Some(_), .. } => format!("claimed by {}", event.source),
            Fact::TaskStarted { event, .. } => format!("started by {}", event.source),
            Fact::LeaseReleased { source, .. } => format!("released by {source}"),
            Fact::AttemptEnded { task, attempt, end, .. } => {
                let end = match end {
                    AttemptEnd::Failed => "failed",
                    AttemptEnd::TimedOut => "timed out",
                    AttemptEnd::LeaseLost => "lease lost",
                };
                format!("{} #{attempt} {end}", name(*task))
            }
            Fact::TaskEnded { task, end, .. } => format!("{} {}", name(*task), end.word()),
            Fact::Closing(closing) => format!("closing {}/{}", closing.result, closing.status),
            Fact::TaskAnswered { event, .. } => format!("answered by {}", event.source),
            Fact::SignOfLife { source, .. } => format!("sign of {source}"),
            Fact::DeadlineMoved { .. } => "deadline moved".to_owned(),
            Fact::TaskDone { task, result, status } => format!("done {} {result}/{status}", name(*task)),
            Fact::Reminded { .. } => "reminds".to_owned(),
            Fact::Paused => "paused".to_owned(),
            Fact::Resumed => "resumed".to_owned(),
            Fact::Ended(ending) => {
                let how = match ending.outcome {
                    Outcome::Finished => "finished",
                    Outcome::TimedOut => "timed out",
                    Outcome::Aborted => "aborted",
                };
                format!("{how} {}/{}", ending.result, ending.status)
            }
            Fact::Ignored { why, .. } => match why {
                Why::TaskOver { task } => format!("ignored: {task} over"),
                Why::SequenceOver { outcome } => format!("ignored: {outcome}"),
                Why::AttemptOver { task, attempt, .. } => format!("ignored: {task} #{attempt} over"),
                Why::Claimed { .. } => "ignored: claimed".to_owned(),
                Why::LeaseOver { .. } => "ignored: lease over".to_owned(),
                Why::Duplicate => "ignored: duplicate".to_owned(),
                Why::WrongScope { attribute, .. } => format!("ignored: other {attribute}"),
                other => format!("ignored: {other:?}"),
            },
            other => format!("{other:?}"),
        }
    }
}

/// A shipyard's text around the stages.
pub(crate) fn shipyard(stages: &str) -> shipyard::Shipyard {
    let text =
        format!("apiVersion: spec.keptn.sh/0.2.3\nkind: Shipyard\nmetadata: {{name: s}}\nspec: {{stages: [{stages}]}}");
    shipyard::read(&text).unwrap().shipyard
}
