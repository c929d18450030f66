//! Resources: the files of a project, of a stage, or of a service in a stage.

use super::base::Projects;
use super::error::ProjectError;
use super::layout::{SHIPYARD, STAGES, stage_folder};
use crate::ports::{CommitId, ConfigError, FileChange, ReadFile};

/// Whose resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Level {
    /// Those of the project as a whole.
    Project,
    /// Those of a stage; the services of the stage lie in folders of theirs beside them.
    Stage {
        /// Its name.
        stage: String,
    },
    /// Those of a service in a stage.
    Service {
        /// Name of the stage.
        stage: String,
        /// Name of the service.
        service: String,
    },
}

/// Which resources there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resources {
    /// Paths relative to the level, sorted bytewise.
    pub uris: Vec<String>,
    /// The commit that was looked at: the newest.
    pub commit: CommitId,
}

impl Level {
    /// Where its resources lie; empty, or with `/` at its end.
    fn folder(&self) -> String {
        match self {
            Self::Project => String::new(),
            Self::Stage { stage } => format!("{}/", stage_folder(stage)),
            Self::Service { stage, service } => format!("{}/{service}/", stage_folder(stage)),
        }
    }

    /// Where a resource lies. Slashes before it do not count.
    fn path(&self, uri: &str) -> Result<String, ProjectError> {
        let uri = uri.trim_start_matches('/');
        if *self == Self::Project && is_of_stages(uri) {
            return Err(ProjectError::StageFolder(uri.to_owned()));
        }
        Ok(format!("{}{uri}", self.folder()))
    }
}

fn is_of_stages(path: &str) -> bool {
    path.split('/').next() == Some(STAGES)
}

impl Projects {
    /// Which resources a level has, at the newest commit. Those of a stage are also those of its services.
    pub async fn resources(&self, project: &str, level: &Level) -> Result<Resources, ProjectError> {
        self.check_level(project, level).await?;
        let (project, folder) = (project.to_owned(), level.folder());
        let listed = self.config(move |repo| {
            let commit = repo.head(&project)?;
            let paths = repo.list(&project, folder.trim_end_matches('/'), Some(&commit))?;
            let uris = paths.iter().filter_map(|path| path.strip_prefix(&folder)).map(str::to_owned).collect();
            Ok(Resources { uris, commit })
        });
        let mut resources = listed.await?;
        if *level == Level::Project {
            resources.uris.retain(|uri| !is_of_stages(uri));
        }
        Ok(resources)
    }

    /// A resource at the newest commit or at another one, whose id may be cut to no less than four digits.
    pub async fn resource(
        &self,
        project: &str,
        level: &Level,
        uri: &str,
        at: Option<String>,
    ) -> Result<ReadFile, ProjectError> {
        self.check_level(project, level).await?;
        let path = level.path(uri).map_err(|_| ProjectError::UnknownResource(uri.to_owned()))?;
        let project = project.to_owned();
        let read = self.config(move |repo| repo.read(&project, &path, at.as_deref())).await;
        read.map_err(|error| of_resource(error, uri))
    }

    /// Writes resources, all in one commit, whether they were there before or not; without any it is a commit all the same.
    pub async fn write_resources(
        &self,
        project: &str,
        level: &Level,
        resources: Vec<(String, Vec<u8>)>,
    ) -> Result<CommitId, ProjectError> {
        let uris = resources.iter().map(|(uri, _)| uri.trim_start_matches('/')).collect::<Vec<_>>();
        let reason = match uris[..] {
            [uri] => format!("Write {uri}"),
            _ => format!("Write {} resources", uris.len()),
        };
        let files = resources
            .into_iter()
            .map(|(uri, content)| Ok(FileChange { path: level.path(&uri)?, content: Some(content) }))
            .collect::<Result<Vec<_>, ProjectError>>()?;
        let _turn = self.turns.of(project).await;
        self.check_level(project, level).await?;
        self.catch_up(project).await?;
        let is_shipyard = files.iter().any(|file| file.path == SHIPYARD);
        let (name, change) = (project.to_owned(), self.change(reason));
        let written = self.config(move |repo| repo.write(&name, &files, &change)).await;
        let commit = written.map_err(|error| of_resource(error, ""))?;
        if is_shipyard {
            self.catch_up(project).await?;
        } else {
            self.configure_same(project, commit.clone()).await?;
        }
        Ok(commit)
    }

    /// Deletes a resource; a folder is none.
    pub async fn delete_resource(&self, project: &str, level: &Level, uri: &str) -> Result<CommitId, ProjectError> {
        let path = level.path(uri).map_err(|_| ProjectError::UnknownResource(uri.to_owned()))?;
        if path == SHIPYARD {
            return Err(ProjectError::ShipyardStays);
        }
        let _turn = self.turns.of(project).await;
        self.check_level(project, level).await?;
        self.catch_up(project).await?;
        let (name, change) = (project.to_owned(), self.change(format!("Delete {}", uri.trim_start_matches('/'))));
        let deleted = self.config(move |repo| {
            // To remove a folder would remove all that is in it.
            repo.read(&name, &path, None)?;
            repo.write(&name, &[FileChange { path, content: None }], &change)
        });
        let commit = deleted.await.map_err(|error| of_resource(error, uri))?;
        self.configure_same(project, commit.clone()).await?;
        Ok(commit)
    }

    /// Whether there are such a project, stage and service.
    async fn check_level(&self, project: &str, level: &Level) -> Result<(), ProjectError> {
        let (stage, service) = match level {
            Level::Project => return self.known(project).await.map(drop),
            Level::Stage { stage } => (stage, None),
            Level::Service { stage, service } => (stage, Some(service)),
        };
        if !self.stages(project).await?.contains(stage) {
            return Err(ProjectError::UnknownStage(stage.clone()));
        }
        match service {
            Some(service) if !self.has_service(project, service).await? => {
                Err(ProjectError::UnknownService(service.clone()))
            }
            _ => Ok(()),
        }
    }
}

/// What the configuration finds wrong with a path is so with the resource.
fn of_resource(error: ConfigError, uri: &str) -> ProjectError {
    match error {
        ConfigError::UnknownFile { .. } => ProjectError::UnknownResource(uri.to_owned()),
        ConfigError::BadPath(_) | ConfigError::Blocked { .. } => ProjectError::ResourceUri(error),
        error => error.into(),
    }
}
