//! What goes wrong, before it is known whose repository it is.

use std::error::Error;
use std::fmt::Display;

use capstan_runtime::ports::ConfigError;

/// Why something could not be done.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The caller asked for what cannot be.
    Told(ConfigError),
    /// Disk, permissions, a broken repository: what happened, with its causes.
    Failed(String),
}

impl Trouble {
    /// The port's error.
    pub(super) fn of(self, project: &str) -> ConfigError {
        match self {
            Self::Told(error) => error,
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
pub(super) fn failed<E: Error>(attempt: impl Display) -> impl FnOnce(E) -> Trouble {
    move |error| Trouble::Failed(format!("{attempt}: {}", chain(&error)))
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
    fn every_cause_is_told_once() {
        let disk = std::io::Error::other("the disk is full");
        let trouble = failed("cannot write the object")(std::io::Error::other(disk));
        let ConfigError::Failed { project, reason } = trouble.of("podtato") else { panic!("not a failure") };
        assert_eq!((project.as_str(), reason.as_str()), ("podtato", "cannot write the object: the disk is full"));
    }
}
