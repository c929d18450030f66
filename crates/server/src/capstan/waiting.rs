//! What a run waits for: who holds it, the last sign of life, the deadline, and what comes when that has passed.

use capstan_engine::orchestrate::{self, Fact, Queue, Sequence, Slot};
use capstan_model::timeframe;
use capstan_runtime::ports::{Project, SequenceFilter, Slice, StoreError, StoreReader, StoredFact};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::handled::Handled;

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
    /// The number of its attempt that is open or comes next, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<u32>,
    /// What it waits for.
    r#for: Awaited,
    /// What a tool that holds it says of its work.
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<String>,
    /// On whom it depends; empty where anybody may take it up.
    holders: Vec<Holder>,
    /// Since when.
    #[schema(format = DateTime)]
    since: String,
    /// When anything was last heard of it, or of those that hold it.
    #[schema(format = DateTime)]
    last_sign: String,
    /// The same, to compare it.
    #[serde(skip)]
    pub(super) silent_since: Timestamp,
    /// When the consequence comes; null where there is no end to the waiting.
    #[schema(format = DateTime)]
    deadline: Option<String>,
    /// What follows.
    consequence: String,
    /// What may be wrong, where nobody was seen that handles the task.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
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

/// What a sequence waits for, as the engine says. `facts` are those of its run, where they are at hand.
pub(super) fn of(
    reader: &dyn StoreReader,
    project: &Project,
    sequence: &Sequence,
    facts: Option<&[StoredFact]>,
    handled: &Handled,
    now: Timestamp,
) -> Result<Vec<Waiting>, StoreError> {
    let queue = reader.queue(project.id, &sequence.queue())?;
    let holders = match sequence.slot {
        Slot::Wanted => holders(reader, project, &queue)?,
        Slot::None | Slot::Held => Vec::new(),
    };
    let all = orchestrate::waiting(sequence, &queue, now);
    let read: Vec<StoredFact>;
    let facts = match facts {
        Some(facts) => facts,
        None if all.iter().any(|waiting| beginning(waiting.awaited).is_some()) => {
            read = reader.facts(project.id, &sequence.scope.context)?;
            &read
        }
        None => &[],
    };
    let all = all.into_iter().map(|waiting| Waiting::of(waiting.with_holders(&holders), sequence, facts, handled));
    Ok(all.collect())
}

/// The sequences that have the slot.
fn holders(reader: &dyn StoreReader, project: &Project, queue: &Queue) -> Result<Vec<Sequence>, StoreError> {
    // They are all of one run.
    let Some(place) = queue.held.first() else { return Ok(Vec::new()) };
    let (project, context) = (project.name.clone(), Some(place.context.clone()));
    let filter = SequenceFilter { project, context, ..SequenceFilter::default() };
    let mut holders = reader.sequences(&filter, Slice::ALL)?.items;
    holders.retain(|holder| queue.held.iter().any(|place| place.sequence == holder.id));
    Ok(holders)
}

impl Waiting {
    fn of(waiting: orchestrate::Waiting, sequence: &Sequence, facts: &[StoredFact], handled: &Handled) -> Self {
        let since = since(waiting.awaited, waiting.task.as_deref(), sequence, facts);
        let last_sign = match waiting.awaited {
            orchestrate::Awaited::Slot => waiting.last_sign,
            // The state does not keep when it was paused, its history does.
            _ => waiting.last_sign.max(since),
        };
        let unhandled = waiting.task.as_deref().filter(|_| waiting.awaited == orchestrate::Awaited::ToolToStart);
        Self {
            sequence: sequence.id.clone(),
            stage: sequence.scope.stage.clone(),
            hint: unhandled.and_then(|task| handled.hint(task)),
            task: waiting.task,
            attempt: waiting.attempt,
            progress: waiting.progress,
            r#for: waiting.awaited.into(),
            holders: waiting.holders.into_iter().map(Holder::from).collect(),
            since: timeframe::display(since),
            last_sign: timeframe::display(last_sign),
            silent_since: last_sign,
            deadline: waiting.deadline.map(timeframe::display),
            consequence: waiting.consequence,
        }
    }
}

/// Since when; what the state does not keep, the last fact of its kind tells.
fn since(awaited: orchestrate::Awaited, task: Option<&str>, sequence: &Sequence, facts: &[StoredFact]) -> Timestamp {
    let Some(began) = beginning(awaited) else {
        let named = |open: usize| task.is_none_or(|task| sequence.name_of(open) == task);
        let mut attempts = sequence.attempts().filter(|(open, _)| named(open.task));
        return attempts.next().map_or(sequence.triggered_at, |(_, attempt)| attempt.offered_at);
    };
    let mut mine = facts.iter().filter(|stored| stored.sequence.as_deref() == Some(&sequence.id));
    mine.rfind(|stored| began(&stored.fact)).map_or(sequence.triggered_at, |stored| stored.at)
}

/// The fact with which such a waiting begins; none where the state itself says when.
fn beginning(awaited: orchestrate::Awaited) -> Option<fn(&Fact) -> bool> {
    use orchestrate::Awaited;
    match awaited {
        Awaited::Resume => Some(|fact| matches!(fact, Fact::Paused)),
        Awaited::Slot => Some(|fact| matches!(fact, Fact::SlotWanted)),
        Awaited::Delay => Some(|fact| matches!(fact, Fact::TaskReady { .. } | Fact::AttemptEnded { .. })),
        Awaited::ToolToStart | Awaited::ToolToFinish | Awaited::Approval => None,
    }
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
