//! Claims: a tool takes a task for as long as something is heard of it.

use std::sync::Arc;

use capstan_model::event::event_type;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::answer;
use super::attempt::{Attempt, Lease, TaskEvent};
use super::effect::Effect;
use super::fact::{Fact, Renewed, Why};
use super::sequence::Sequence;
use super::task;
use super::turn::Turn;

/// A tool wants a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The id under which the task is offered.
    pub triggered_id: String,
    /// The tool's name.
    pub tool: String,
    /// How long it may be silent.
    pub term: SignedDuration,
}

impl Lease {
    /// The id of the `.triggered` event whose task is claimed under this id; none where it is none of a lease.
    pub fn triggered_id(id: &str) -> Option<&str> {
        let (triggered_id, number) = id.rsplit_once('.')?;
        (!triggered_id.is_empty() && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
            .then_some(triggered_id)
    }

    /// Whether it is so fresh that a heartbeat needs not be written: less than a third of its term has passed since the last.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        let since = now.duration_since(self.last_sign);
        // A last sign in the future is one from before the clock was set back.
        !since.is_negative() && since < self.term / 3
    }
}

impl Sequence {
    /// A claim that lives, with the task that it is about.
    pub fn lease(&self, id: &str) -> Option<(usize, &Attempt, &Lease)> {
        self.attempts().find_map(|(open, attempt)| {
            let lease = attempt.leases.iter().find(|lease| lease.id == id)?;
            Some((open.task, attempt, lease))
        })
    }

    /// Why a lease that lives no more is over.
    pub fn why_over(&self, id: &str) -> Why {
        let triggered_id = Lease::triggered_id(id).unwrap_or_default();
        match self.attempt_of(triggered_id) {
            Some(_) => Why::LeaseOver { lease: id.to_owned() },
            None => answer::over(self, triggered_id),
        }
    }
}

/// Grants a claim; nothing where the tool has the task already, or nobody offers it any more.
pub(super) fn claim(turn: &mut Turn<'_>, claim: &Claim) {
    let Some((open, attempt)) = turn.state.attempt_of(&claim.triggered_id) else { return };
    if attempt.knows(&claim.tool) {
        return;
    }
    let task = open.task;
    let id = format!("{}.{}", claim.triggered_id, attempt.claims + 1);
    let deadline = answer::deadline(turn, task, true);
    let lease = Lease {
        id: id.clone(),
        tool: claim.tool.clone(),
        term: claim.term,
        granted_at: turn.at,
        last_sign: turn.at,
        deadline: turn.deadline(claim.term),
        progress: String::new(),
    };
    let kind = event_type::of_task(turn.state.name_of(task), "started");
    let scope = &turn.state.scope;
    let mut data = json!({ "project": scope.project, "stage": scope.stage, "service": scope.service });
    if !scope.labels.is_null() {
        data["labels"] = scope.labels.clone();
    }
    let mut event = turn.event(turn.id(&["lease", &id]), kind, data);
    event.source.clone_from(&claim.tool);
    event.triggered_id = Some(claim.triggered_id.clone());
    let started = Arc::new(TaskEvent {
        id: event.id.clone(),
        event_type: event.kind.clone(),
        finished: false,
        source: claim.tool.clone(),
        result: String::new(),
        status: String::new(),
        time: turn.at,
        data: Value::Null,
    });
    turn.record(Fact::TaskStarted { task, event: started, deadline, lease: Some(Box::new(lease)) });
    turn.effect(Effect::Publish(event));
}

/// Something was heard of a claim.
pub(super) fn heartbeat(turn: &mut Turn<'_>, id: &str, progress: Option<&str>) {
    let Some((task, _, lease)) = turn.state.lease(id) else { return };
    let (source, term) = (lease.tool.clone(), lease.term);
    let progress = progress.filter(|progress| *progress != lease.progress).map(str::to_owned);
    let renewed = Renewed { lease: id.to_owned(), deadline: turn.deadline(term), progress };
    let deadline = answer::deadline(turn, task, true);
    turn.record(Fact::SignOfLife { task, event_id: None, source, deadline, renewed: Some(renewed) });
}

/// What is renewed by something else that a tool says of a task: its claim, if it has one.
pub(super) fn renewed_by(turn: &Turn<'_>, task: usize, tool: &str) -> Option<Renewed> {
    let lease = turn.state.open_task(task)?.attempt()?.lease_of(tool)?;
    Some(Renewed { lease: lease.id.clone(), deadline: turn.deadline(lease.term), progress: None })
}

/// A tool gives a claim back.
pub(super) fn release(turn: &mut Turn<'_>, id: &str, reason: &str) {
    let Some((task, attempt, lease)) = turn.state.lease(id) else { return };
    let others = attempt.started() > 1;
    let (source, unchanged) = (lease.tool.clone(), attempt.deadline);
    let deadline = if others { unchanged } else { turn.deadline(turn.state.start_timeout(task, turn.limits)) };
    let (lease, reason) = (id.to_owned(), reason.to_owned());
    turn.record(Fact::LeaseReleased { task, lease, source, reason, deadline });
    // Others may have answered meanwhile.
    task::complete_if_answered(turn, task);
}
