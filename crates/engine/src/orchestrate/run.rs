//! The state of a run, as it is shown (contract: core.md 6.1).

use std::collections::{BTreeMap, BTreeSet};

use capstan_model::event::rest::data_text;
use capstan_model::event::{CloudEvent, event_type};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::attempt::TaskEvent;
use super::fact::Fact;
use super::input::Control;
use super::result::{NotPassed, RunResult};
use super::sequence::{Outcome, Phase, Sequence};

/// The only source whose evaluations are shown, as in v1.
const LIGHTHOUSE: &str = "lighthouse-service";

/// Everything under one context.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Identifies it.
    pub context: String,
    /// The project of its first sequence.
    pub project: String,
    /// The service of its first sequence.
    pub service: String,
    /// The name of its first sequence.
    pub name: String,
    /// When it was triggered.
    pub time: Timestamp,
    /// Commit position of its first trigger: the order of runs that were triggered at one time.
    pub ordinal: u64,
    /// `data.problem.problemTitle` of the first trigger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem_title: Option<String>,
    /// Hash of the shipyard that it began with; none where the project had none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipyard: Option<String>,
    /// The commit that its tasks take their resources from: that of the first trigger, else that of the shipyard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// How many sequences it has had, those that could not start included.
    pub sequences: u32,
    /// Sequences that are to follow and have not begun.
    pub following: u32,
    /// Sequences that are not over, by id.
    pub open: BTreeMap<String, OpenSequence>,
    /// Whether all of it stands still.
    pub paused: bool,
    /// Stages that stand still.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub paused_stages: BTreeSet<String>,
    /// How the sequence ended that ended last.
    pub last: Outcome,
    /// When that was, or when the one could not start that came last; none before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_end: Option<Timestamp>,
    /// Sequences that ended otherwise than with a pass and were not done again since, by id; those that could not start by the
    /// id of their trigger.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub not_passed: BTreeMap<String, NotPassed>,
    /// How often one of its sequences was done again.
    #[serde(default)]
    pub reruns: u32,
    /// What is shown of each stage, in the order in which the run came to them.
    pub stages: Vec<StageView>,
}

/// A sequence that is not over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenSequence {
    /// Its stage.
    pub stage: String,
    /// Whether it still waits for its first slot.
    pub queued: bool,
}

/// What is shown of a stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageView {
    /// Its name.
    pub name: String,
    /// Empty before the first task, `triggered`, or the status of the last sequence that ended here.
    pub state: String,
    /// The image of the last deployment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The last evaluation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_evaluation: Option<LatestEvaluation>,
    /// The last event of a task or the end of a sequence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_event: Option<LatestEvent>,
    /// The last of these with result fail or status errored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_failed_event: Option<LatestEvent>,
}

/// An evaluation in short.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LatestEvaluation {
    /// `pass`, `warning` or `fail`.
    pub result: String,
    /// 0 to 100.
    pub score: Value,
}

/// An event in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LatestEvent {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its id.
    pub id: String,
    /// When it was taken in.
    pub time: Timestamp,
}

impl LatestEvent {
    /// The `.triggered` event by which a task is offered.
    pub(super) fn of_offer(sequence: &Sequence, task: usize, triggered_id: &str, at: Timestamp) -> Self {
        let kind = event_type::of_task(sequence.name_of(task), "triggered");
        Self { kind, id: triggered_id.to_owned(), time: at }
    }

    /// What a tool has sent about a task.
    pub(super) fn of_tool(event: &TaskEvent, at: Timestamp) -> Self {
        Self { kind: event.event_type.clone(), id: event.id.clone(), time: at }
    }
}

/// The state of a run as v1 names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// All of it waits behind other runs.
    Waiting,
    /// Something is under way.
    Started,
    /// Somebody paused it.
    Paused,
    /// All has ended, well or badly.
    Finished,
    /// Somebody ended it.
    Aborted,
    /// A tool was silent for too long.
    TimedOut,
}

impl RunState {
    /// The word of the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Started => "started",
            Self::Paused => "paused",
            Self::Finished => "finished",
            Self::Aborted => "aborted",
            Self::TimedOut => "timedOut",
        }
    }
}

