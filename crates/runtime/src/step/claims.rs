//! Tools claim tasks, keep them alive, give them back and answer them.

use std::collections::BTreeSet;

use capstan_engine::orchestrate::{Claim, Input, Lease, Reaction, ReactionKind, Sequence, Why};
use capstan_model::event::rest::data_text;
use capstan_model::event::{CloudEvent, event_type};
use jiff::SignedDuration;
use serde_json::Value;

use super::cache::Known;
use super::work::{Caused, Work};
use crate::command::{Answer, CommandError, Grant, Ingest, Reply, Wanted};
use crate::ports::{ClaimFilter, Offered};

/// How long a repeat of a claim is known: whoever lost the answer asks again at once.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(1);

impl Wanted {
    fn filter(&self) -> ClaimFilter {
        let kinds = self.tasks.iter().map(|task| event_type::of_task(task, "triggered")).collect();
        let (project, stage, service) = (self.project.clone(), self.stage.clone(), self.service.clone());
        ClaimFilter { tool: self.tool.clone(), kinds, project, stage, service }
    }

    /// Whether it takes a task that was just offered.
    fn takes(&self, event: &CloudEvent) -> bool {
        let is = |limit: &Option<String>, field: &str| {
            limit.as_ref().is_none_or(|limit| data_text(&event.data, field) == limit)
        };
        self.tasks.iter().any(|task| event.kind == event_type::of_task(task, "triggered"))
            && is(&self.project, "project")
            && is(&self.stage, "stage")
            && is(&self.service, "service")
    }
}

