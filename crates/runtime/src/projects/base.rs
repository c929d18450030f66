//! What every change needs: its turn, the configuration and the store.

use std::sync::Arc;

use super::error::ProjectError;
use super::layout::read;
use super::turns::Turns;
use crate::command::{Command, Reply, fingerprint};
use crate::ports::{Change, CommitId, ConfigError, ConfigRepo, Configuration, Project, Slice, StoreError};
use crate::writer::Handle;

/// What is done to projects, services and resources; of each project one change at a time.
pub struct Projects {
    repo: Arc<dyn ConfigRepo>,
    pub(super) handle: Handle,
    pub(super) turns: Turns,
}

impl Projects {
    /// Over a configuration and a store.
    pub fn new(repo: Arc<dyn ConfigRepo>, handle: Handle) -> Self {
        Self { repo, handle, turns: Turns::default() }
    }

    /// Points a project at a commit, with the shipyard that counts from then on.
    pub(super) async fn configure(&self, name: &str, text: &str, commit: CommitId) -> Result<(), ProjectError> {
        let command = Command::ConfigureProject {
            name: name.to_owned(),
            configuration: Configuration { shipyard: fingerprint(text.as_bytes()), commit },
            shipyard: text.to_owned(),
        };
        match self.handle.submit(command).await? {
            Reply::Done => Ok(()),
            _ => Err(ProjectError::Unknown(name.to_owned())),
        }
    }

    /// Points a project at a commit that left its shipyard alone.
    pub(super) async fn configure_same(&self, name: &str, commit: CommitId) -> Result<(), ProjectError> {
        let text = self.shipyard(name).await?;
        self.configure(name, &text, commit).await
    }

    /// The shipyard that counts, as text.
    pub(super) async fn shipyard(&self, name: &str) -> Result<String, ProjectError> {
        let hash = self.known(name).await?.shipyard;
        Ok(self.handle.read(move |reader| reader.shipyard(&hash)).await?.unwrap_or_default())
    }

    pub(super) async fn configuration(&self, name: &str) -> Result<Option<Configuration>, ProjectError> {
        Ok(self.project(name).await?.and_then(|project| project.configuration))
    }

    pub(super) async fn project(&self, name: &str) -> Result<Option<Project>, StoreError> {
        let name = name.to_owned();
        self.handle.read(move |reader| reader.project(&name)).await
    }

    pub(super) async fn known(&self, name: &str) -> Result<Configuration, ProjectError> {
        self.configuration(name).await?.ok_or_else(|| ProjectError::Unknown(name.to_owned()))
    }

    pub(super) async fn stages(&self, name: &str) -> Result<Vec<String>, ProjectError> {
        Ok(read(&self.shipyard(name).await?)?.stages.into_iter().map(|stage| stage.name).collect())
    }

    pub(super) async fn services(&self, name: &str) -> Result<Vec<String>, ProjectError> {
        let name = name.to_owned();
        let found = self.handle.read(move |reader| match reader.project(&name)? {
            Some(project) => reader.services(project.id, Slice::ALL).map(|page| page.items),
            None => Ok(Vec::new()),
        });
        Ok(found.await?.into_iter().map(|service| service.name).collect())
    }

    pub(super) async fn has_service(&self, project: &str, service: &str) -> Result<bool, ProjectError> {
        let (project, service) = (project.to_owned(), service.to_owned());
        let found = self.handle.read(move |reader| match reader.project(&project)? {
            Some(project) => reader.service(project.id, &service),
            None => Ok(None),
        });
        Ok(found.await?.is_some())
    }

    /// Works on the configuration, which blocks on the disk.
    pub(super) async fn config<T, F>(&self, work: F) -> Result<T, ConfigError>
    where
        T: Send + 'static,
        F: FnOnce(&dyn ConfigRepo) -> Result<T, ConfigError> + Send + 'static,
    {
        let repo = Arc::clone(&self.repo);
        tokio::task::spawn_blocking(move || work(&*repo)).await.map_err(|error| ConfigError::Failed {
            project: String::new(),
            reason: format!("the work came to no end: {error}"),
        })?
    }

    pub(super) fn change(&self, reason: String) -> Change {
        Change { author: "capstan <capstan@localhost>".to_owned(), reason, at: self.handle.clock().now() }
    }

    pub(super) fn now(&self) -> String {
        capstan_model::timeframe::display(self.handle.clock().now())
    }
}
