//! What a run waits for: who holds it, the last sign of life, the deadline, and what comes when that has passed.

use capstan_engine::orchestrate::{self, Fact, Queue, Sequence};
use capstan_model::timeframe;
use capstan_runtime::ports::StoredFact;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// Something that has to happen before a sequence goes on.
#[derive(Serialize, ToSchema)]
pub(super) struct Waiting {
    /// Id of the sequence that waits.
    sequence: String,
    /// Its stage.
    stage: String,
    /// The task that waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<String>,
    /// What it waits for.
    r#for: Awaited,
    /// On whom it depends; empty where anybody may take it up.
    holders: Vec<Holder>,
    /// Since when.
    #[schema(format = DateTime)]
    since: String,
    /// When anything was last heard of it, or of those that hold it.
    #[schema(format = DateTime)]
    last_sign: String,
    /// When the consequence comes; null where there is no end to the waiting.
    #[schema(format = DateTime)]
    deadline: Option<String>,
    /// What follows.
    consequence: String,
}

/// What a sequence can wait for.
#[derive(Serialize, ToSchema)]
enum Awaited {
    /// A task is offered, nobody has taken it up.
    #[serde(rename = "tool to start")]
    ToolToStart,
    /// Somebody is at work.
    #[serde(rename = "tool to finish")]
    ToolToFinish,
    /// Somebody has to decide.
    #[serde(rename = "approval")]
    Approval,
    /// Another run has its turn on the service in the stage.
    #[serde(rename = "slot")]
    Slot,
    /// The task is to be offered later.
    #[serde(rename = "delay")]
    Delay,
    /// It is paused.
    #[serde(rename = "resume")]
    Resume,
}

/// On whom something depends.
#[derive(Serialize, ToSchema)]
struct Holder {
    /// `tool`, `run` or `person`.
    kind: HolderKind,
    /// The source of the tool's events, the context of the run; absent for a person, whoever that may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

/// What kind of holder.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum HolderKind {
    Tool,
    Run,
    Person,
}

/// What a sequence waits for, as the engine says. `holders` are the sequences that have the slot it stands in line for.
pub(super) fn of(
    sequence: &Sequence,
    facts: &[StoredFact],
    queue: &Queue,
    holders: &[Sequence],
    now: Timestamp,
) -> Vec<Waiting> {
    let all = orchestrate::waiting(sequence, queue, now).into_iter();
    all.map(|waiting| Waiting::of(waiting.with_holders(holders), sequence, facts)).collect()
}

impl Waiting {
    fn of(waiting: orchestrate::Waiting, sequence: &Sequence, facts: &[StoredFact]) -> Self {
        let since = since(waiting.awaited, sequence, facts);
        let last_sign = match waiting.awaited {
            orchestrate::Awaited::Slot => waiting.last_sign,
            // The state does not keep when it was paused, its history does.
            _ => waiting.last_sign.max(since),
        };
        Self {
            sequence: sequence.id.clone(),
            stage: sequence.scope.stage.clone(),
            task: waiting.task,
            r#for: waiting.awaited.into(),
            holders: waiting.holders.into_iter().map(Holder::from).collect(),
            since: timeframe::display(since),
            last_sign: timeframe::display(last_sign),
            deadline: waiting.deadline.map(timeframe::display),
            consequence: waiting.consequence,
        }
    }
}

/// Since when; what the state does not keep, the last fact of its kind tells.
fn since(awaited: orchestrate::Awaited, sequence: &Sequence, facts: &[StoredFact]) -> Timestamp {
    use orchestrate::Awaited;
    let began: fn(&Fact) -> bool = match awaited {
        Awaited::Resume => |fact| matches!(fact, Fact::Paused { .. }),
        Awaited::Slot => |fact| matches!(fact, Fact::SlotWanted),
        Awaited::Delay => |fact| matches!(fact, Fact::TaskReady { .. }),
        Awaited::ToolToStart | Awaited::ToolToFinish | Awaited::Approval => {
            return sequence.attempt().map_or(sequence.triggered_at, |attempt| attempt.offered_at);
        }
    };
    let mut mine = facts.iter().filter(|stored| stored.sequence.as_deref() == Some(&sequence.id));
    mine.rfind(|stored| began(&stored.fact)).map_or(sequence.triggered_at, |stored| stored.at)
}

impl From<orchestrate::Awaited> for Awaited {
    fn from(awaited: orchestrate::Awaited) -> Self {
        match awaited {
            orchestrate::Awaited::ToolToStart => Self::ToolToStart,
            orchestrate::Awaited::ToolToFinish => Self::ToolToFinish,
            orchestrate::Awaited::Approval => Self::Approval,
            orchestrate::Awaited::Slot => Self::Slot,
            orchestrate::Awaited::Delay => Self::Delay,
            orchestrate::Awaited::Resume => Self::Resume,
        }
    }
}

impl From<orchestrate::Holder> for Holder {
    fn from(holder: orchestrate::Holder) -> Self {
        let (kind, name) = match holder {
            orchestrate::Holder::Tool(source) => (HolderKind::Tool, Some(source)),
            orchestrate::Holder::Run(context) => (HolderKind::Run, Some(context)),
            orchestrate::Holder::Person => (HolderKind::Person, None),
        };
        Self { kind, name }
    }
}