impl Work<'_> {
    /// Grants what is there, the oldest first. A repeat under its key gets what it was granted before and still has.
    pub(super) fn claim(&mut self, wanted: &Wanted) -> Result<Reply, CommandError> {
        if let Some(key) = &wanted.key
            && let Some(leases) = self.tx.answer(&key_of(key))?
        {
            let mut grants = Vec::new();
            for lease in leases.lines() {
                grants.extend(self.grant_of(lease)?);
            }
            if !grants.is_empty() {
                return Ok(Reply::Claimed(grants));
            }
        }
        let mut grants = Vec::new();
        for offered in self.tx.claimable(&wanted.filter(), wanted.max)? {
            grants.extend(self.grant(wanted, &offered, None)?);
        }
        self.remember(wanted, &grants)?;
        Ok(Reply::Claimed(grants))
    }

    /// Grants a task that was just offered to those who wait for one: to one of each name, who has waited longest.
    pub(super) fn grant_to_waiting(&mut self, offered: &Offered, event: &CloudEvent) -> Result<(), CommandError> {
        let mut asked: BTreeSet<&str> = BTreeSet::new();
        for (at, wanted) in self.waiting.claims.iter().enumerate() {
            let granted = self.granted.get(&at).map_or(0, Vec::len) as u64;
            if granted >= wanted.max || self.waiting.served.contains(&at) || !wanted.takes(event) {
                continue;
            }
            // Each name gets it once, so that the others need not ask.
            if asked.insert(&wanted.tool)
                && let Some(grant) = self.grant(wanted, offered, Some(event))?
            {
                self.granted.entry(at).or_default().push(grant);
            }
        }
        Ok(())
    }

    /// Remembers what was granted to those who wait.
    pub(super) fn remember_granted(&mut self) -> Result<(), CommandError> {
        for (at, grants) in std::mem::take(&mut self.granted) {
            if let Some(wanted) = self.waiting.claims.get(at) {
                self.remember(wanted, &grants)?;
            }
            self.signals.granted.push((at, grants));
        }
        Ok(())
    }

    fn remember(&mut self, wanted: &Wanted, grants: &[Grant]) -> Result<(), CommandError> {
        let Some(key) = wanted.key.as_ref().filter(|_| !grants.is_empty()) else { return Ok(()) };
        let leases: Vec<&str> = grants.iter().map(|grant| &*grant.lease.id).collect();
        let until = self.now.saturating_add(REMEMBERED).unwrap_or(jiff::Timestamp::MAX);
        Ok(self.tx.remember(&key_of(key), &leases.join("\n"), until)?)
    }

    /// Grants a listed task, if the tool can have it; `event` is its `.triggered` event, where that is at hand.
    fn grant(
        &mut self,
        wanted: &Wanted,
        offered: &Offered,
        event: Option<&CloudEvent>,
    ) -> Result<Option<Grant>, CommandError> {
        let Offered { triggered_id, sequence: id, position } = offered;
        let Some(Known { sequence: before, .. }) = self.sequence(id)? else { return Ok(None) };
        if before.attempt_of(triggered_id).is_none_or(|(_, attempt)| attempt.knows(&wanted.tool)) {
            return Ok(None);
        }
        let (triggered_id, tool) = (triggered_id.clone(), wanted.tool.clone());
        self.deliver(id, &Input::Claimed(Claim { triggered_id, tool, term: wanted.term }))?;
        let Some(Known { sequence, .. }) = self.sequence(id)? else { return Ok(None) };
        let attempt = sequence.attempt_of(&offered.triggered_id).map(|(_, attempt)| attempt);
        let Some(lease) = attempt.and_then(|attempt| attempt.lease_of(&wanted.tool)) else { return Ok(None) };
        let granted = Granted::of(sequence, lease);
        let event = match event {
            Some(event) => Some(event.clone()),
            None => self.tx.event(*position)?,
        };
        Ok(event.and_then(|event| Some(granted?.with(event))))
    }

    /// What was granted under a lease that lives.
    fn grant_of(&mut self, lease: &str) -> Result<Option<Grant>, CommandError> {
        let Some(triggered_id) = Lease::triggered_id(lease) else { return Ok(None) };
        let Some(offered) = self.tx.offered(triggered_id)? else { return Ok(None) };
        let Some(Known { sequence, .. }) = self.sequence(&offered.sequence)? else { return Ok(None) };
        let Some((_, _, lease)) = sequence.lease(lease) else { return Ok(None) };
        let granted = Granted::of(sequence, lease);
        Ok(self.tx.event(offered.position)?.and_then(|event| Some(granted?.with(event))))
    }

    /// Renews a lease.
    pub(super) fn heartbeat(&mut self, lease: &str, progress: Option<&str>) -> Result<Reply, CommandError> {
        let id = self.live(lease)?;
        let input = Input::Heartbeat { lease: lease.to_owned(), progress: progress.map(str::to_owned) };
        self.deliver(&id, &input)?;
        let renewed = self.sequence(&id)?.and_then(|known| Some(known.sequence.lease(lease)?.2.clone()));
        Ok(renewed.map_or(Reply::Nothing, |lease| Reply::Renewed(Box::new(lease))))
    }

    /// Gives a lease back.
    pub(super) fn release(&mut self, lease: &str, reason: &str) -> Result<Reply, CommandError> {
        let sequence = self.of_lease(lease)?;
        if sequence.lease(lease).is_none() {
            return match sequence.why_over(lease) {
                // Said twice: it is given back, or needs not be any more.
                Why::LeaseOver { .. } => Ok(Reply::Done),
                why => Err(lease_over(lease, &why)),
            };
        }
        let id = sequence.id.clone();
        self.deliver(&id, &Input::Released { lease: lease.to_owned(), reason: reason.to_owned() })?;
        self.offer_again(Lease::triggered_id(lease).unwrap_or_default())?;
        Ok(Reply::Done)
    }

    /// What a tool has given back is there for whoever waits under the same name.
    fn offer_again(&mut self, triggered_id: &str) -> Result<(), CommandError> {
        if self.waiting.claims.is_empty() {
            return Ok(());
        }
        let Some(offered) = self.tx.offered(triggered_id)? else { return Ok(()) };
        if let Some(event) = self.tx.event(offered.position)? {
            self.caused.push_back(Caused::Grant { offered, event });
        }
        Ok(())
    }

    /// The sequence of a lease that lives.
    fn live(&mut self, lease: &str) -> Result<String, CommandError> {
        let sequence = self.of_lease(lease)?;
        if sequence.lease(lease).is_none() {
            return Err(lease_over(lease, &sequence.why_over(lease)));
        }
        Ok(sequence.id.clone())
    }

    fn of_lease(&mut self, lease: &str) -> Result<&Sequence, CommandError> {
        let unknown = || CommandError::UnknownLease(lease.to_owned());
        let id = self.tx.sequence_of(Lease::triggered_id(lease).ok_or_else(unknown)?)?.ok_or_else(unknown)?;
        Ok(&self.sequence(&id)?.ok_or_else(unknown)?.sequence)
    }

    /// Answers a task by its lease. The answer is stored also where the lease is over; then it is ignored.
    pub(super) fn answer(&mut self, answer: &Answer) -> Result<Reply, CommandError> {
        let now = self.now;
        let sequence = self.of_lease(&answer.lease)?;
        let triggered_id = Lease::triggered_id(&answer.lease).unwrap_or_default();
        let task = sequence.task_of(triggered_id).map(|task| sequence.name_of(task).to_owned()).unwrap_or_default();
        let holder = sequence.lease(&answer.lease).map(|(_, _, lease)| lease.tool.clone());
        let scope = &sequence.scope;
        let mut data = answer.data.clone();
        for (field, value) in [("project", &scope.project), ("stage", &scope.stage), ("service", &scope.service)] {
            data.insert(field.to_owned(), value.clone().into());
        }
        let event = CloudEvent {
            id: answer.id.clone(),
            source: holder.or_else(|| answer.tool.clone()).unwrap_or_else(|| "unknown".to_owned()),
            kind: event_type::of_task(&task, "finished"),
            time: Some(now),
            context: Some(scope.context.clone()),
            triggered_id: Some(triggered_id.to_owned()),
            commit: scope.commit.clone(),
            extensions: serde_json::Map::new(),
            data: Value::Object(data),
        };
        let lease = Some(answer.lease.clone());
        let ingested = self.ingest(&Ingest { event, key: Some(answer.key.clone()) }, lease);
        ingested.map_err(|error| match error {
            CommandError::KeyReused => CommandError::AnsweredOtherwise(answer.lease.clone()),
            error => error,
        })
    }

    /// What a tool says, by an event.
    pub(super) fn reaction(event: &CloudEvent, kind: ReactionKind, triggered_id: &str, lease: Option<String>) -> Input {
        Input::Reaction(Reaction {
            event_id: event.id.clone(),
            event_type: event.kind.clone(),
            kind,
            source: event.source.clone(),
            context: event.context.clone().unwrap_or_default(),
            triggered_id: triggered_id.to_owned(),
            lease,
            data: event.data.clone(),
        })
    }
}

/// A grant but for its event.
struct Granted {
    task: String,
    attempt: u32,
    lease: Lease,
}

impl Granted {
    fn of(sequence: &Sequence, lease: &Lease) -> Option<Self> {
        let (task, ..) = sequence.lease(&lease.id)?;
        let attempt = sequence.open_task(task).map_or(1, |open| open.number);
        Some(Self { task: sequence.name_of(task).to_owned(), attempt, lease: lease.clone() })
    }

    fn with(self, event: CloudEvent) -> Grant {
        let Self { task, attempt, lease } = self;
        Grant { task, attempt, lease, event }
    }
}

fn key_of(key: &str) -> String {
    format!("claim\u{1f}{key}")
}

fn lease_over(lease: &str, why: &Why) -> CommandError {
    let why = match why {
        Why::LeaseOver { .. } => "it was answered or given back".to_owned(),
        why => why.sentence(),
    };
    CommandError::LeaseOver { lease: lease.to_owned(), why }
}
