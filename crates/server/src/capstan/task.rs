//! Tasks, attempts and leases, as we show them.

use capstan_engine::orchestrate::{Attempt, AttemptEnd, DoneTask, Lease, OpenTask, PastAttempt, Sequence, TaskState};
use capstan_model::timeframe;
use serde::Serialize;
use utoipa::ToSchema;

/// A task that is over.
#[derive(Serialize, ToSchema)]
#[schema(as = Task)]
pub(super) struct TaskBody {
    /// Its place among the tasks of the sequence, from 0.
    index: usize,
    /// Its name.
    name: String,
    /// `answered`, `timed_out`, `impossible` (it could not be offered), `skipped` or `cancelled`.
    end: String,
    /// Id of the `.triggered` event of its last attempt; empty where there was none.
    triggered_id: String,
    /// `pass`, `warning` or `fail`, over all tools that answered; empty where it was skipped or cancelled.
    result: String,
    /// `succeeded`, `errored`, `aborted` or `unknown`, over all tools that answered; empty likewise.
    status: String,
    /// Of its last answer, or why it ended without.
    #[serde(skip_serializing_if = "String::is_empty")]
    message: String,
    /// Attempts that came to nothing before the last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    past: Vec<PastAttemptBody>,
}

/// A task that is under way.
#[derive(Serialize, ToSchema)]
#[schema(as = OpenTask)]
pub(super) struct OpenTaskBody {
    /// Its place among the tasks of the sequence, from 0.
    index: usize,
    /// Name of the task.
    task: String,
    /// The number of the attempt that is open or comes next, from 1.
    number: u32,
    /// `ready` (not offered yet), `offered`, or `over` (it waits for the others of its group).
    state: &'static str,
    /// Not offered before this.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    due: Option<String>,
    /// The attempt that is offered.
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<AttemptBody>,
    /// Attempts that came to nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    past: Vec<PastAttemptBody>,
}

/// An attempt that came to nothing.
#[derive(Serialize, ToSchema)]
#[schema(as = PastAttempt)]
pub(super) struct PastAttemptBody {
    /// Its number.
    number: u32,
    /// Id of its `.triggered` event.
    triggered_id: String,
    /// `failed`, `timed_out` or `lease_lost`.
    #[schema(value_type = String)]
    end: AttemptEnd,
    /// Why.
    message: String,
    /// When.
    #[schema(format = DateTime)]
    at: String,
}

/// An offer of a task.
#[derive(Serialize, ToSchema)]
#[schema(as = Attempt)]
pub(super) struct AttemptBody {
    /// Id of its `.triggered` event.
    triggered_id: String,
    /// When it was offered.
    #[schema(format = DateTime)]
    offered_at: String,
    /// When anything was last heard of it.
    #[schema(format = DateTime)]
    last_sign: String,
    /// When it is given up; null while the clock stands still, and for an approval.
    #[schema(format = DateTime)]
    deadline: Option<String>,
    /// Who has started and not answered yet.
    holders: Vec<String>,
    /// Claims that live.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    leases: Vec<LeaseBody>,
}

/// A claim of a task by a tool.
#[derive(Serialize, ToSchema)]
#[schema(as = Lease)]
pub(super) struct LeaseBody {
    /// Identifies it.
    pub(super) lease: String,
    /// The tool's name.
    pub(super) tool: String,
    /// How long it may be silent, in seconds.
    pub(super) seconds: f64,
    /// When it was granted.
    #[schema(format = DateTime)]
    pub(super) granted_at: String,
    /// When it is lost unless something is heard before; null while its clock stands still.
    #[schema(format = DateTime)]
    pub(super) expires_at: Option<String>,
    /// What the tool says of its work.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) progress: String,
}

impl TaskBody {
    pub(super) fn of(task: &DoneTask) -> Self {
        Self {
            index: task.task,
            name: task.name.clone(),
            end: task.end.word().to_owned(),
            triggered_id: task.triggered_id.clone(),
            result: task.result.clone(),
            status: task.status.clone(),
            message: task.message.clone(),
            past: task.past.iter().map(PastAttemptBody::of).collect(),
        }
    }
}

impl OpenTaskBody {
    pub(super) fn of(sequence: &Sequence, open: &OpenTask) -> Self {
        let (state, due) = match &open.state {
            TaskState::Ready { due } => ("ready", *due),
            TaskState::Offered(_) => ("offered", None),
            TaskState::Over(_) => ("over", None),
        };
        Self {
            index: open.task,
            task: sequence.name_of(open.task).to_owned(),
            number: open.number,
            state,
            due: due.map(timeframe::display),
            attempt: open.attempt().map(AttemptBody::of),
            past: open.past.iter().map(PastAttemptBody::of).collect(),
        }
    }
}

impl PastAttemptBody {
    fn of(past: &PastAttempt) -> Self {
        Self {
            number: past.number,
            triggered_id: past.triggered_id.clone(),
            end: past.end,
            message: past.message.clone(),
            at: timeframe::display(past.at),
        }
    }
}

impl AttemptBody {
    fn of(attempt: &Attempt) -> Self {
        Self {
            triggered_id: attempt.triggered_id.clone(),
            offered_at: timeframe::display(attempt.offered_at),
            last_sign: timeframe::display(attempt.last_sign),
            deadline: attempt.deadline.at().map(timeframe::display),
            holders: attempt.holders().into_iter().map(str::to_owned).collect(),
            leases: attempt.leases.iter().map(LeaseBody::of).collect(),
        }
    }
}

impl LeaseBody {
    pub(super) fn of(lease: &Lease) -> Self {
        Self {
            lease: lease.id.clone(),
            tool: lease.tool.clone(),
            seconds: lease.term.as_secs_f64(),
            granted_at: timeframe::display(lease.granted_at),
            expires_at: lease.deadline.at().map(timeframe::display),
            progress: lease.progress.clone(),
        }
    }
}
