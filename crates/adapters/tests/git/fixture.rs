//! A folder of repositories, and git to look at it.

use std::path::Path;
use std::process::Command;

use capstan_adapters::git::GitConfig;
use capstan_runtime::ports::{Change, ConfigError, ConfigRepo, FileChange};
use tempfile::TempDir;

/// An empty folder of repositories.
pub(crate) struct Fixture {
    pub(crate) folder: TempDir,
    pub(crate) config: GitConfig,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = GitConfig::open(folder.path().join("data/config")).unwrap();
        Self { folder, config }
    }

    /// One with the project `podtato`, and its first commit.
    pub(crate) fn with_project(files: &[FileChange]) -> (Self, String) {
        let fixture = Self::new();
        let commit = fixture.config.create("podtato", files, &change("Create project podtato")).unwrap();
        (fixture, commit)
    }

    pub(crate) fn root(&self) -> std::path::PathBuf {
        self.folder.path().join("data/config")
    }

    pub(crate) fn write(&self, changes: &[FileChange]) -> Result<String, ConfigError> {
        self.config.write("podtato", changes, &change("Change it"))
    }

    pub(crate) fn content(&self, path: &str, at: Option<&str>) -> Result<Vec<u8>, ConfigError> {
        self.config.read("podtato", path, at).map(|file| file.content)
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        git(&self.config.folder("podtato").unwrap(), arguments)
    }

    /// What git has to say against the repository: nothing.
    pub(crate) fn check(&self) {
        let said = self.git(&["fsck", "--strict", "--full", "--no-progress", "--no-dangling"]);
        assert_eq!(said, "");
    }

    pub(crate) fn clone(&self) -> std::path::PathBuf {
        let to = self.folder.path().join("clone");
        let source = self.config.folder("podtato").unwrap();
        git(self.folder.path(), &["clone", "-q", source.to_str().unwrap(), to.to_str().unwrap()]);
        to
    }
}

/// Runs git without anybody's settings; standard output and error together.
pub(crate) fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GIT_")) {
        command.env_remove(name);
    }
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", folder.join("none"));
    let settings = ["-c", "safe.directory=*", "-c", "protocol.file.allow=always"];
    let output = command.args(settings).args(arguments).current_dir(folder).output().expect("git on PATH");
    let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "git {arguments:?}: {said}");
    said
}

pub(crate) fn change(reason: &str) -> Change {
    let at = "2026-03-01T12:00:00Z".parse().unwrap();
    Change { author: "Jane Doe <jane@example.org>".to_owned(), reason: reason.to_owned(), at }
}

pub(crate) fn put(path: &str, content: &str) -> FileChange {
    FileChange { path: path.to_owned(), content: Some(content.as_bytes().to_vec()) }
}

pub(crate) fn remove(path: &str) -> FileChange {
    FileChange { path: path.to_owned(), content: None }
}
