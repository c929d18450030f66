//! Projects come, change and go.

use capstan_model::entity_name::valid_entity_name;

use super::base::Projects;
use super::error::ProjectError;
use super::layout::{SHIPYARD, project_metadata, quoted, read, stage_folder, stage_names, write_file};
use crate::command::{Command, CommandError, fingerprint};
use crate::ports::{ConfigError, Configuration, Project, Retention};
use crate::writer::SubmitError;

/// The greatest length of a project's name in bytes, as in v1.
pub const PROJECT_NAME_MAX: usize = 200;

impl Projects {
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
        let _turn = self.turns.of(name).await;
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
        let _turn = self.turns.of(name).await;
        self.catch_up(name).await?;
        let old = read(&self.shipyard(name).await?).ok();
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
        let _turn = self.turns.of(name).await;
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
        let _turn = self.turns.of(name).await;
        let was_there = self.configuration(name).await?.is_some();
        if was_there {
            let project = name.to_owned();
            self.config(move |repo| repo.delete(&project)).await?;
        }
        let context = self.handle.clock().new_id();
        self.handle.submit(Command::DeleteProject { name: name.to_owned(), context }).await?;
        Ok(was_there)
    }
}
