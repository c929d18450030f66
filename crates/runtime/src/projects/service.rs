//! Services come and go, in every stage of their project.

use capstan_model::entity_name::{SERVICE_NAME_MAX, valid_service_name};

use super::base::Projects;
use super::error::ProjectError;
use super::layout::{quoted, stage_folder, write_file};
use crate::command::{Command, CommandError};
use crate::ports::FileChange;
use crate::writer::SubmitError;

impl Projects {
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
        let _turn = self.turns.of(project).await;
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
        let _turn = self.turns.of(project).await;
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
}
