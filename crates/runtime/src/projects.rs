//! Projects and services: a synced commit in the configuration, then a command to the store.

use std::sync::Arc;

use capstan_model::entity_name::{SERVICE_NAME_MAX, valid_entity_name, valid_service_name};
use capstan_model::shipyard::{self, Rejections, Shipyard};
use tokio::sync::Mutex;

use crate::command::{Command, CommandError, Reply, fingerprint};
use crate::ports::{
    Change, CommitId, ConfigError, ConfigRepo, Configuration, FileChange, Keep, Project, Retention, Slice, StoreError,
};
use crate::writer::{Handle, SubmitError};

/// The greatest length of a project's name in bytes, as in v1.
pub const PROJECT_NAME_MAX: usize = 200;

/// Where the shipyard lies in the configuration.
const SHIPYARD: &str = "shipyard.yaml";

/// What is done to projects and services, one change at a time.
pub struct Projects {
    repo: Arc<dyn ConfigRepo>,
    handle: Handle,
    one_at_a_time: Mutex<()>,
}

/// Why a project or a service could not be changed.
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

impl Projects {
    /// Over a configuration and a store.
    pub fn new(repo: Arc<dyn ConfigRepo>, handle: Handle) -> Self {
        Self { repo, handle, one_at_a_time: Mutex::new(()) }
    }

    /// Whether a project may have this name.
    pub fn check_name(name: &str) -> Result<(), ProjectError> {
        match name {
            "" => Err(ProjectError::NameMissing),
            _ if name.len() > PROJECT_NAME_MAX => Err(ProjectError::NameTooLong),
            _ if !valid_entity_name(name) => Err(ProjectError::NameInvalid(name.to_owned())),
            _ => Ok(()),
        }
    }

    /// Adds a project with its shipyard, as text.
    pub async fn create(&self, name: &str, text: &str) -> Result<(), ProjectError> {
        Self::check_name(name)?;
        let shipyard = read(text)?;
        let _turn = self.one_at_a_time.lock().await;
        if self.configuration(name).await?.is_some() {
            return Err(ProjectError::Exists(name.to_owned()));
        }
        let mut files =
            vec![write_file(SHIPYARD, text), write_file("metadata.yaml", &project_metadata(name, &self.now()))];
        for stage in &shipyard.stages {
            let metadata = format!("stageName: {}\ncreationTimestamp: {}\n", quoted(&stage.name), self.now());
            files.push(write_file(&format!("{}/metadata.yaml", stage_folder(&stage.name)), &metadata));
        }
        let change = self.change(format!("Create project {name}"));
        let commit = {
            let name = name.to_owned();
            self.config(move |repo| repo.create(&name, &files, &change)).await
        };
        let commit = match commit {
            // A creation that the server did not live to finish.
            Err(ConfigError::Exists(_)) => {
                let (files, change) = (vec![write_file(SHIPYARD, text)], self.change(format!("Create project {name}")));
                let name = name.to_owned();
                self.config(move |repo| repo.write(&name, &files, &change)).await?
            }
            commit => commit?,
        };
        let command = Command::CreateProject {
            name: name.to_owned(),
            configuration: Configuration { shipyard: fingerprint(text.as_bytes()), commit },
            shipyard: text.to_owned(),
            context: self.handle.clock().new_id(),
        };
        match self.handle.submit(command).await {
            Err(SubmitError::Refused(CommandError::ProjectExists(name))) => Err(ProjectError::Exists(name)),
            other => other.map(|_| ()).map_err(ProjectError::from),
        }
    }

    /// Gives a project another shipyard; its stages stay the same.
    pub async fn update(&self, name: &str, text: &str) -> Result<(), ProjectError> {
        Self::check_name(name)?;
        let shipyard = read(text)?;
        let _turn = self.one_at_a_time.lock().await;
        self.catch_up(name).await?;
        let old = self.known(name).await?;
        let old = self.handle.read(move |reader| reader.shipyard(&old.shipyard)).await?;
        let old = old.and_then(|text| read(&text).ok());
        if old.is_some_and(|old| stage_names(&old) != stage_names(&shipyard)) {
            return Err(ProjectError::StagesChanged);
        }
        let (files, change) = (vec![write_file(SHIPYARD, text)], self.change(format!("Update shipyard of {name}")));
        let project = name.to_owned();
        let commit = self.config(move |repo| repo.write(&project, &files, &change)).await?;
        self.configure(name, text, commit).await
    }

    /// Says how long the runs of a project are kept: what is made of what was said before.
    pub async fn retain(&self, name: &str, change: impl FnOnce(Retention) -> Retention) -> Result<(), ProjectError> {
        let _turn = self.one_at_a_time.lock().await;
        let Some(Project { retention, configuration: Some(_), .. }) = self.project(name).await? else {
            return Err(ProjectError::Unknown(name.to_owned()));
        };
        let retention = change(retention);
        if let Some((evaluations, runs)) = retention.too_short(self.handle.setting().retention) {
            return Err(ProjectError::EvaluationsTooShort { evaluations, runs });
        }
        self.handle.submit(Command::Retain { project: name.to_owned(), retention }).await?;
        Ok(())
    }

