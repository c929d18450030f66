//! Tools that claim their tasks: they take them by a command, keep them alive, and give them back or answer them.

use capstan_engine::orchestrate::ids;
use capstan_model::event::CloudEvent;
use capstan_model::event::rest::data_text;
use jiff::SignedDuration;
use serde_json::Value;

use super::agenda::Act;
use super::tool::{Answer, task_of};
use super::world::World;
use crate::command::{self, Command, Grant, IdempotencyKey, Wanted};

impl World {
    /// What a tool says that claims a task like this one; nothing where there is no such tool.
    pub(super) fn claim(&self, tool: usize, offer: &CloudEvent, key: &str) -> Option<Command> {
        let tool = self.tools.scripted.get(tool)?;
        let of = |field| Some(data_text(&offer.data, field).to_owned());
        Some(Command::Claim(Box::new(Wanted {
            tool: tool.source.clone(),
            tasks: vec![task_of(offer).to_owned()],
            project: of("project"),
            stage: of("stage"),
            service: of("service"),
            max: 1,
            term: tool.lease?,
            key: Some(key.to_owned()),
        })))
    }

    /// What a tool wants that asks for whatever comes next.
    pub(super) fn wish(&self, tool: usize, key: &str) -> Option<Wanted> {
        let tool = self.tools.scripted.get(tool)?;
        Some(Wanted {
            tool: tool.source.clone(),
            tasks: vec![tool.task.clone()],
            project: None,
            stage: tool.stage.clone(),
            service: tool.service.clone(),
            max: 1,
            term: tool.lease?,
            key: Some(key.to_owned()),
        })
    }

    /// A tool that asked is told what it is granted; where that is nothing it waits.
    pub(super) fn is_granted(&mut self, tool: usize, key: &str, grants: &[Grant]) {
        if grants.is_empty()
            && let Some(wanted) = self.wish(tool, key)
        {
            self.waiting.push(wanted);
            self.waiters.push(tool);
        }
        for grant in grants {
            self.take_up(tool, grant.clone());
        }
    }

    /// Tools that wait are told what they were granted, by the place of their claims.
    pub(super) fn hand_to_waiting(&mut self, mut granted: Vec<(usize, Vec<Grant>)>) {
        // From the last on, so that the places of those before stay what they are.
        granted.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        let mut served = None;
        for (at, grants) in granted {
            let wanted = self.waiting.get(at).map_or(0, |wanted| wanted.max);
            if served.replace(at) == Some(at) || grants.len() as u64 > wanted {
                self.fault(format!("a claim that waits is granted more than it asks for: {grants:?}"));
                continue;
            }
            self.waiting.remove(at);
            let tool = self.waiters.remove(at);
            self.tally.add("granted-waiting", 1);
            for grant in grants {
                self.take_up(tool, grant);
            }
        }
    }

    /// A tool does what comes next with it, and asks for more when it is done. One that gives a task back and knows nothing
    /// else to do with it asks for nothing any more.
    fn take_up(&mut self, tool: usize, grant: Grant) {
        let context = grant.event.context.clone().unwrap_or_default();
        let Some((answer, is_last)) = self.tools.next_answer(tool, context) else { return };
        let ends = answer.works.max(SignedDuration::ZERO);
        self.work_on(tool, grant, &answer);
        if answer.releases.is_none() || !is_last {
            self.plan(ends, Act::Ask { tool, key: String::new() });
        }
    }

    /// A tool plans what it does with what it is granted.
    pub(super) fn work_on(&mut self, tool: usize, grant: Grant, answer: &Answer) {
        let Grant { lease, event: offer, .. } = grant;
        let ends = answer.works.max(SignedDuration::ZERO);
        let every = answer.heartbeat.unwrap_or(lease.term / 3);
        if every.is_positive() && every < ends {
            let until = self.elapsed().saturating_add(ends);
            self.plan(every, Act::Alive { lease: lease.id.clone(), progress: answer.progress.clone(), every, until });
        }
        if answer.dies {
            return;
        }
        // Whoever gives it back and answers more than once answers all the same.
        let mut times = answer.times;
        if let Some(reason) = answer.releases.clone() {
            times = times.saturating_sub(1);
            let (offer, lease) = (Box::new(offer), lease.id.clone());
            self.plan(ends, Act::Release { tool, offer, lease, reason });
        }
        let sent = Value::Object(answer.data.clone()).to_string();
        let said = command::Answer {
            id: ids::derive(lease.granted_at, &[&lease.id, "answer"]),
            key: IdempotencyKey::of_lease(&lease.id, sent.as_bytes()),
            lease: lease.id,
            tool: Some(lease.tool),
            data: answer.data.clone(),
        };
        for _ in 0..times {
            self.plan(ends, Act::Answer(Box::new(said.clone())));
        }
    }
}
