//! Resources: the files of a project, of a stage, or of a service in a stage.

use super::base::Projects;
use super::error::{Missing, ProjectError};
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

/// A resource as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Where it was found.
    pub level: Level,
    /// Its bytes.
    pub content: Vec<u8>,
    /// The commit that was looked at.
    pub commit: CommitId,
}

/// A resource to write or to delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceChange {
    /// Whose.
    pub level: Level,
    /// Its path within the level; slashes before it do not count.
    pub uri: String,
    /// Its new bytes; none deletes it.
    pub content: Option<Vec<u8>>,
}

/// Which resource: its level, and its path within that.
type Named = (Level, String);

impl ResourceChange {
    /// The file to write or to remove, and which resource it is.
    fn split(self) -> Result<(FileChange, Named), ProjectError> {
        let Self { level, uri, content } = self;
        let path = level.path(&uri).map_err(|error| match content {
            Some(_) => error,
            None => ProjectError::UnknownResource(Missing::of(&uri, [])),
        })?;
        if path == SHIPYARD && content.is_none() {
            return Err(ProjectError::ShipyardStays);
        }
        Ok((FileChange { path, content }, (level, uri)))
    }
}

impl Level {
    /// Of a stage and of a service, where they are named; a service is one of a stage.
    pub fn of(stage: Option<String>, service: Option<String>) -> Self {
        match (stage, service) {
            (None, _) => Self::Project,
            (Some(stage), None) => Self::Stage { stage },
            (Some(stage), Some(service)) => Self::Service { stage, service },
        }
    }

    /// The stage, and the service, where it is one's.
    pub fn names(&self) -> (Option<&str>, Option<&str>) {
        match self {
            Self::Project => (None, None),
            Self::Stage { stage } => (Some(stage), None),
            Self::Service { stage, service } => (Some(stage), Some(service)),
        }
    }

    /// The level from which this one inherits.
    fn above(&self) -> Option<Self> {
        match self {
            Self::Project => None,
            Self::Stage { .. } => Some(Self::Project),
            Self::Service { stage, .. } => Some(Self::Stage { stage: stage.clone() }),
        }
    }

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

    /// A resource at the newest commit or at another one, whose id may be cut to no less than four digits. One that is to be
    /// inherited is looked for at the levels above as well, the nearest first.
    pub async fn resource(
        &self,
        name: &str,
        level: &Level,
        uri: &str,
        at: Option<String>,
        inherit: bool,
    ) -> Result<Resource, ProjectError> {
        self.check_level(name, level).await?;
        let own = std::iter::successors(Some(level.clone()), |level| level.above().filter(|_| inherit));
        let places = own.filter_map(|level| Some((level.path(uri).ok()?, level))).collect::<Vec<_>>();
        let project = name.to_owned();
        let read = self.config(move |repo| {
            let at = at.map_or_else(|| repo.head(&project), Ok)?;
            for (path, level) in places {
                match repo.read(&project, &path, Some(&at)) {
                    Ok(ReadFile { content, commit }) => return Ok(Some(Resource { level, content, commit })),
                    Err(ConfigError::UnknownFile { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(None)
        });
        match read.await.map_err(of_resource)? {
            Some(found) => Ok(found),
            None => Err(self.unknown_resource(name, level, uri).await),
        }
    }

    /// With the one of the same level that was probably meant.
    async fn unknown_resource(&self, project: &str, level: &Level, uri: &str) -> ProjectError {
        let uris = self.resources(project, level).await.map(|there| there.uris).unwrap_or_default();
        ProjectError::UnknownResource(Missing::of(uri, uris.iter().map(String::as_str)))
    }

    /// Writes and deletes resources, all in one commit; without any it is a commit all the same. To delete what is not there
    /// is [`ProjectError::UnknownResource`]; a folder is none.
    pub async fn change_resources(
        &self,
        project: &str,
        changes: Vec<ResourceChange>,
    ) -> Result<CommitId, ProjectError> {
        let change = self.change(reason(&changes));
        let split = changes.into_iter().map(ResourceChange::split).collect::<Result<_, _>>()?;
        let (files, named): (Vec<FileChange>, Vec<Named>) = split;
        let _turn = self.turns.of(project).await;
        self.check_level(project, &Level::Project).await?;
        let mut levels: Vec<&Level> = Vec::new();
        for (level, _) in &named {
            if !levels.contains(&level) {
                self.check_level(project, level).await?;
                levels.push(level);
            }
        }
        self.catch_up(project).await?;
        let is_shipyard = files.iter().any(|file| file.path == SHIPYARD);
        let name = project.to_owned();
        let written = self.config(move |repo| {
            for file in files.iter().filter(|file| file.content.is_none()) {
                // To remove a folder would remove all that is in it.
                repo.read(&name, &file.path, None)?;
            }
            repo.write(&name, &files, &change)
        });
        let commit = match written.await {
            Err(ConfigError::UnknownFile { path, .. }) => {
                let is_it = |(level, uri): &&Named| level.path(uri).is_ok_and(|of_it| of_it == path);
                return Err(match named.iter().find(is_it) {
                    Some((level, uri)) => self.unknown_resource(project, level, uri).await,
                    None => ProjectError::UnknownResource(Missing::of(&path, [])),
                });
            }
            written => written.map_err(of_resource)?,
        };
        if is_shipyard {
            self.catch_up(project).await?;
        } else {
            self.configure_same(project, commit.clone()).await?;
        }
        Ok(commit)
    }

    /// Whether there are such a project, stage and service.
    async fn check_level(&self, project: &str, level: &Level) -> Result<(), ProjectError> {
        let (Some(stage), service) = level.names() else { return self.known(project).await.map(drop) };
        let stages = self.stages(project).await?;
        if !stages.iter().any(|known| known == stage) {
            return Err(ProjectError::UnknownStage(Missing::of(stage, stages.iter().map(String::as_str))));
        }
        match service {
            Some(service) if !self.has_service(project, service).await? => {
                let services = self.services(project).await?;
                Err(ProjectError::UnknownService(Missing::of(service, services.iter().map(String::as_str))))
            }
            _ => Ok(()),
        }
    }
}

/// What the commit is called.
fn reason(changes: &[ResourceChange]) -> String {
    match changes {
        [ResourceChange { uri, content, .. }] => {
            let verb = if content.is_some() { "Write" } else { "Delete" };
            format!("{verb} {}", uri.trim_start_matches('/'))
        }
        _ => format!("Change {} resources", changes.len()),
    }
}

/// What the configuration finds wrong with a path is so with the resource.
fn of_resource(error: ConfigError) -> ProjectError {
    match error {
        ConfigError::BadPath(_) | ConfigError::Blocked { .. } => ProjectError::ResourceUri(error),
        error => error.into(),
    }
}
