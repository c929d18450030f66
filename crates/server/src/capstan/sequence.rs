//! A sequence, as we show it.

use capstan_engine::orchestrate::{Deadline, Phase, Sequence};
use capstan_model::shipyard::{self, Join};
use capstan_model::timeframe;
use serde::Serialize;
use utoipa::ToSchema;

use super::task::{OpenTaskBody, TaskBody};

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
    /// Its tasks, in the order in which they stand in the shipyard.
    tasks: Vec<StepBody>,
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

/// A task as the shipyard has it.
#[derive(Serialize, ToSchema)]
#[schema(as = Step)]
struct StepBody {
    /// Its name.
    name: String,
    /// The group that it forms with those of the same name right before and behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    parallel: Option<String>,
    /// Whether one of its group that ends well is enough.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    any: bool,
    /// Whether it runs at the end whatever has happened before.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    finally: bool,
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
            tasks: steps(&sequence.definition.tasks),
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

fn steps(tasks: &[shipyard::Task]) -> Vec<StepBody> {
    let mut steps: Vec<StepBody> = Vec::new();
    for task in tasks {
        // How a group joins stands at its first task.
        let before = steps.last().filter(|before| task.parallel.is_some() && before.parallel == task.parallel);
        let any = before.map_or(task.join == Join::Any, |before| before.any);
        let (name, parallel) = (task.name.clone(), task.parallel.clone());
        steps.push(StepBody { name, any: any && parallel.is_some(), parallel, finally: task.finally });
    }
    steps
}