    /// Deletes a project with its configuration and all its runs. Whether there was one.
    pub async fn delete(&self, name: &str) -> Result<bool, ProjectError> {
        let _turn = self.one_at_a_time.lock().await;
        let was_there = self.configuration(name).await?.is_some();
        if was_there {
            let project = name.to_owned();
            self.config(move |repo| repo.delete(&project)).await?;
        }
        let context = self.handle.clock().new_id();
        self.handle.submit(Command::DeleteProject { name: name.to_owned(), context }).await?;
        Ok(was_there)
    }

    /// Adds a service to every stage of a project.
    pub async fn create_service(&self, project: &str, service: &str) -> Result<(), ProjectError> {
        match service {
            "" => return Err(ProjectError::ServiceNameMissing),
            _ if service.len() > SERVICE_NAME_MAX => return Err(ProjectError::ServiceNameTooLong),
            _ if !valid_service_name(service) || service.chars().any(char::is_control) => {
                return Err(ProjectError::ServiceNameInvalid(service.to_owned()));
            }
            _ => {}
        }
        let _turn = self.one_at_a_time.lock().await;
        let stages = self.stages(project).await?;
        if self.has_service(project, service).await? {
            return Err(ProjectError::ServiceExists);
        }
        self.catch_up(project).await?;
        if self.has_service(project, service).await? {
            // It was committed before, and the store did not take it then.
            return Ok(());
        }
        let metadata = format!("serviceName: {}\ncreationTimestamp: {}\n", quoted(service), self.now());
        let files = stages
            .iter()
            .map(|stage| write_file(&format!("{}/{service}/metadata.yaml", stage_folder(stage)), &metadata))
            .collect::<Vec<_>>();
        let change = self.change(format!("Add service {service}"));
        let name = project.to_owned();
        let commit = self.config(move |repo| repo.write(&name, &files, &change)).await?;
        let command = Command::CreateService {
            project: project.to_owned(),
            service: service.to_owned(),
            commit,
            context: self.handle.clock().new_id(),
        };
        match self.handle.submit(command).await {
            Err(SubmitError::Refused(CommandError::ServiceExists(_))) => Err(ProjectError::ServiceExists),
            other => other.map(|_| ()).map_err(ProjectError::from),
        }
    }

    /// Removes a service from every stage of a project. Whether there was one.
    pub async fn delete_service(&self, project: &str, service: &str) -> Result<bool, ProjectError> {
        let _turn = self.one_at_a_time.lock().await;
        self.catch_up(project).await?;
        if self.configuration(project).await?.is_none() || !self.has_service(project, service).await? {
            return Ok(false);
        }
        let stages = self.stages(project).await?;
        let change = self.change(format!("Remove service {service}"));
        let (name, folder) = (project.to_owned(), service.to_owned());
        let commit = self
            .config(move |repo| {
                let there = repo.list(&name, "", None)?;
                let folders = stages.iter().map(|stage| format!("{}/{folder}", stage_folder(stage)));
                let files = folders
                    .filter(|folder| there.iter().any(|path| path.starts_with(&format!("{folder}/"))))
                    .map(|path| FileChange { path, content: None })
                    .collect::<Vec<_>>();
                repo.write(&name, &files, &change)
            })
            .await?;
        let command = Command::DeleteService {
            project: project.to_owned(),
            service: service.to_owned(),
            commit,
            context: self.handle.clock().new_id(),
        };
        self.handle.submit(command).await?;
        Ok(true)
    }

    /// Makes the store agree with the configuration, which counts: what a crash has left between the two is completed. A
    /// repository that is gone or damaged costs its project the changes of its configuration, never its runs.
    pub async fn reconcile(&self) -> Result<(), ProjectError> {
        let _turn = self.one_at_a_time.lock().await;
        let rows = self.handle.read(|reader| reader.projects(Slice::ALL)).await?.items;
        let repositories = self.config(|repo| repo.projects()).await?;
        for row in rows.iter().filter(|row| !repositories.contains(&row.name)) {
            let help = "restore its repository from a backup, or delete the project";
            tracing::error!(project = row.name, help, "its configuration is gone; its runs go on with what they have");
        }
        for name in repositories {
            let known = rows.iter().find(|row| row.name == name).and_then(|row| row.configuration.clone());
            match self.take_over(&name, known).await {
                Err(ProjectError::Config(error)) => {
                    let help = "restore its repository from a backup, or mend it with git";
                    tracing::error!(project = name, %error, help, "its configuration cannot be read; it stays as it was");
                }
                other => other?,
            }
        }
        Ok(())
    }

    /// Takes over what was committed when the store could not be written. A change on top of it would hide it: the store
    /// would have the newest commit, and not what that holds.
    async fn catch_up(&self, name: &str) -> Result<(), ProjectError> {
        match self.configuration(name).await? {
            Some(known) => self.take_over(name, Some(known)).await,
            None => Ok(()),
        }
    }

