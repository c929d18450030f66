//! Records as a command reads and changes them: through the cache, written at its end.

use capstan_engine::orchestrate::{Queue, Run};

use super::cache::Known;
use super::work::Work;
use crate::ports::{Configuration, Project, ProjectId, ServiceView, StoreError, StoreTx};

impl Work<'_> {
    /// The project, or the ghost, that lives under a name.
    pub(super) fn project(&mut self, name: &str) -> Result<Option<&Project>, StoreError> {
        let Self { tx, cache, .. } = self;
        cache.projects.get(&name.to_owned(), || tx.project(name))
    }

    /// Adds one; the caller sees to it that no other lives under this name.
    pub(super) fn add_project(
        &mut self,
        name: &str,
        configuration: Option<&Configuration>,
    ) -> Result<ProjectId, StoreError> {
        let project = self.tx.add_project(name, self.now, configuration)?;
        let id = project.id;
        self.cache.projects.put(name.to_owned(), project);
        Ok(id)
    }

    /// Gives a project another configuration.
    pub(super) fn put_configuration(
        &mut self,
        project: Project,
        configuration: Configuration,
    ) -> Result<(), StoreError> {
        self.tx.configure_project(project.id, &configuration)?;
        self.cache.projects.put(project.name.clone(), Project { configuration: Some(configuration), ..project });
        Ok(())
    }

    /// A sequence with the project that it belongs to.
    pub(super) fn sequence(&mut self, id: &str) -> Result<Option<&Known>, StoreError> {
        let Self { tx, cache, .. } = self;
        cache.sequences.get(&id.to_owned(), || read_sequence(*tx, id))
    }

    /// The same to be changed and put back.
    pub(super) fn take_sequence(&mut self, id: &str) -> Result<Option<Known>, StoreError> {
        let Self { tx, cache, .. } = self;
        cache.sequences.take(&id.to_owned(), || read_sequence(*tx, id))
    }

    /// Adds a sequence or replaces the one that was taken; all that has changed is among the facts.
    pub(super) fn put_sequence(&mut self, known: Known) {
        self.cache.sequences.put(known.sequence.id.clone(), known);
    }

    /// Puts back a sequence that was taken and has not changed.
    pub(super) fn leave_as_it_is(&mut self, known: Known) {
        self.cache.sequences.give_back(known.sequence.id.clone(), known);
    }

    /// The run of a context in a project.
    pub(super) fn run(&mut self, project: ProjectId, context: &str) -> Result<Option<Run>, StoreError> {
        let Self { tx, cache, .. } = self;
        Ok(cache.runs.get(&(project, context.to_owned()), || tx.run(project, context))?.cloned())
    }

    /// The same to be changed and put back.
    pub(super) fn take_run(&mut self, project: ProjectId, context: &str) -> Result<Option<Run>, StoreError> {
        let Self { tx, cache, .. } = self;
        cache.runs.take(&(project, context.to_owned()), || tx.run(project, context))
    }

    /// Adds or replaces a run.
    pub(super) fn put_run(&mut self, project: ProjectId, run: Run) {
        self.cache.runs.put((project, run.context.clone()), run);
    }

    /// A queue of a project by its name; empty at first.
    pub(super) fn queue(&mut self, project: ProjectId, name: &str) -> Result<&Queue, StoreError> {
        let Self { tx, cache, .. } = self;
        let queue = cache.queues.get(&(project, name.to_owned()), || tx.queue(project, name).map(Some))?;
        Ok(queue.unwrap_or(const { &Queue { held: Vec::new(), waiting: Vec::new(), aside: Vec::new() } }))
    }

    /// Changes a queue.
    pub(super) fn change_queue<T>(
        &mut self,
        project: ProjectId,
        name: String,
        change: impl FnOnce(&mut Queue) -> T,
    ) -> Result<T, StoreError> {
        let Self { tx, cache, .. } = self;
        let key = (project, name);
        let mut queue = cache.queues.take(&key, || tx.queue(project, &key.1).map(Some))?.unwrap_or_default();
        let answer = change(&mut queue);
        cache.queues.put(key, queue);
        Ok(answer)
    }

    /// Changes what is shown of a service in a stage.
    pub(super) fn change_view(
        &mut self,
        project: ProjectId,
        stage: &str,
        service: &str,
        change: impl FnOnce(&mut ServiceView),
    ) -> Result<(), StoreError> {
        let Self { tx, cache, .. } = self;
        let key = (project, stage.to_owned(), service.to_owned());
        let view = cache.views.take(&key, || tx.service_view(project, stage, service).map(Some))?;
        let mut view = view.unwrap_or_default();
        change(&mut view);
        cache.views.put(key, view);
        Ok(())
    }

    /// Removes a service and what is shown of it in each stage.
    pub(super) fn remove_service(&mut self, project: ProjectId, name: &str) -> Result<(), StoreError> {
        self.forget()?;
        self.tx.remove_service(project, name)
    }

    /// Knows nothing any more; for what happens rarely and concerns many records.
    pub(super) fn forget(&mut self) -> Result<(), StoreError> {
        self.cache.write(self.tx)?;
        self.cache.clear();
        Ok(())
    }
}

fn read_sequence(tx: &mut dyn StoreTx, id: &str) -> Result<Option<Known>, StoreError> {
    Ok(tx.sequence(id)?.map(|(project, sequence)| Known { project, sequence, put: None }))
}
