//! What went wrong, and how to mend it.

use std::path::Path;

use capstan_runtime::ports::StoreError;
use rusqlite::ErrorCode;

/// A failure, before it is known which file it concerns.
#[derive(Debug)]
pub(super) enum Trouble {
    /// `SQLite` refused.
    Sql {
        /// What was attempted, such as 'append an event'.
        doing: &'static str,
        /// Its words.
        cause: rusqlite::Error,
    },
    /// A record that could not be written.
    Unwritable {
        /// What it is, such as 'the event'.
        what: &'static str,
        /// Why.
        why: String,
    },
    /// A record that is there but says nothing to this version.
    Unreadable {
        /// What it is, such as 'the run'.
        what: &'static str,
        /// Why.
        why: String,
    },
}

/// Says what was attempted when `SQLite` refused.
pub(super) trait Doing<T> {
    /// `doing` completes 'could not …'.
    fn doing(self, doing: &'static str) -> Result<T, Trouble>;
}

impl<T> Doing<T> for rusqlite::Result<T> {
    fn doing(self, doing: &'static str) -> Result<T, Trouble> {
        self.map_err(|cause| Trouble::Sql { doing, cause })
    }
}

impl Trouble {
    /// The failure in words for people, with the file and with what to do.
    pub(super) fn at(self, path: &Path) -> StoreError {
        let path = path.display();
        match self {
            Self::Sql { doing, cause } => {
                let (why, mend) = explain(&cause, &path.to_string());
                StoreError::Failed(format!("could not {doing} in '{path}': {why}{mend}"))
            }
            Self::Unwritable { what, why } => StoreError::Failed(format!("could not write {what} to '{path}': {why}")),
            Self::Unreadable { what, why } => StoreError::Unreadable(format!("{what} in '{path}': {why}")),
        }
    }
}

/// The cause, and what to do about it where there is something to do.
fn explain(cause: &rusqlite::Error, path: &str) -> (String, String) {
    let mend = match cause.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => {
            "the disk is full; free some space there, nothing that was committed is lost".into()
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => format!(
            "it cannot be written; give this process the right to write '{path}' and the directory that it is in"
        ),
        Some(ErrorCode::CannotOpen) => format!(
            "it cannot be opened; see to it that its directory exists and that this process may read and write \
             '{path}', '{path}-wal' and '{path}-shm'"
        ),
        Some(ErrorCode::NotADatabase) => {
            "it is no store: something else wrote it, or its beginning is damaged; name another file, or put back a \
             backup"
                .into()
        }
        Some(ErrorCode::DatabaseCorrupt) => format!(
            "it is damaged; stop the server, keep a copy of '{path}' with its '-wal', and put back a backup, or save \
             what can be read with 'sqlite3 {path} .recover'"
        ),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another process holds it; only one server may work on a store at a time".into()
        }
        Some(ErrorCode::SystemIoFailure) => {
            "the disk does not do what it is told; look at the messages of the system about it".into()
        }
        Some(ErrorCode::FileLockingProtocolFailed) => {
            "it cannot be locked; put it on a local disk, not on a network share".into()
        }
        _ => return (cause.to_string(), String::new()),
    };
    (mend, format!(" (SQLite: {cause})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(code: i32) -> String {
        let cause = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
        Trouble::Sql { doing: "append an event", cause }.at(Path::new("/data/store.db")).to_string()
    }

    #[test]
    fn troubles_of_disk_and_file_say_how_to_mend_them() {
        let cases = [
            (rusqlite::ffi::SQLITE_FULL, "free some space"),
            (rusqlite::ffi::SQLITE_READONLY, "right to write '/data/store.db'"),
            (rusqlite::ffi::SQLITE_CANTOPEN, "its directory exists"),
            (rusqlite::ffi::SQLITE_NOTADB, "name another file"),
            (rusqlite::ffi::SQLITE_CORRUPT, "put back a backup"),
            (rusqlite::ffi::SQLITE_BUSY, "only one server"),
        ];
        for (code, words) in cases {
            let told = told(code);
            assert!(told.starts_with("the store failed: could not append an event in '/data/store.db': "), "{told}");
            assert!(told.contains(words), "{told}");
        }
    }
}
