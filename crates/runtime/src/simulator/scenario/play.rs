//! A scenario comes to pass.

use std::collections::BTreeSet;

use capstan_engine::orchestrate::{APPROVAL, Control, TimerKind, ids};
use capstan_model::event::CloudEvent;
use capstan_model::event::rest::data_text;
use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use super::expect::{Expectation, Judgement};
use super::file::{Event, Happening, Scenario};
use crate::command::Reply;
use crate::memory::Order;
use crate::simulator::tool::task_of;
use crate::simulator::{Mishap, Note, World, span};

/// A scenario that has come to its end.
pub struct Played {
    /// The world as it is then.
    pub world: World,
    /// Name and context of each run, in the order of the scenario.
    pub runs: Vec<(String, String)>,
    /// What happened beside what facts tell.
    pub notes: Vec<Note>,
    /// Of each expectation, in the order of the scenario.
    pub judgements: Vec<Judgement>,
}

impl Scenario {
    /// Lets it happen. Its shipyards have to stand in it by now, instead of their paths.
    pub fn play(&self) -> Played {
        let mut world = World::new().with_limits(self.limits).watched();
        if !self.approval {
            world = world.without_approval();
        }
        for (name, shipyard) in &self.projects {
            world.project_of(name, shipyard);
        }
        for scripted in &self.tools {
            let mut tool = scripted.tool.clone();
            tool.context = scripted.run.as_deref().map(context_of);
            world.tool(tool);
        }
        let mut played = Played { world, runs: Vec::new(), notes: Vec::new(), judgements: Vec::new() };
        for event in &self.events {
            if self.until.is_some_and(|until| event.at > until) {
                break;
            }
            played.happen(event);
        }
        played.come_to_an_end(self.until);
        if self.drain {
            played.drain();
        }
        let judge = |expected: &Expectation| expected.judge(&played.world, &context_of(&expected.run));
        played.judgements = self.expect.iter().map(judge).collect();
        played
    }
}

impl Played {
    fn happen(&mut self, event: &Event) {
        self.world.arrive_at(event.at);
        match &event.happening {
            Happening::Trigger { run, project, stage, sequence, service, data } => {
                let context = context_of(run);
                if !self.runs.iter().any(|(name, _)| name == run) {
                    self.runs.push((run.clone(), context.clone()));
                }
                let data = Value::Object(data.clone());
                self.world.trigger_in(&context, project, stage, sequence, service, data);
            }
            Happening::Send { attributes, nested } => self.send(attributes, *nested),
            Happening::Busy { span } => {
                self.note("", format!("the server is busy for {}", crate::simulator::span(*span)));
                self.world.be_busy(*span);
            }
            Happening::Decide { run, stage, result } => self.decide(run, stage.as_deref(), result),
            Happening::Control { run, stage, control } => {
                let context = context_of(run);
                let project = self.world.run(&context).map(|run| run.project).unwrap_or_default();
                if !self.world.control(&project, &context, stage.as_deref(), *control) {
                    self.note(run, format!("{} finds nothing to do", control.word()));
                }
            }
            Happening::Rerun { run, stage, origin, wish } => {
                let context = context_of(run);
                let project = self.world.run(&context).map(|run| run.project).unwrap_or_default();
                match self.world.rerun(&project, &context, stage.as_deref(), *origin, wish.clone()) {
                    Ok(Reply::Nothing) => self.note(run, "rerun finds nothing to do".to_owned()),
                    Ok(_) => {}
                    Err(error) => self.note(run, format!("rerun is refused: {error}")),
                }
            }
            Happening::Configure { project, shipyard } => {
                self.note("", format!("project '{project}' gets another shipyard"));
                self.world.project_of(project, shipyard);
            }
            Happening::Kill { away, jump, during: None, .. } => {
                self.note("", "the server is killed".to_owned());
                self.note("", "the server is back".to_owned());
                if let Some(back) = self.notes.last_mut() {
                    back.at = back.at.saturating_add(away.saturating_add(*jump)).unwrap_or(jiff::Timestamp::MAX);
                }
                self.world.kill_and_set(*away, *jump);
            }
            Happening::Kill { away, jump, during: Some(call), skip } => {
                self.note(
                    "",
                    format!("the server is to be killed at a call of its store: {}{}", call.word(), after(*skip)),
                );
                self.world.after_kill = (*away, *jump);
                self.world.disk().order(Order { call: *call, skip: *skip, times: 1, kills: true });
            }
            Happening::Fail { call, skip, times } => {
                let often = if *times == 1 { String::new() } else { format!(", {times} times") };
                self.note("", format!("the store is to fail: {}{}{often}", call.word(), after(*skip)));
                self.world.disk().order(Order { call: *call, skip: *skip, times: *times, kills: false });
            }
            Happening::Mislead { mishap, skip } => {
                let how = match mishap {
                    Mishap::Late(by) => format!("{} late", span(*by)),
                    Mishap::Twice(by) => format!("twice, the second time {} later", span(*by)),
                };
                self.note("", format!("a message is to come {how}{}", after(*skip)));
                self.world.post.order(*skip, *mishap);
            }
            Happening::Clock { by } => {
                self.note("", format!("the clock of the server is set by {}", span(*by)));
                self.world.jump(*by);
            }
        }
    }

