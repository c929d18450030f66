//! The step on the memory store, one commit at a time: for what happens between two commits.

use capstan_engine::orchestrate::{Limits, Run};
use capstan_model::event::CloudEvent;
use capstan_runtime::command::{Command, CommandError, IdempotencyKey, Ingest, Reply, Wanted};
use capstan_runtime::memory::MemoryStore;
use capstan_runtime::ports::{Configuration, OfferFilter, Retention, Slice, Store, StoreError};
use capstan_runtime::step::{Cache, Outcome, Setting, step};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::shipyards::text;

pub(crate) struct Bench {
    pub(crate) store: MemoryStore,
    cache: Cache,
    pub(crate) now: Timestamp,
    pub(crate) up_since: Timestamp,
    pub(crate) retention: Retention,
}

impl Bench {
    pub(crate) fn new(stages: &str) -> Self {
        let now = Timestamp::constant(1_700_000_000, 0);
        let (store, cache, retention) = (MemoryStore::new(), Cache::default(), Retention::default());
        let mut bench = Self { store, cache, now, up_since: now, retention };
        bench.one(create(stages)).unwrap();
        bench
    }

    /// Commands in one transaction.
    pub(crate) fn step(&mut self, commands: &[Command]) -> Result<Outcome, StoreError> {
        self.step_with(commands, &[])
    }

    /// The same while claims wait, the oldest first.
    pub(crate) fn step_with(&mut self, commands: &[Command], waiting: &[Wanted]) -> Result<Outcome, StoreError> {
        let setting = Setting { limits: Limits::default(), up_since: self.up_since, retention: self.retention };
        step(&mut self.store, commands, self.now, &setting, &mut self.cache, waiting)
    }

    /// The store was changed past the steps.
    pub(crate) fn forget(&mut self) {
        self.cache = Cache::default();
    }

    pub(crate) fn one(&mut self, command: Command) -> Result<Reply, CommandError> {
        self.step(&[command])?.replies.remove(0)
    }

    /// Whatever was left for later steps.
    pub(crate) fn settle(&mut self) {
        while self.store.reader().has_deferred().unwrap() {
            self.one(Command::Deferred).unwrap();
        }
    }

    pub(crate) fn pass(&mut self, by: SignedDuration) {
        self.now += by;
    }

    /// The process dies; of the commits that were not synced the first ones are kept.
    pub(crate) fn kill(&mut self, kept: usize) {
        self.store = self.store.disk().kill(kept);
        self.cache = Cache::default();
        self.up_since = self.now;
    }

    pub(crate) fn offered(&self) -> Vec<CloudEvent> {
        let offers = self.store.reader().offers(&OfferFilter::default(), Slice::ALL).unwrap().items;
        offers.into_iter().rev().map(|task| task.event.into_event().unwrap()).collect()
    }

    /// Answers all open tasks until there is none.
    pub(crate) fn work_off(&mut self) {
        for round in 0.. {
            assert!(round < 1_000, "there is no end to it");
            self.settle();
            let offers = self.offered();
            if offers.is_empty() {
                return;
            }
            for offer in offers {
                for phase in ["started", "finished"] {
                    self.one(ingest(reaction(&offer, &format!("{phase}-{}", offer.id), phase, "pass"))).unwrap();
                }
            }
        }
    }

    /// The run, as it is shown.
    pub(crate) fn run(&self, run: &str) -> Run {
        self.store.reader().runs_of(run).unwrap().remove(0)
    }

    pub(crate) fn state(&self, run: &str) -> &'static str {
        self.store.reader().runs_of(run).unwrap()[0].state().word()
    }
}

pub(crate) fn create(stages: &str) -> Command {
    Command::CreateProject {
        name: "p".to_owned(),
        configuration: Configuration { shipyard: "hash".to_owned(), commit: "c0ffee".to_owned() },
        shipyard: text(stages),
        context: "created".to_owned(),
    }
}

fn event(id: &str, kind: &str, context: &str, stage: &str, mut data: Value) -> CloudEvent {
    for (field, value) in [("project", "p"), ("stage", stage), ("service", "svc")] {
        data[field] = value.into();
    }
    CloudEvent {
        id: id.to_owned(),
        source: "test".to_owned(),
        kind: format!("sh.keptn.event.{kind}"),
        time: None,
        context: Some(context.to_owned()),
        triggered_id: None,
        commit: None,
        extensions: Map::new(),
        data,
    }
}

pub(crate) fn wanted(tool: &str, tasks: &[&str], max: u64) -> Wanted {
    Wanted {
        tool: tool.to_owned(),
        tasks: tasks.iter().map(|task| (*task).to_owned()).collect(),
        project: None,
        stage: None,
        service: None,
        max,
        term: SignedDuration::from_secs(60),
        key: None,
    }
}

pub(crate) fn triggered(id: &str, context: &str, stage: &str, sequence: &str) -> CloudEvent {
    event(id, &format!("{stage}.{sequence}.triggered"), context, stage, json!({}))
}

pub(crate) fn reaction(offer: &CloudEvent, id: &str, phase: &str, result: &str) -> CloudEvent {
    let kind = offer.kind.strip_prefix("sh.keptn.event.").unwrap().replace("triggered", phase);
    let data = if phase == "finished" { json!({ "status": "succeeded", "result": result }) } else { json!({}) };
    let (context, stage) = (offer.context.as_deref().unwrap(), offer.data["stage"].as_str().unwrap());
    CloudEvent { triggered_id: Some(offer.id.clone()), ..event(id, &kind, context, stage, data) }
}

/// Taken in once, however often it is sent.
pub(crate) fn ingest(event: CloudEvent) -> Command {
    let sent = serde_json::to_vec(&event).unwrap();
    let key = Some(IdempotencyKey::of_event(&event.source, &event.id, &sent));
    Command::Ingest(Box::new(Ingest { event, key }))
}
