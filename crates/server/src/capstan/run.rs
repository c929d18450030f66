//! A run and its sequences, as we show them.

use capstan_engine::orchestrate::{
    Attempt, AttemptEnd, Deadline, DoneTask, LatestEvent, Lease, OpenTask, PastAttempt, Phase, Run, Sequence,
    StageView, TaskState,
};
use capstan_model::timeframe;
use serde::Serialize;
use utoipa::ToSchema;

/// Everything under one context.
#[derive(Serialize, ToSchema)]
#[schema(as = Run)]
pub(super) struct RunBody {
    /// Identifies it; `keptnContext` in v1.
    context: String,
    /// The project of its first sequence.
    project: String,
    /// The service of its first sequence.
    service: String,
    /// The name of its first sequence.
    sequence: String,
    /// When it was triggered.
    #[schema(format = DateTime)]
    triggered_at: String,
    /// `waiting`, `started`, `paused`, `finished`, `aborted` or `timedOut`.
    state: String,
    /// The worst of its sequences, but for those that were done again: `pass`, `warning`, `fail`, `timedOut` or `aborted`;
    /// absent before all is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<String>,
    /// What a remediation is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem_title: Option<String>,
    /// The commit that its tasks take their resources from.
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    /// What is shown of each stage, in the order in which the run came to them.
    stages: Vec<StageBody>,
}

/// A stage of a run.
#[derive(Serialize, ToSchema)]
#[schema(as = Stage)]
pub(super) struct StageBody {
    /// Its name.
    name: String,
    /// Empty before the first task, `triggered`, or how the last sequence ended here: `succeeded`, `errored`, `aborted`.
    state: String,
    /// The image of the last deployment.
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<String>,
    /// The last event of a task, or the end of a sequence.
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_event: Option<EventBody>,
    /// The last of these that tells of a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_failed_event: Option<EventBody>,
}

/// An event in short.
#[derive(Serialize, ToSchema)]
#[schema(as = Event)]
pub(super) struct EventBody {
    /// Its type.
    r#type: String,
    /// Its id.
    id: String,
    /// When it was taken in.
    #[schema(format = DateTime)]
    time: String,
}

/// One execution of a sequence in one stage.
#[derive(Serialize, ToSchema)]
#[schema(as = Sequence)]
pub(super) struct SequenceBody {
    /// Identifies it.
    id: String,
    /// Its name in the shipyard.
    name: String,
    /// Its stage.
    stage: String,
    /// Its service.
    service: String,
    /// Id of the event that triggered it.
    triggered_id: String,
    /// When it was triggered.
    #[schema(format = DateTime)]
    triggered_at: String,
    /// `triggered`, `started`, `waitingForApproval`, `paused`, `finished` or `timedOut`.
    state: String,
    /// The names of its tasks, in order.
    tasks: Vec<String>,
    /// Those that are over, in the order in which they stand in the shipyard.
    done: Vec<TaskBody>,
    /// Those that are under way: one, or those of a parallel group.
    open: Vec<OpenTaskBody>,
    /// When its timeout comes; absent while its clock stands still, and where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    deadline: Option<String>,
    /// The concurrency key under which it takes turns; absent: stage and service.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// Which sequence it does again.
    #[serde(skip_serializing_if = "Option::is_none")]
    rerun: Option<RerunBody>,
    /// How it will end, once the tasks that run at the end in any case are over.
    #[serde(skip_serializing_if = "Option::is_none")]
    closing: Option<ClosingBody>,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<EndBody>,
}

/// A sequence does again what an earlier one has failed to do.
#[derive(Serialize, ToSchema)]
#[schema(as = Rerun)]
pub(super) struct RerunBody {
    /// Id of the earlier one.
    of: String,
    /// Who wanted it; may be empty.
    by: String,
    /// Why; may be empty.
    reason: String,
}

