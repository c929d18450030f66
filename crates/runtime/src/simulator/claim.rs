//! Tools that claim their tasks: they take them by a command, keep them alive, and give them back or answer them.

use capstan_engine::orchestrate::ids;
use capstan_model::event::CloudEvent;
use capstan_model::event::rest::data_text;
use jiff::SignedDuration;
use serde_json::Value;

use super::agenda::Act;
use super::tool::{Answer, task_of};
use super::world::World;
use crate::command::{self, Command, CommandError, Grant, IdempotencyKey, Reply, Wanted};

impl World {
    /// A tool claims a task like this one, and plans what it does with what it is granted.
    pub(super) fn claim(&mut self, tool: usize, offer: &CloudEvent, answer: &Answer) -> Result<(), CommandError> {
        let claimant = self.tools.scripted.get(tool).and_then(|tool| Some((tool.source.clone(), tool.lease?)));
        let Some((source, term)) = claimant else { return Ok(()) };
        let of = |field| Some(data_text(&offer.data, field).to_owned());
        let wanted = Wanted {
            tool: source,
            tasks: vec![task_of(offer).to_owned()],
            project: of("project"),
            stage: of("stage"),
            service: of("service"),
            max: 1,
            term,
            key: None,
        };
        if let Reply::Claimed(grants) = self.carry_out(Command::Claim(Box::new(wanted)))? {
            for grant in grants {
                self.work_on(tool, grant, answer);
            }
        }
        Ok(())
    }

    fn work_on(&mut self, tool: usize, grant: Grant, answer: &Answer) {
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
        if let Some(reason) = answer.releases.clone() {
            return self.plan(ends, Act::Release { tool, offer: Box::new(offer), lease: lease.id, reason });
        }
        let sent = Value::Object(answer.data.clone()).to_string();
        let said = command::Answer {
            id: ids::derive(lease.granted_at, &[&lease.id, "answer"]),
            key: IdempotencyKey::of_lease(&lease.id, sent.as_bytes()),
            lease: lease.id,
            tool: Some(lease.tool),
            data: answer.data.clone(),
        };
        for _ in 0..answer.times {
            self.plan(ends, Act::Answer(Box::new(said.clone())));
        }
    }

    /// A tool is still at work; one that hears that its lease is over stops.
    pub(super) fn alive(
        &mut self,
        lease: String,
        progress: Option<String>,
        every: SignedDuration,
        until: SignedDuration,
    ) -> Result<(), CommandError> {
        match self.carry_out(Command::Heartbeat { lease: lease.clone(), progress: progress.clone() }) {
            Ok(_) => {
                if self.elapsed().saturating_add(every) < until {
                    self.plan(every, Act::Alive { lease, progress, every, until });
                }
            }
            Err(CommandError::LeaseOver { .. }) => {
                self.tools.over.insert(lease);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// A tool gives a task back; where its lease is over there is nothing to give.
    pub(super) fn give_back(
        &mut self,
        tool: usize,
        offer: &CloudEvent,
        lease: String,
        reason: String,
    ) -> Result<(), CommandError> {
        match self.carry_out(Command::Release { lease, reason }) {
            Ok(_) => {
                let now = self.elapsed();
                self.tools.given_back(tool, offer, now, &mut self.agenda);
            }
            Err(CommandError::LeaseOver { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// A tool answers by its lease, unless it has heard that it is over.
    pub(super) fn answer_by_lease(&mut self, answer: command::Answer) -> Result<(), CommandError> {
        if self.tools.over.contains(&answer.lease) {
            return Ok(());
        }
        self.carry_out(Command::Answer(Box::new(answer))).map(|_| ())
    }
}
