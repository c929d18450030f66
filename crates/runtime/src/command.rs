//! What the runtime can be asked to do, and what it answers.

use capstan_engine::orchestrate::{Control, Lease, Origin, Wish};
use capstan_model::event::CloudEvent;
use jiff::SignedDuration;
use serde_json::{Map, Value};

use crate::ports::{Configuration, Retention, StoreError};

/// A change of the world. All of them go through the one writer, in the order in which they come.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Take in an event.
    Ingest(Box<Ingest>),
    /// Steer a run.
    Control {
        /// Name of its project.
        project: String,
        /// Its context.
        context: String,
        /// One stage alone.
        stage: Option<String>,
        /// How.
        control: Control,
    },
    /// Take tasks, as many as are there.
    Claim(Box<Wanted>),
    /// Renew a lease.
    Heartbeat {
        /// Its id.
        lease: String,
        /// What the tool says of its work; none: what it said before.
        progress: Option<String>,
    },
    /// Give a lease back; the attempt stays offered.
    Release {
        /// Its id.
        lease: String,
        /// Why; may be empty.
        reason: String,
    },
    /// Answer a task by its lease.
    Answer(Box<Answer>),
    /// Do again what failed.
    Rerun {
        /// Name of the project.
        project: String,
        /// Context of the run.
        context: String,
        /// The stage in which it failed; may be left out where there is one.
        stage: Option<String>,
        /// From where it goes on.
        origin: Origin,
        /// Who wants it, and why.
        wish: Wish,
    },
    /// Work off timers that have elapsed.
    Timers,
    /// The clock was set back: see to it that nothing waits for longer than a full term.
    ClockSetBack,
    /// Work off inputs that an earlier step left.
    Deferred,
    /// Remove some of what was deleted or is past its time.
    Purge,
    /// Say how long the runs of a project are kept.
    Retain {
        /// Its name.
        project: String,
        /// How long.
        retention: Retention,
    },
    /// Add a project whose configuration is committed.
    CreateProject {
        /// Its name, valid.
        name: String,
        /// Its shipyard and commit.
        configuration: Configuration,
        /// The text of the shipyard.
        shipyard: String,
        /// Context of the events that tell of it.
        context: String,
    },
    /// Point a project at a newer commit.
    ConfigureProject {
        /// Its name.
        name: String,
        /// Its shipyard and commit.
        configuration: Configuration,
        /// The text of the shipyard.
        shipyard: String,
    },
    /// Delete a project with all that it holds.
    DeleteProject {
        /// Its name.
        name: String,
        /// Context of the event that tells of it.
        context: String,
    },
    /// Add a service to a project.
    CreateService {
        /// Name of the project.
        project: String,
        /// Name of the service, valid.
        service: String,
        /// The commit that it came with.
        commit: String,
        /// Context of the events that tell of it.
        context: String,
    },
    /// Remove a service from a project.
    DeleteService {
        /// Name of the project.
        project: String,
        /// Name of the service.
        service: String,
        /// The commit that it went with.
        commit: String,
        /// Context of the events that tell of it.
        context: String,
    },
}

impl Command {
    /// One word for its kind.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Ingest(_) => "ingest",
            Self::Control { .. } => "control",
            Self::Claim(_) => "claim",
            Self::Heartbeat { .. } => "heartbeat",
            Self::Release { .. } => "release",
            Self::Answer(_) => "answer",
            Self::Rerun { .. } => "rerun",
            Self::Timers => "timers",
            Self::ClockSetBack => "clock_set_back",
            Self::Deferred => "deferred",
            Self::Purge => "purge",
            Self::Retain { .. } => "retain",
            Self::CreateProject { .. } => "create_project",
            Self::ConfigureProject { .. } => "configure_project",
            Self::DeleteProject { .. } => "delete_project",
            Self::CreateService { .. } => "create_service",
            Self::DeleteService { .. } => "delete_service",
        }
    }
}

/// An event from outside, with the id and the time under which it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Ingest {
    /// The event; it has a context.
    pub event: CloudEvent,
    /// Under which a repeat is known.
    pub key: Option<IdempotencyKey>,
}

