//! A run and its sequences, as we show them.

use capstan_engine::orchestrate::{Attempt, Deadline, LatestEvent, Phase, Run, Sequence, StageView};
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
    /// Those that ended.
    done: Vec<TaskBody>,
    /// The task that is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    open: Option<AttemptBody>,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<EndBody>,
}

/// A task that ended.
#[derive(Serialize, ToSchema)]
#[schema(as = Task)]
pub(super) struct TaskBody {
    /// Its name.
    name: String,
    /// Id of its `.triggered` event.
    triggered_id: String,
    /// `pass`, `warning` or `fail`, over all tools that answered.
    result: String,
    /// `succeeded`, `errored`, `aborted` or `unknown`, over all tools that answered.
    status: String,
}

/// An offer of a task.
#[derive(Serialize, ToSchema)]
#[schema(as = Attempt)]
pub(super) struct AttemptBody {
    /// Name of the task.
    task: String,
    /// Counts the offers of this task, from 1.
    number: u32,
    /// Id of its `.triggered` event.
    triggered_id: String,
    /// When it was offered.
    #[schema(format = DateTime)]
    offered_at: String,
    /// When anything was last heard of it.
    #[schema(format = DateTime)]
    last_sign: String,
    /// By when something has to be heard; null while the clock stands still, and for an approval.
    #[schema(format = DateTime)]
    deadline: Option<String>,
    /// Who has started and not answered yet.
    holders: Vec<String>,
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
            done: sequence
                .done
                .iter()
                .map(|task| TaskBody {
                    name: task.name.clone(),
                    triggered_id: task.triggered_id.clone(),
                    result: task.result.clone(),
                    status: task.status.clone(),
                })
                .collect(),
            open: sequence.attempt().map(|attempt| AttemptBody::of(sequence, attempt)),
            end,
        }
    }
}

impl AttemptBody {
    fn of(sequence: &Sequence, attempt: &Attempt) -> Self {
        Self {
            task: sequence.name_of(attempt.task).to_owned(),
            number: attempt.number,
            triggered_id: attempt.triggered_id.clone(),
            offered_at: timeframe::display(attempt.offered_at),
            last_sign: timeframe::display(attempt.last_sign),
            deadline: match attempt.deadline {
                Deadline::At(deadline) => Some(timeframe::display(deadline)),
                Deadline::Left(_) | Deadline::None => None,
            },
            holders: attempt.holders().into_iter().map(str::to_owned).collect(),
        }
    }
}
