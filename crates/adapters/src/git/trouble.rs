//! What goes wrong, before it is known whose repository it is.

use std::error::Error;
use std::fmt::Display;
use std::io;

use capstan_runtime::ports::ConfigError;

/// Why something could not be done.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The caller asked for what cannot be.
    Told(ConfigError),
    /// The disk does not take it: what happened, with its causes.
    Disk(String),
    /// Permissions, a broken repository: what happened, with its causes.
    Failed(String),
}

impl Trouble {
    /// The port's error.
    pub(super) fn of(self, project: &str) -> ConfigError {
        match self {
            Self::Told(error) => error,
            Self::Disk(reason) => ConfigError::Unwritable { project: project.to_owned(), reason },
            Self::Failed(reason) => ConfigError::Failed { project: project.to_owned(), reason },
        }
    }
}

impl From<ConfigError> for Trouble {
    fn from(error: ConfigError) -> Self {
        Self::Told(error)
    }
}

/// Turns an error into one that says what was attempted, and every cause.
pub(super) fn failed<E: Error + 'static>(attempt: impl Display) -> impl FnOnce(E) -> Trouble {
    move |error| {
        let reason = format!("{attempt}: {}", chain(&error));
        if is_of_the_disk(&error) { Trouble::Disk(reason) } else { Trouble::Failed(reason) }
    }
}

/// Whether a disk that is full, fails or may only be read is among the causes.
fn is_of_the_disk(error: &(dyn Error + 'static)) -> bool {
    // What Unix says of a device that fails; Rust has no kind for it.
    const EIO: i32 = 5;
    let full = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded, io::ErrorKind::ReadOnlyFilesystem];
    if let Some(error) = error.downcast_ref::<io::Error>() {
        // What it wraps is not its source.
        return full.contains(&error.kind())
            || (cfg!(unix) && error.raw_os_error() == Some(EIO))
            || error.get_ref().is_some_and(|inner| is_of_the_disk(inner));
    }
    error.source().is_some_and(is_of_the_disk)
}

/// An error and its causes in one line; a cause that only repeats what is said already is left out.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let said = next.to_string();
        if !text.ends_with(&said) {
            text = format!("{text}: {said}");
        }
        cause = next.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_is_full_is_told_from_a_repository_that_is_broken() {
        let trouble = |error: io::Error| failed("cannot write objects")(error).of("podtato");
        let full = trouble(io::Error::other(io::Error::from(io::ErrorKind::StorageFull)));
        assert!(matches!(full, ConfigError::Unwritable { .. }), "{full:?}");
        assert!(matches!(trouble(io::ErrorKind::NotFound.into()), ConfigError::Failed { .. }));
    }

    #[test]
    fn every_cause_is_told_once() {
        let disk = std::io::Error::other("the disk is full");
        let trouble = failed("cannot write the object")(std::io::Error::other(disk));
        let ConfigError::Failed { project, reason } = trouble.of("podtato") else { panic!("not a failure") };
        assert_eq!((project.as_str(), reason.as_str()), ("podtato", "cannot write the object: the disk is full"));
    }
}