/// Tasks that a tool would take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The tool's name, `source` of its events.
    pub tool: String,
    /// Names of the tasks that it handles, at least one.
    pub tasks: Vec<String>,
    /// Of this project alone.
    pub project: Option<String>,
    /// In this stage alone.
    pub stage: Option<String>,
    /// Of this service alone.
    pub service: Option<String>,
    /// How many at most; at least 1.
    pub max: u64,
    /// How long the tool may be silent.
    pub term: SignedDuration,
    /// Under which a repeat is known, for an hour.
    pub key: Option<String>,
}

/// A task that a tool has claimed.
#[derive(Debug, Clone, PartialEq)]
pub struct Grant {
    /// Name of the task.
    pub task: String,
    /// Number of the attempt, from 1.
    pub attempt: u32,
    /// The lease.
    pub lease: Lease,
    /// The `.triggered` event.
    pub event: CloudEvent,
}

/// The answer to a task by its lease.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Id of the lease.
    pub lease: String,
    /// The tool's name, for an answer that comes when the lease is over.
    pub tool: Option<String>,
    /// Id of the `.finished` event that it becomes.
    pub id: String,
    /// Its data: `result`, `status` and whatever the following tasks should know.
    pub data: Map<String, Value>,
    /// Under which a repeat is known.
    pub key: IdempotencyKey,
}

/// Under which a repeat is known, for 24 hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// What the sender chose, with what tells it from keys of another kind.
    pub key: String,
    /// A hash of what was sent: the same key with something else is a mistake of the sender.
    pub fingerprint: String,
}

impl IdempotencyKey {
    /// A key that came beside the event, and all that was sent.
    pub fn given(key: &str, sent: &[u8]) -> Self {
        Self { key: format!("key\u{1f}{key}"), fingerprint: fingerprint(sent) }
    }

    /// The answer to a lease.
    pub fn of_lease(lease: &str, sent: &[u8]) -> Self {
        Self { key: format!("lease\u{1f}{lease}"), fingerprint: fingerprint(sent) }
    }

    /// Source and id of an event, which together are unique (`CloudEvents` 1.0), and all that was sent.
    pub fn of_event(source: &str, id: &str, sent: &[u8]) -> Self {
        Self { key: format!("event\u{1f}{source}\u{1f}{id}"), fingerprint: fingerprint(sent) }
    }
}

/// A hash by which contents are told apart.
pub(crate) fn fingerprint(content: &[u8]) -> String {
    uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, content).simple().to_string()
}

/// What a command has led to, on disk.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// The event is stored, now or at its first delivery.
    Accepted {
        /// Its run.
        context: String,
        /// Its id.
        id: String,
        /// Why it changed nothing, where it is an answer and did not.
        ignored: Option<String>,
    },
    /// These tasks; none where nothing is there.
    Claimed(Vec<Grant>),
    /// A lease as it is now.
    Renewed(Box<Lease>),
    /// Something began again.
    Begun {
        /// Id of the sequence.
        sequence: String,
    },
    /// Done.
    Done,
    /// There was nothing to do it to.
    Nothing,
    /// Done in part; the same command goes on with it.
    More,
}

/// Why a command was refused; nothing has happened.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CommandError {
    /// The key was used for something else.
    #[error("this idempotency key was used for another event; each event needs a key of its own")]
    KeyReused,
    /// There is such a project already.
    #[error("project '{0}' exists already")]
    ProjectExists(String),
    /// There is no such project.
    #[error("there is no project '{0}'")]
    UnknownProject(String),
    /// There is such a service already.
    #[error("service '{0}' exists already")]
    ServiceExists(String),
    /// Nobody ever had such a lease.
    #[error("there is no lease '{0}'")]
    UnknownLease(String),
    /// The lease lives no more.
    #[error("lease '{lease}' is over: {why}")]
    LeaseOver {
        /// Its id.
        lease: String,
        /// Why; a sentence.
        why: String,
    },
    /// The lease was answered before, with something else.
    #[error("the lease '{0}' was answered before, with another answer; the first one counts")]
    AnsweredOtherwise(String),
    /// It cannot be done again; a sentence.
    #[error("{0}")]
    NotAgain(String),
    /// The store could not keep it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl CommandError {
    /// Whether nothing had been written when this was found: what tools that are late or say something twice are told.
    pub(crate) fn comes_before_all_writes(&self) -> bool {
        matches!(self, Self::KeyReused | Self::UnknownLease(_) | Self::LeaseOver { .. } | Self::AnsweredOtherwise(_))
    }
}
