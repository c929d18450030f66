//! Projects, services and resources: a synced commit in the configuration, then a command to the store.

mod base;
mod error;
mod layout;
mod project;
mod reconcile;
mod resource;
mod service;
mod turns;

pub use base::Projects;
pub use error::{Missing, ProjectError};
pub use project::PROJECT_NAME_MAX;
pub use resource::{Level, Resource, ResourceChange, Resources};
