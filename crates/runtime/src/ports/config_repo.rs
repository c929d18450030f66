//! Where the configuration of projects is kept: one repository each, one commit a change.

/// The id of a commit, in hexadecimal.
pub type CommitId = String;

/// Who changes a configuration, and why; it becomes the author and the message of the commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Name and address, such as `capstan <capstan@localhost>`. What a commit cannot hold is left out of it.
    pub author: String,
    /// One line in the imperative, such as `Create project podtato`; line breaks become spaces.
    pub reason: String,
    /// When, to the second.
    pub at: jiff::Timestamp,
}

/// A file to write or, without content, to remove. Of several changes each finds what those before it left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Path within the repository, with `/`, never leading, never `.` or `..` or any writing of `.git` as a part; without
    /// control characters, at most 255 bytes a part and 1024 in all.
    pub path: String,
    /// The new content; none removes the file or, where the path is a folder, all that is in it.
    pub content: Option<Vec<u8>>,
}

/// A file as it stood at a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadFile {
    /// Its bytes.
    pub content: Vec<u8>,
    /// The commit that was looked at.
    pub commit: CommitId,
}

/// Why a configuration could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// There is no repository of that project.
    #[error("there is no configuration of project '{0}'")]
    UnknownProject(String),
    /// There is one already.
    #[error("there is a configuration of project '{0}' already")]
    Exists(String),
    /// No such file at that commit. Where there is no commit yet, its id is all zeros.
    #[error("there is no file '{path}' at commit {commit}")]
    UnknownFile {
        /// What was asked for.
        path: String,
        /// Where.
        commit: CommitId,
    },
    /// The id names no commit of this repository.
    #[error("'{0}' is no commit of this project")]
    UnknownCommit(String),
    /// A path that leads outside, or is empty.
    #[error("'{0}' is no path within the configuration")]
    BadPath(String),
    /// A name that could not be that of a folder.
    #[error("'{0}' is no name of a project")]
    BadProject(String),
    /// A file is where a folder is needed, or a folder where the file would be.
    #[error("'{path}' cannot be written: {reason}")]
    Blocked {
        /// What was to be written.
        path: String,
        /// What is in its way.
        reason: String,
    },
    /// The disk does not take it: it is full, fails, or may only be read.
    #[error("the configuration of '{project}' cannot be written: {reason}")]
    Unwritable {
        /// Whose repository.
        project: String,
        /// What happened, with its cause.
        reason: String,
    },
    /// Permissions, a broken repository.
    #[error("the configuration repository of '{project}' failed: {reason}")]
    Failed {
        /// Whose repository.
        project: String,
        /// What happened, with its cause.
        reason: String,
    },
}

/// The configuration of projects. Calls block; each write is on disk when it returns. One that fails has changed nothing,
/// except where the disk itself failed ([`ConfigError::Unwritable`], [`ConfigError::Failed`]): then it may or may not have
/// come to pass.
///
/// Layout (contract: core.md 8, directory mode): `shipyard.yaml` and `metadata.yaml` at the root, a stage below
/// `.keptn-stages/<stage>/`, a service below `.keptn-stages/<stage>/<service>/`.
pub trait ConfigRepo: Send + Sync {
    /// Makes a repository whose first commit holds these files.
    fn create(&self, project: &str, files: &[FileChange], change: &Change) -> Result<CommitId, ConfigError>;

    /// Commits changes on top of HEAD; writers of one project queue up. Without a difference it is a commit all the same.
    /// To remove what is not there is [`ConfigError::UnknownFile`]; a folder that lost its last file is gone.
    fn write(&self, project: &str, changes: &[FileChange], change: &Change) -> Result<CommitId, ConfigError>;

    /// Reads a file at HEAD or at a commit, whose id may be cut to no less than four digits if no other commit's begins
    /// with them.
    fn read(&self, project: &str, path: &str, at: Option<&str>) -> Result<ReadFile, ConfigError>;

    /// Paths of all files below a folder (`""`: everywhere) at HEAD or at a commit, sorted bytewise, relative to the root.
    /// Below a folder that is not there, or is a file, there is none.
    fn list(&self, project: &str, folder: &str, at: Option<&str>) -> Result<Vec<String>, ConfigError>;

    /// The newest commit.
    fn head(&self, project: &str) -> Result<CommitId, ConfigError>;

    /// Removes a project's repository at once; one that is gone already is no error.
    fn delete(&self, project: &str) -> Result<(), ConfigError>;

    /// Names of all projects that have a repository, sorted bytewise.
    fn projects(&self) -> Result<Vec<String>, ConfigError>;
}
