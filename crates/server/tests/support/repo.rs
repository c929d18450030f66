//! A configuration in memory: its newest files, and a commit that counts.

use std::collections::BTreeMap;
use std::sync::Mutex;

use capstan_runtime::ports::{Change, CommitId, ConfigError, ConfigRepo, FileChange, ReadFile};

#[derive(Default)]
pub(crate) struct MemoryRepo(Mutex<BTreeMap<String, Repository>>);

#[derive(Default)]
struct Repository {
    files: BTreeMap<String, Vec<u8>>,
    commits: u64,
}

impl Repository {
    fn head(&self) -> CommitId {
        format!("{:040x}", self.commits)
    }

    fn apply(&mut self, changes: &[FileChange]) -> CommitId {
        for change in changes {
            if let Some(content) = &change.content {
                self.files.insert(change.path.clone(), content.clone());
            } else {
                let folder = format!("{}/", change.path);
                self.files.retain(|path, _| *path != change.path && !path.starts_with(&folder));
            }
        }
        self.commits += 1;
        self.head()
    }
}

impl ConfigRepo for MemoryRepo {
    fn create(&self, project: &str, files: &[FileChange], _: &Change) -> Result<CommitId, ConfigError> {
        let mut all = self.0.lock().unwrap();
        if all.contains_key(project) {
            return Err(ConfigError::Exists(project.to_owned()));
        }
        Ok(all.entry(project.to_owned()).or_default().apply(files))
    }

    fn write(&self, project: &str, changes: &[FileChange], _: &Change) -> Result<CommitId, ConfigError> {
        let mut all = self.0.lock().unwrap();
        let repository = all.get_mut(project).ok_or_else(|| ConfigError::UnknownProject(project.to_owned()))?;
        Ok(repository.apply(changes))
    }

    fn read(&self, project: &str, path: &str, _: Option<&str>) -> Result<ReadFile, ConfigError> {
        let all = self.0.lock().unwrap();
        let repository = all.get(project).ok_or_else(|| ConfigError::UnknownProject(project.to_owned()))?;
        let commit = repository.head();
        match repository.files.get(path) {
            Some(content) => Ok(ReadFile { content: content.clone(), commit }),
            None => Err(ConfigError::UnknownFile { path: path.to_owned(), commit }),
        }
    }

    fn list(&self, project: &str, folder: &str, _: Option<&str>) -> Result<Vec<String>, ConfigError> {
        let all = self.0.lock().unwrap();
        let repository = all.get(project).ok_or_else(|| ConfigError::UnknownProject(project.to_owned()))?;
        let folder = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        Ok(repository.files.keys().filter(|path| path.starts_with(&folder)).cloned().collect())
    }

    fn head(&self, project: &str) -> Result<CommitId, ConfigError> {
        let all = self.0.lock().unwrap();
        all.get(project).map(Repository::head).ok_or_else(|| ConfigError::UnknownProject(project.to_owned()))
    }

    fn delete(&self, project: &str) -> Result<(), ConfigError> {
        self.0.lock().unwrap().remove(project);
        Ok(())
    }

    fn projects(&self) -> Result<Vec<String>, ConfigError> {
        Ok(self.0.lock().unwrap().keys().cloned().collect())
    }
}