    /// To the end that is given or, without one, until all that is open waits for people.
    fn come_to_an_end(&mut self, until: Option<SignedDuration>) {
        if let Some(until) = until {
            let left = until.saturating_sub(self.world.elapsed());
            return self.world.advance(left.max(SignedDuration::ZERO));
        }
        loop {
            let waits_for_tools = self.world.timers().iter().any(|timer| timer.kind != TimerKind::Reminder);
            let goes_on = self.world.is_anything_planned() || waits_for_tools;
            if !goes_on || !self.world.faults().is_empty() || !self.world.go_on(SignedDuration::MAX) {
                return;
            }
        }
    }

    /// What stands still is resumed, and what then waits for people is aborted: everything has to come to an end. Nothing
    /// goes wrong on purpose any more.
    fn drain(&mut self) {
        self.world.disk().forget_orders();
        self.world.post.forget();
        self.come_to_an_end(None);
        self.steer_all(Control::Resume);
        // A second abort ends what waits at the end; the third one finds what has followed.
        for _ in 0..3 {
            if self.world.is_all_over() {
                break;
            }
            self.steer_all(Control::Abort);
        }
        self.world.check_end();
    }

    fn steer_all(&mut self, control: Control) {
        let contexts: Vec<(String, String)> =
            self.world.contexts().map(|(project, context)| (project.to_owned(), context.to_owned())).collect();
        for (project, context) in contexts {
            for stage in if control == Control::Resume { self.world.stages(&context) } else { BTreeSet::new() } {
                self.world.control(&project, &context, Some(&stage), control);
            }
            self.world.control(&project, &context, None, control);
        }
        self.come_to_an_end(None);
    }

    /// A raw event: the name of a run stands for its context, `run/task` for the id of the last offer of that task.
    fn send(&mut self, attributes: &Map<String, Value>, nested: u32) {
        let mut attributes = attributes.clone();
        if let Some(run) = attributes.get("shkeptncontext").and_then(Value::as_str)
            && self.runs.iter().any(|(name, _)| name == run)
        {
            attributes.insert("shkeptncontext".to_owned(), context_of(run).into());
        }
        let named = attributes.get("triggeredid").and_then(Value::as_str).and_then(|id| id.split_once('/'));
        let named = named.map(|(run, task)| (context_of(run), self.last_offer(run, task)));
        if let Some((context, Some(offer))) = named {
            attributes.entry("shkeptncontext").or_insert(context.into());
            if let Value::Object(data) = attributes.entry("data").or_insert_with(|| json!({})) {
                for field in ["project", "stage", "service"] {
                    data.entry(field).or_insert(offer.data.get(field).cloned().unwrap_or_default());
                }
            }
            attributes.insert("triggeredid".to_owned(), offer.id.into());
        }
        if nested > 0
            && let Value::Object(data) = attributes.entry("data").or_insert_with(|| json!({}))
        {
            data.insert("deep".to_owned(), (1..nested).fold(json!([]), |inner, _| json!([inner])));
        }
        attributes.entry("id").or_insert(self.world.new_id().into());
        attributes.entry("source").or_insert("outside".into());
        let context = attributes.get("shkeptncontext").and_then(Value::as_str).unwrap_or_default().to_owned();
        let run = self.runs.iter().find(|(_, of)| *of == context).map(|(name, _)| name.clone()).unwrap_or_default();
        match CloudEvent::from_json(Value::Object(attributes)) {
            Ok(event) => {
                self.world.send(event);
            }
            Err(error) => self.note(&run, format!("what is sent is no event: {error}")),
        }
    }

    fn decide(&mut self, run: &str, stage: Option<&str>, result: &str) {
        let open = self.world.offered_in(&context_of(run)).into_iter().find(|offer| {
            task_of(offer) == APPROVAL && stage.is_none_or(|stage| stage == data_text(&offer.data, "stage"))
        });
        match open {
            Some(offer) => {
                self.world.finished(&offer, "a person", json!({ "status": "succeeded", "result": result }));
            }
            None => self.note(run, "there is no approval to decide on".to_owned()),
        }
    }

    /// The `.triggered` event by which a task was offered last.
    fn last_offer(&self, run: &str, task: &str) -> Option<CloudEvent> {
        let kind = capstan_model::event::event_type::of_task(task, "triggered");
        self.world.events(&context_of(run)).into_iter().rfind(|event| event.kind == kind)
    }

    fn note(&mut self, run: &str, what: String) {
        let after = self.world.last_fact();
        self.notes.push(Note { after, at: self.world.now(), run: run.to_owned(), what });
    }
}

fn after(skip: u32) -> String {
    if skip == 0 { String::new() } else { format!(" (after {skip} that go well)") }
}

/// The context of a run by its name.
fn context_of(run: &str) -> String {
    ids::derive(jiff::Timestamp::UNIX_EPOCH, &["run", run])
}