impl Run {
    /// A run that its first trigger begins; `position` is its commit position.
    pub fn new(context: &str, trigger: &CloudEvent, position: u64, subject: super::Subject<'_>, at: Timestamp) -> Self {
        let title = trigger.data.get("problem").and_then(|problem| problem.get("problemTitle"));
        Self {
            context: context.to_owned(),
            project: subject.project.to_owned(),
            service: subject.service.to_owned(),
            name: subject.sequence.to_owned(),
            time: trigger.time.unwrap_or(at),
            ordinal: position,
            problem_title: title.and_then(Value::as_str).filter(|title| !title.is_empty()).map(str::to_owned),
            shipyard: None,
            commit: trigger.commit.clone(),
            sequences: 0,
            following: 0,
            open: BTreeMap::new(),
            paused: false,
            paused_stages: BTreeSet::new(),
            last: Outcome::Finished,
            last_end: None,
            not_passed: BTreeMap::new(),
            reruns: 0,
            stages: Vec::new(),
        }
    }

    /// Whether a sequence in this stage stands still.
    pub fn is_paused(&self, stage: &str) -> bool {
        self.paused || self.paused_stages.contains(stage)
    }

    /// Its state: that of what is open, else how it ended.
    pub fn state(&self) -> RunState {
        if self.is_over() {
            return match self.last {
                Outcome::Finished => RunState::Finished,
                Outcome::TimedOut => RunState::TimedOut,
                Outcome::Aborted => RunState::Aborted,
            };
        }
        match () {
            () if self.paused => RunState::Paused,
            () if !self.open.is_empty() && self.open.values().all(|sequence| sequence.queued) => RunState::Waiting,
            () => RunState::Started,
        }
    }

    /// How it ended: as the worst of its sequences, but for those that were done again; none before.
    pub fn result(&self) -> Option<RunResult> {
        self.is_over().then(|| self.not_passed.values().map(|end| end.result).max().unwrap_or(RunResult::Pass))
    }

    /// When it ended; none before.
    pub fn end(&self) -> Option<Timestamp> {
        self.last_end.filter(|_| self.is_over())
    }

    /// A sequence is done again, so that its end counts no more.
    pub fn again(&mut self, sequence: &str) {
        self.not_passed.remove(sequence);
        self.reruns += 1;
    }

    /// Somebody steers all of it or one stage; which sequences that concerns is for the caller to see.
    pub fn control(&mut self, control: Control, stage: Option<&str>) {
        match (control, stage) {
            (Control::Pause, None) => self.paused = true,
            (Control::Pause, Some(stage)) => {
                self.paused_stages.insert(stage.to_owned());
            }
            (Control::Resume | Control::Abort, None) => {
                self.paused = false;
                self.paused_stages.clear();
            }
            (Control::Resume | Control::Abort, Some(stage)) => {
                self.paused_stages.remove(stage);
            }
        }
        // Where nothing is open, what is shown stays as it was.
        if let (Control::Pause | Control::Resume, Some(stage)) = (control, stage)
            && self.open.values().any(|open| open.stage == stage)
            && let Some(view) = self.stages.iter_mut().find(|view| view.name == stage)
        {
            view.state = if control == Control::Pause { "paused" } else { "started" }.to_owned();
        }
    }

    /// A sequence could not start.
    pub fn refused(&mut self, stage: &str, sequence: &str, finished: &CloudEvent, at: Timestamp) {
        self.sequences += 1;
        let id = finished.triggered_id.clone().unwrap_or_default();
        let (name, sequence) = (stage.to_owned(), sequence.to_owned());
        let end = NotPassed { stage: name, sequence, result: RunResult::Fail, began: false };
        self.not_passed.insert(id, end);
        self.last = Outcome::Finished;
        self.last_end = Some(at);
        let event = LatestEvent { kind: finished.kind.clone(), id: finished.id.clone(), time: at };
        let view = self.stage(stage);
        view.state = "errored".to_owned();
        view.latest_event = Some(event.clone());
        view.latest_failed_event = Some(event);
        self.ended(0);
    }

