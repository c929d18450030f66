//! What is in the configuration and not in the store yet is taken over.

use super::base::Projects;
use super::error::ProjectError;
use super::layout::{SHIPYARD, read, stage_folder};
use crate::command::{Command, fingerprint};
use crate::ports::{Configuration, Slice};

impl Projects {
    /// Makes the store agree with the configuration, which counts: what a crash has left between the two is completed. A
    /// repository that is gone or damaged costs its project the changes of its configuration, never its runs.
    pub async fn reconcile(&self) -> Result<(), ProjectError> {
        let rows = self.handle.read(|reader| reader.projects(Slice::ALL)).await?.items;
        let repositories = self.config(|repo| repo.projects()).await?;
        for row in rows.iter().filter(|row| !repositories.contains(&row.name)) {
            let help = "restore its repository from a backup, or delete the project";
            tracing::error!(project = row.name, help, "its configuration is gone; its runs go on with what they have");
        }
        for name in repositories {
            let _turn = self.turns.of(&name).await;
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
    pub(super) async fn catch_up(&self, name: &str) -> Result<(), ProjectError> {
        match self.configuration(name).await? {
            Some(known) => self.take_over(name, Some(known)).await,
            None => Ok(()),
        }
    }

    /// Brings one project to the newest commit of its repository.
    pub(super) async fn take_over(&self, name: &str, known: Option<Configuration>) -> Result<(), ProjectError> {
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
            // What else is in the commit counts all the same.
            return if known.is_some() { self.configure_same(name, head).await } else { Ok(()) };
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
}