    /// Brings one project to the newest commit of its repository.
    async fn take_over(&self, name: &str, known: Option<Configuration>) -> Result<(), ProjectError> {
        let project = name.to_owned();
        let head = self.config(move |repo| repo.head(&project)).await?;
        if known.as_ref().is_some_and(|known| known.commit == head) {
            return Ok(());
        }
        let project = name.to_owned();
        let file = self.config(move |repo| repo.read(&project, SHIPYARD, None)).await?;
        let text = String::from_utf8_lossy(&file.content).into_owned();
        if let Err(ProjectError::Shipyard(rejections)) = read(&text) {
            let why = rejections.first().map(|(_, diagnostic)| diagnostic.message.clone()).unwrap_or_default();
            tracing::error!(project = name, why, "its shipyard is refused; the project keeps the one before");
            return Ok(());
        }
        tracing::info!(project = name, commit = head, "its configuration is taken over");
        if known.is_some() {
            self.configure(name, &text, head).await?;
        } else {
            let configuration = Configuration { shipyard: fingerprint(text.as_bytes()), commit: head };
            let context = self.handle.clock().new_id();
            let command = Command::CreateProject { name: name.to_owned(), configuration, shipyard: text, context };
            self.handle.submit(command).await?;
        }
        self.reconcile_services(name).await
    }

    async fn reconcile_services(&self, name: &str) -> Result<(), ProjectError> {
        let stages = self.stages(name).await?;
        let project = name.to_owned();
        let paths = self.config(move |repo| repo.list(&project, "", None)).await?;
        let commit = self.known(name).await?.commit;
        let mut there: Vec<String> = Vec::new();
        for stage in &stages {
            let folder = format!("{}/", stage_folder(stage));
            let services = paths.iter().filter_map(|path| path.strip_prefix(&folder)?.strip_suffix("/metadata.yaml"));
            there.extend(services.filter(|service| !service.contains('/')).map(str::to_owned));
        }
        there.sort();
        there.dedup();
        for service in there {
            if !self.has_service(name, &service).await? {
                let context = self.handle.clock().new_id();
                let (project, commit) = (name.to_owned(), commit.clone());
                self.handle.submit(Command::CreateService { project, service, commit, context }).await?;
            }
        }
        Ok(())
    }

    async fn configure(&self, name: &str, text: &str, commit: CommitId) -> Result<(), ProjectError> {
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

    async fn configuration(&self, name: &str) -> Result<Option<Configuration>, ProjectError> {
        Ok(self.project(name).await?.and_then(|project| project.configuration))
    }

    async fn project(&self, name: &str) -> Result<Option<Project>, StoreError> {
        let name = name.to_owned();
        self.handle.read(move |reader| reader.project(&name)).await
    }

    async fn known(&self, name: &str) -> Result<Configuration, ProjectError> {
        self.configuration(name).await?.ok_or_else(|| ProjectError::Unknown(name.to_owned()))
    }

    async fn stages(&self, name: &str) -> Result<Vec<String>, ProjectError> {
        let hash = self.known(name).await?.shipyard;
        let text = self.handle.read(move |reader| reader.shipyard(&hash)).await?.unwrap_or_default();
        Ok(read(&text)?.stages.into_iter().map(|stage| stage.name).collect())
    }

    async fn has_service(&self, project: &str, service: &str) -> Result<bool, ProjectError> {
        let (project, service) = (project.to_owned(), service.to_owned());
        let found = self.handle.read(move |reader| match reader.project(&project)? {
            Some(project) => reader.service(project.id, &service),
            None => Ok(None),
        });
        Ok(found.await?.is_some())
    }

    /// Works on the configuration, which blocks on the disk.
    async fn config<T, F>(&self, work: F) -> Result<T, ConfigError>
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

    fn change(&self, reason: String) -> Change {
        Change { author: "capstan <capstan@localhost>".to_owned(), reason, at: self.handle.clock().now() }
    }

    fn now(&self) -> String {
        capstan_model::timeframe::display(self.handle.clock().now())
    }
}

fn read(text: &str) -> Result<Shipyard, ProjectError> {
    shipyard::read(text).map(|read| read.shipyard).map_err(ProjectError::Shipyard)
}

/// In the order of their names: to change the order is to change nothing.
fn stage_names(shipyard: &Shipyard) -> Vec<&str> {
    let mut names: Vec<&str> = shipyard.stages.iter().map(|stage| &*stage.name).collect();
    names.sort_unstable();
    names
}

/// The directory layout of v1 (contract: core.md 8).
fn stage_folder(stage: &str) -> String {
    format!(".keptn-stages/{stage}")
}

fn project_metadata(name: &str, now: &str) -> String {
    format!("projectName: {}\ncreationTimestamp: {now}\nisUsingDirectoryStructure: true\n", quoted(name))
}

/// A text in double quotes, which YAML reads as JSON does.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn write_file(path: &str, content: &str) -> FileChange {
    FileChange { path: path.to_owned(), content: Some(content.as_bytes().to_vec()) }
}