    /// Something happened to a sequence; `sequence` is its state after the fact.
    pub fn observe(&mut self, sequence: &Sequence, fact: &Fact, at: Timestamp) {
        if sequence.is_over() {
            self.open.remove(&sequence.id);
        } else {
            let open = OpenSequence { stage: sequence.scope.stage.clone(), queued: sequence.phase == Phase::Queued };
            self.open.insert(sequence.id.clone(), open);
        }
        let stage = sequence.scope.stage.as_str();
        match fact {
            Fact::Triggered(birth) => {
                self.sequences += 1;
                let first = self.sequences == 1;
                let view = self.stage(stage);
                if !first {
                    let (kind, id) = (birth.scope.event_type.clone(), birth.scope.triggered_id.clone());
                    view.latest_event = Some(LatestEvent { kind, id, time: at });
                    view.state.clone_from(&birth.scope.status);
                }
            }
            Fact::TaskOffered { task, triggered_id, result, status, image, .. } => {
                let offer = LatestEvent::of_offer(sequence, *task, triggered_id, at);
                let view = self.stage(stage);
                if image.is_some() {
                    view.image.clone_from(image);
                }
                view.saw("triggered", offer, result, status);
            }
            Fact::TaskStarted { event, .. } | Fact::TaskAnswered { event, .. } => {
                let view = self.stage(stage);
                view.saw("triggered", LatestEvent::of_tool(event, at), &event.result, &event.status);
                if let Some(evaluation) = evaluation(event) {
                    view.latest_evaluation = Some(evaluation);
                }
            }
            Fact::Ended(ending) => {
                self.last = ending.outcome;
                self.last_end = Some(ending.at);
                let result = RunResult::of(ending);
                if result != RunResult::Pass {
                    let (stage, name) = (stage.to_owned(), sequence.definition.name.clone());
                    let end = NotPassed { stage, sequence: name, result, began: true };
                    self.not_passed.insert(sequence.id.clone(), end);
                }
                let kind = event_type::of_sequence(stage, &sequence.definition.name, "finished");
                let latest = LatestEvent { kind, id: ending.event_id.clone(), time: at };
                self.stage(stage).saw(&ending.status, latest, &ending.result, &ending.status);
            }
            _ => {}
        }
    }

    /// A sequence has ended and so many follow it. Once nothing is open and nothing follows, no pause outlives the run.
    pub fn ended(&mut self, followers: usize) {
        self.following += followers as u32;
        if self.is_over() {
            self.paused = false;
            self.paused_stages.clear();
        }
    }

    /// A sequence that was to follow begins.
    pub fn followed(&mut self) {
        self.following = self.following.saturating_sub(1);
    }

    /// Whether nothing is open and nothing follows.
    pub fn is_over(&self) -> bool {
        self.open.is_empty() && self.following == 0
    }

    fn stage(&mut self, name: &str) -> &mut StageView {
        let at = self.stages.iter().position(|view| view.name == name).unwrap_or_else(|| {
            self.stages.push(StageView {
                name: name.to_owned(),
                state: String::new(),
                image: None,
                latest_evaluation: None,
                latest_event: None,
                latest_failed_event: None,
            });
            self.stages.len() - 1
        });
        &mut self.stages[at]
    }
}

impl StageView {
    fn saw(&mut self, state: &str, event: LatestEvent, result: &str, status: &str) {
        self.state = state.to_owned();
        if result == "fail" || status == "errored" {
            self.latest_failed_event = Some(event.clone());
        }
        self.latest_event = Some(event);
    }
}

fn evaluation(event: &TaskEvent) -> Option<LatestEvaluation> {
    let is_evaluation = event.finished && event.event_type == event_type::of_task("evaluation", "finished");
    if !is_evaluation || event.source != LIGHTHOUSE {
        return None;
    }
    let evaluation = event.data.get("evaluation")?;
    let score = evaluation.get("score").filter(|score| score.is_number()).cloned().unwrap_or_else(|| 0.into());
    let result = data_text(evaluation, "result").to_owned();
    Some(LatestEvaluation { result, score })
}
