//! What the runtime can be asked to do, and what it answers.

use capstan_engine::orchestrate::Control;
use capstan_model::event::CloudEvent;

use crate::ports::{Configuration, StoreError};

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
    /// Work off timers that have elapsed.
    Timers,
    /// The clock was set back: see to it that nothing waits for longer than a full term.
    ClockSetBack,
    /// Work off inputs that an earlier step left.
    Deferred,
    /// Remove some of what was deleted.
    Purge,
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

/// An event from outside, with the id and the time under which it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Ingest {
    /// The event; it has a context.
    pub event: CloudEvent,
    /// Under which a repeat is known.
    pub key: Option<IdempotencyKey>,
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The event is stored, now or at its first delivery.
    Accepted {
        /// Its run.
        context: String,
        /// Its id.
        id: String,
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
    /// The store could not keep it.
    #[error(transparent)]
    Store(#[from] StoreError),
}
