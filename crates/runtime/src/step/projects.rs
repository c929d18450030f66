//! Projects and services come and go.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use capstan_engine::orchestrate::{control_plane_event, ids};
use serde_json::{Value, json};

use super::work::Work;
use crate::command::{CommandError, Reply};
use crate::ports::{Configuration, Project, ProjectId, Retention, Service};

impl Work<'_> {
    /// The project that lives under a name; a name that nobody has used yet becomes a ghost.
    pub(super) fn project_or_ghost(&mut self, name: &str) -> Result<ProjectId, CommandError> {
        match self.project(name)? {
            Some(project) => Ok(project.id),
            None => Ok(self.add_project(name, None)?),
        }
    }

    pub(super) fn create_project(
        &mut self,
        name: &str,
        configuration: &Configuration,
        shipyard: &str,
        context: &str,
    ) -> Result<Reply, CommandError> {
        match self.project(name)?.map(|known| (known.id, known.configuration.is_some())) {
            Some((_, true)) => return Err(CommandError::ProjectExists(name.to_owned())),
            // What was sent under the name before it was one stays away from it.
            Some((ghost, false)) => self.bury(ghost)?,
            None => {}
        }
        self.tx.put_shipyard(&configuration.shipyard, shipyard)?;
        let project = self.add_project(name, Some(configuration))?;
        let created = json!({
            "project": name, "status": "succeeded", "result": "pass",
            "createdProject": { "projectName": name, "shipyard": STANDARD.encode(shipyard) },
        });
        self.tell(Some(project), "project.create.started", context, json!({ "project": name }))?;
        self.tell(Some(project), "project.create.finished", context, created)?;
        Ok(Reply::Done)
    }

    pub(super) fn configure_project(
        &mut self,
        name: &str,
        configuration: &Configuration,
        shipyard: &str,
    ) -> Result<Reply, CommandError> {
        let project = self.configured(name)?;
        self.tx.put_shipyard(&configuration.shipyard, shipyard)?;
        self.put_configuration(project, configuration.clone())?;
        Ok(Reply::Done)
    }

    pub(super) fn retain(&mut self, name: &str, retention: Retention) -> Result<Reply, CommandError> {
        let project = self.configured(name)?;
        self.forget()?;
        self.tx.retain(project.id, retention)?;
        // What is past its time by the new measure goes now.
        self.signals.buried = true;
        Ok(Reply::Done)
    }

    pub(super) fn delete_project(&mut self, name: &str, context: &str) -> Result<Reply, CommandError> {
        let Some(project) = self.project(name)?.map(|project| project.id) else { return Ok(Reply::Nothing) };
        self.bury(project)?;
        let data = json!({ "project": name, "status": "succeeded", "result": "pass" });
        self.tell(None, "project.delete.finished", context, data)?;
        Ok(Reply::Done)
    }

    pub(super) fn create_service(
        &mut self,
        project: &str,
        name: &str,
        commit: &str,
        context: &str,
    ) -> Result<Reply, CommandError> {
        let id = self.committed(project, commit)?;
        if self.tx.service(id, name)?.is_some() {
            return Err(CommandError::ServiceExists(name.to_owned()));
        }
        // What ran under the name before it was a service is not shown with it.
        self.remove_service(id, name)?;
        self.tx.add_service(id, &Service { name: name.to_owned(), created: self.now })?;
        self.tell_of_service(id, "service.create", context, &json!({ "project": project, "service": name }))?;
        Ok(Reply::Done)
    }

    pub(super) fn delete_service(
        &mut self,
        project: &str,
        name: &str,
        commit: &str,
        context: &str,
    ) -> Result<Reply, CommandError> {
        let id = self.committed(project, commit)?;
        if self.tx.service(id, name)?.is_none() {
            return Ok(Reply::Nothing);
        }
        self.remove_service(id, name)?;
        self.tell_of_service(id, "service.delete", context, &json!({ "project": project, "service": name }))?;
        Ok(Reply::Done)
    }

    fn bury(&mut self, project: ProjectId) -> Result<(), CommandError> {
        self.forget()?;
        self.tx.bury_project(project)?;
        self.signals.buried = true;
        Ok(())
    }

    /// A project that has a configuration.
    fn configured(&mut self, name: &str) -> Result<Project, CommandError> {
        let project = self.project(name)?.filter(|project| project.configuration.is_some());
        project.cloned().ok_or_else(|| CommandError::UnknownProject(name.to_owned()))
    }

    /// Id of the project, now at a newer commit with the same shipyard.
    fn committed(&mut self, name: &str, commit: &str) -> Result<ProjectId, CommandError> {
        let project = self.configured(name)?;
        let id = project.id;
        if let Some(configuration) = &project.configuration {
            let newer = Configuration { commit: commit.to_owned(), ..configuration.clone() };
            self.put_configuration(project, newer)?;
        }
        Ok(id)
    }

    /// Stores that something was begun with a service and done.
    fn tell_of_service(
        &mut self,
        project: ProjectId,
        what: &str,
        context: &str,
        service: &Value,
    ) -> Result<(), CommandError> {
        self.tell(Some(project), &format!("{what}.started"), context, service.clone())?;
        let mut done = service.clone();
        (done["status"], done["result"]) = ("succeeded".into(), "pass".into());
        self.tell(Some(project), &format!("{what}.finished"), context, done)
    }

    /// Stores an event of the control plane about a project, as v1 publishes them (contract: core.md 1.4).
    fn tell(&mut self, project: Option<ProjectId>, what: &str, context: &str, data: Value) -> Result<(), CommandError> {
        let id = ids::derive(self.now, &[context, what]);
        let event = control_plane_event(id, format!("sh.keptn.event.{what}"), context, self.now, data);
        self.tx.append_event(project, &event)?;
        self.signals.tally.events_derived += 1;
        Ok(())
    }
}
