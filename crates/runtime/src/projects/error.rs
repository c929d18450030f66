//! What can be wrong with a change.

use std::fmt;

use capstan_model::diagnostic::did_you_mean;
use capstan_model::entity_name::SERVICE_NAME_MAX;
use capstan_model::shipyard::Rejections;

use super::project::PROJECT_NAME_MAX;
use crate::ports::{ConfigError, Keep, StoreError};
use crate::writer::SubmitError;

/// Why a project, a service or a resource could not be changed or read.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// No name.
    #[error("project name missing")]
    NameMissing,
    /// Longer than [`PROJECT_NAME_MAX`].
    #[error("project name exceeds maximum size of {PROJECT_NAME_MAX} characters")]
    NameTooLong,
    /// Breaks the rule for names.
    #[error(
        "'{0}' is no valid project name: a lower-case letter, then lower-case letters, digits and hyphens, no hyphen last"
    )]
    NameInvalid(String),
    /// The shipyard is refused; never empty.
    #[error("the shipyard is refused")]
    Shipyard(Rejections),
    /// There is such a project.
    #[error("could not create project '{0}': project already exists")]
    Exists(String),
    /// There is no such project.
    #[error("project '{0}' does not exist")]
    Unknown(String),
    /// An update has other stages than the project.
    #[error("stage name cannot be changed or removed")]
    StagesChanged,
    /// No name of a service.
    #[error("must provide a service name")]
    ServiceNameMissing,
    /// Longer than v1 allows.
    #[error("service name exceeds maximum size of {SERVICE_NAME_MAX} characters")]
    ServiceNameTooLong,
    /// Holds what a path cannot.
    #[error("'{0}' is no valid service name: it may not be '.' or '..' nor contain '/', '>', '<', '|', ':' or '&'")]
    ServiceNameInvalid(String),
    /// There is such a service.
    #[error("service already exists")]
    ServiceExists,
    /// There is no such stage.
    #[error("Stage not found: {0}")]
    UnknownStage(Missing),
    /// There is no such service.
    #[error("Service not found: {0}")]
    UnknownService(Missing),
    /// There is no such resource.
    #[error("Resource not found: {0}")]
    UnknownResource(Missing),
    /// At the level of the project, a path in the folder where the stages lie.
    #[error("invalid resource uri '{0}': stages lie there; name the stage, and the path within it")]
    StageFolder(String),
    /// What no resource can be called.
    #[error("invalid resource uri: {0}")]
    ResourceUri(ConfigError),
    /// Without it there is no project.
    #[error("the shipyard cannot be deleted: it is what the project goes by; write another one in its place")]
    ShipyardStays,
    /// Evaluations would be kept shorter than the runs that they are of.
    #[error("evaluations are never kept shorter than the runs that they are of: {evaluations} is less than {runs}")]
    EvaluationsTooShort {
        /// What is said of evaluations.
        evaluations: Keep,
        /// What is said of runs, by the project or the server.
        runs: Keep,
    },
    /// The configuration could not be read or written.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The change is committed in the configuration, but the server could not take it over; it does so with the next
    /// change, or when it starts.
    #[error(transparent)]
    Submit(#[from] SubmitError),
}

/// The name of something that is not there, and of what was probably meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    name: String,
    meant: Option<String>,
}

impl Missing {
    /// Looked for among these.
    pub(super) fn of<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        Self { name: name.to_owned(), meant: did_you_mean(name, known).map(str::to_owned) }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "'{}'", self.name)?;
        self.meant.iter().try_for_each(|meant| write!(formatter, "; did you mean '{meant}'?"))
    }
}
