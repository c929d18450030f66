//! What a run waits for: who holds it, the last sign of life, the deadline, and what comes when that has passed.

use capstan_engine::orchestrate::{APPROVAL, Attempt, Deadline, Fact, Phase, Sequence, Slot};
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
#[derive(Serialize, ToSchema, Clone, Copy, PartialEq, Eq, Debug)]
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
#[derive(Serialize, ToSchema, Clone)]
struct Holder {
    /// `tool`, `run` or `person`.
    kind: HolderKind,
    /// The source of the tool's events, the context of the run; absent for a person, whoever that may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

/// What kind of holder.
#[derive(Serialize, ToSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum HolderKind {
    Tool,
    Run,
    Person,
}

/// What stands before a sequence in the queue of its service.
#[derive(Default)]
pub(super) struct Ahead {
    /// The sequences that have the slot; all of one run.
    pub(super) holders: Vec<Sequence>,
    /// How many wait before it.
    pub(super) before: usize,
}

/// Whether it stands in the queue of its service.
pub(super) fn stands_in_queue(sequence: &Sequence) -> bool {
    sequence.slot == Slot::Wanted && !sequence.paused
}

/// What a sequence waits for. A paused one waits for its resume, and for the tool that may still be at work.
pub(super) fn of(sequence: &Sequence, facts: &[StoredFact], ahead: &Ahead, now: Timestamp) -> Vec<Waiting> {
    let mut waiting = Vec::new();
    let last_fact = |is: fn(&Fact) -> bool| {
        let mut mine = facts.iter().filter(|stored| stored.sequence.as_deref() == Some(&sequence.id));
        mine.rfind(|stored| is(&stored.fact)).map(|stored| stored.at)
    };
    if sequence.paused && !sequence.is_over() {
        let since = last_fact(|fact| matches!(fact, Fact::Paused { .. })).unwrap_or(sequence.triggered_at);
        waiting.push(Waiting {
            holders: vec![Holder { kind: HolderKind::Person, name: None }],
            consequence: "it stands still, with its deadlines, until somebody resumes or aborts it; daily it reminds"
                .to_owned(),
            ..entry(sequence, None, Awaited::Resume, since)
        });
    } else if stands_in_queue(sequence) {
        let since = last_fact(|fact| matches!(fact, Fact::SlotWanted)).unwrap_or(sequence.triggered_at);
        waiting.push(slot(sequence, since, ahead));
    }
    match &sequence.phase {
        Phase::Task(attempt) => waiting.push(tool(sequence, attempt)),
        Phase::Ready { task, due: Some(due) } if *due > now => {
            let since = last_fact(|fact| matches!(fact, Fact::TaskReady { .. })).unwrap_or(sequence.triggered_at);
            let name = sequence.name_of(*task);
            waiting.push(Waiting {
                deadline: Some(timeframe::display(*due)),
                consequence: format!("task '{name}' is offered then, if nothing else stands against it"),
                ..entry(sequence, Some(name), Awaited::Delay, since)
            });
        }
        Phase::Ready { .. } | Phase::Queued | Phase::Ended(_) => {}
    }
    waiting
}

fn slot(sequence: &Sequence, since: Timestamp, ahead: &Ahead) -> Waiting {
    let sign = |holder: &Sequence| holder.attempt().map_or(holder.triggered_at, |attempt| attempt.last_sign);
    let last_sign = ahead.holders.iter().map(sign).max().unwrap_or(since);
    let run = ahead.holders.first().map(|holder| holder.scope.context.clone());
    let consequence = match ahead.before {
        0 => "it goes on as soon as the run ahead has left the service in this stage".to_owned(),
        before => format!(
            "it goes on as soon as the run ahead has left the service in this stage and {before} more that came before it \
             had their turn"
        ),
    };
    Waiting {
        holders: run.into_iter().map(|name| Holder { kind: HolderKind::Run, name: Some(name) }).collect(),
        last_sign: timeframe::display(last_sign),
        consequence,
        ..entry(sequence, None, Awaited::Slot, since)
    }
}

fn tool(sequence: &Sequence, attempt: &Attempt) -> Waiting {
    let name = sequence.name_of(attempt.task);
    let started = attempt.started() > 0;
    let (what, holders) = match name {
        _ if !started => (Awaited::ToolToStart, Vec::new()),
        APPROVAL => (Awaited::Approval, vec![Holder { kind: HolderKind::Person, name: None }]),
        _ => {
            let tools = attempt.holders().into_iter();
            let holders = tools.map(|tool| Holder { kind: HolderKind::Tool, name: Some(tool.to_owned()) });
            (Awaited::ToolToFinish, holders.collect())
        }
    };
    let deadline = match attempt.deadline {
        Deadline::At(deadline) => Some(timeframe::display(deadline)),
        Deadline::Left(_) | Deadline::None => None,
    };
    let consequence = match (what, attempt.deadline) {
        (Awaited::Approval, _) => {
            "it waits until 'approval.finished' comes with result 'pass' or 'fail'; daily it reminds, others may go on \
             meanwhile"
                .to_owned()
        }
        (_, Deadline::Left(_)) => "its clock stands still; it runs on after the resume".to_owned(),
        (_, Deadline::None) => "it waits for as long as it takes".to_owned(),
        (Awaited::ToolToStart, Deadline::At(_)) => {
            format!(
                "if no tool has started on '{name}' by then, the sequence ends as timed out, errored with result 'fail'"
            )
        }
        (_, Deadline::At(_)) => {
            "if nothing is heard of it by then, the sequence ends as timed out, errored with result 'fail'".to_owned()
        }
    };
    Waiting {
        holders,
        last_sign: timeframe::display(attempt.last_sign),
        deadline,
        consequence,
        ..entry(sequence, Some(name), what, attempt.offered_at)
    }
}

fn entry(sequence: &Sequence, task: Option<&str>, r#for: Awaited, since: Timestamp) -> Waiting {
    Waiting {
        sequence: sequence.id.clone(),
        stage: sequence.scope.stage.clone(),
        task: task.map(str::to_owned),
        r#for,
        holders: Vec::new(),
        since: timeframe::display(since),
        last_sign: timeframe::display(since),
        deadline: None,
        consequence: String::new(),
    }
}