/// A task that is over.
#[derive(Serialize, ToSchema)]
#[schema(as = Task)]
pub(super) struct TaskBody {
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

/// How a sequence will end.
#[derive(Serialize, ToSchema)]
#[schema(as = Closing)]
pub(super) struct ClosingBody {
    /// `pass`, `warning` or `fail`.
    result: String,
    /// `succeeded`, `errored`, `aborted` or `unknown`.
    status: String,
    /// Why, where there is something to say.
    #[serde(skip_serializing_if = "String::is_empty")]
    message: String,
}

/// The end of a sequence.
#[derive(Serialize, ToSchema)]
#[schema(as = End)]
pub(super) struct EndBody {
    /// `pass`, `warning` or `fail`.
    result: String,
    /// `succeeded`, `errored`, `aborted` or `unknown`.
    status: String,
    /// Why, where there is something to say.
    #[serde(skip_serializing_if = "String::is_empty")]
    message: String,
    /// When.
    #[schema(format = DateTime)]
    at: String,
}

impl RunBody {
    pub(super) fn of(run: &Run) -> Self {
        Self {
            context: run.context.clone(),
            project: run.project.clone(),
            service: run.service.clone(),
            sequence: run.name.clone(),
            triggered_at: timeframe::display(run.time),
            state: run.state().word().to_owned(),
            result: run.result().map(|result| result.word().to_owned()),
            problem_title: run.problem_title.clone(),
            commit: run.commit.clone(),
            stages: run.stages.iter().map(StageBody::of).collect(),
        }
    }
}

impl StageBody {
    fn of(view: &StageView) -> Self {
        Self {
            name: view.name.clone(),
            state: view.state.clone(),
            image: view.image.clone(),
            latest_event: view.latest_event.as_ref().map(EventBody::of),
            latest_failed_event: view.latest_failed_event.as_ref().map(EventBody::of),
        }
    }
}

impl EventBody {
    fn of(event: &LatestEvent) -> Self {
        Self { r#type: event.kind.clone(), id: event.id.clone(), time: timeframe::display(event.time) }
    }
}

impl SequenceBody {
    pub(super) fn of(sequence: &Sequence) -> Self {
        let end = match &sequence.phase {
            Phase::Ended(end) => Some(EndBody {
                result: end.result.clone(),
                status: end.status.clone(),
                message: end.message.clone(),
                at: timeframe::display(end.at),
            }),
            _ => None,
        };
        Self {
            id: sequence.id.clone(),
            name: sequence.definition.name.clone(),
            stage: sequence.scope.stage.clone(),
            service: sequence.scope.service.clone(),
            triggered_id: sequence.scope.triggered_id.clone(),
            triggered_at: timeframe::display(sequence.triggered_at),
            state: sequence.state().to_owned(),
            tasks: sequence.definition.tasks.iter().map(|task| task.name.clone()).collect(),
            done: sequence.over().map(TaskBody::of).collect(),
            open: sequence.open().iter().map(|open| OpenTaskBody::of(sequence, open)).collect(),
            deadline: sequence.deadline.and_then(Deadline::at).map(timeframe::display),
            key: sequence.key.clone(),
            rerun: sequence.rerun.as_ref().map(|rerun| RerunBody {
                of: rerun.of.clone(),
                by: rerun.by.clone(),
                reason: rerun.reason.clone(),
            }),
            closing: sequence.closing.as_ref().map(|closing| ClosingBody {
                result: closing.result.clone(),
                status: closing.status.clone(),
                message: closing.message.clone(),
            }),
            end,
        }
    }
}

impl TaskBody {
    fn of(task: &DoneTask) -> Self {
        Self {
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
    fn of(sequence: &Sequence, open: &OpenTask) -> Self {
        let (state, due) = match &open.state {
            TaskState::Ready { due } => ("ready", *due),
            TaskState::Offered(_) => ("offered", None),
            TaskState::Over(_) => ("over", None),
        };
        Self {
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
