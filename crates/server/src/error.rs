//! What goes wrong, as those see it who asked: a status and a sentence. The causes are for the log.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use capstan_runtime::command::CommandError;
use capstan_runtime::ports::{ConfigError, StoreError};
use capstan_runtime::projects::ProjectError;
use capstan_runtime::writer::SubmitError;
use serde::Serialize;
use serde_json::{Map, Value};

/// An answer that is no success: v1's body with `code` and `message`, and in our own API what a program can go by.
#[derive(Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    code: Option<u16>,
    message: String,
    retry_after: Option<u16>,
    details: Map<String, Value>,
}

#[derive(Serialize)]
struct Body {
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
    message: String,
    #[serde(flatten)]
    details: Map<String, Value>,
}

impl Failure {
    /// A status and a sentence.
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, code: None, message: message.into(), retry_after: None, details: Map::new() }
    }

    /// 400 with that as `code`.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message).code(400)
    }

    /// 404 with that as `code`.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message).code(404)
    }

    /// 409 with that as `code`.
    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, message).code(409)
    }

    /// 422 with one of the codes that v1's generated services have for it.
    pub(crate) fn unprocessable(code: u16, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message).code(code)
    }

    /// The same with a `code` in the body.
    #[must_use]
    pub(crate) fn code(mut self, code: u16) -> Self {
        self.code = Some(code);
        self
    }

    /// The same with a number of seconds after which it is worth another try.
    #[must_use]
    pub(crate) fn retry_after(mut self, seconds: u16) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The same with something more in the body.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    /// The disk does not take what is to be stored. A commit of which nobody knows whether it is on disk may be there after
    /// a restart, so that nothing more is promised than what a repeat under the same id does.
    pub(crate) fn unwritable() -> Self {
        let message = "the server cannot write to its store at the moment, and its log says why; send this again later, under \
                       the same id or Idempotency-Key it counts once";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, message).code(503).retry_after(5)
    }

    /// Something broke here; the cause is logged, the sentence says what that means for the one who asked.
    fn internal(cause: &dyn std::error::Error, message: &str) -> Self {
        let mut causes = cause.to_string();
        let mut next = cause.source();
        while let Some(cause) = next {
            causes.push_str(": ");
            causes.push_str(&cause.to_string());
            next = cause.source();
        }
        tracing::error!(cause = causes, "{message}");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, message).code(500)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let message = shortened(self.message);
        let mut response =
            (self.status, Json(Body { code: self.code, message, details: self.details })).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// What was sent is quoted, and may be anything: nobody reads more than this.
fn shortened(mut message: String) -> String {
    const LONGEST: usize = 1_000;
    if let Some((end, _)) = message.char_indices().nth(LONGEST) {
        message.truncate(end);
        message.push('…');
    }
    message
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::internal(&error, "the server could not read its store; its log says why")
    }
}

impl From<SubmitError> for Failure {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Busy => Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()).code(503).retry_after(1),
            SubmitError::Stopping => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()).code(503).retry_after(5)
            }
            SubmitError::Refused(error) => error.into(),
        }
    }
}

impl From<CommandError> for Failure {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::KeyReused | CommandError::ProjectExists(_) | CommandError::ServiceExists(_) => {
                Self::conflict(error.to_string())
            }
            CommandError::LeaseOver { .. } | CommandError::AnsweredOtherwise(_) | CommandError::NotAgain(_) => {
                Self::new(StatusCode::CONFLICT, error.to_string()).code(409)
            }
            CommandError::UnknownProject(_) | CommandError::UnknownLease(_) => Self::not_found(error.to_string()),
            // The writer has logged why; for as long as a disk fails, once.
            CommandError::Store(StoreError::Failed(_)) => Self::unwritable(),
            CommandError::Store(StoreError::Unreadable(_)) => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the server could not read what it has stored before, so nothing has happened; its log says why",
            )
            .code(500),
        }
    }
}

impl From<ProjectError> for Failure {
    fn from(error: ProjectError) -> Self {
        match error {
            ProjectError::Exists(_) | ProjectError::ServiceExists => Self::conflict(error.to_string()),
            ProjectError::Unknown(_)
            | ProjectError::UnknownStage(_)
            | ProjectError::UnknownService(_)
            | ProjectError::UnknownResource(_)
            | ProjectError::Config(ConfigError::UnknownCommit(_)) => Self::not_found(error.to_string()),
            ProjectError::StagesChanged
            | ProjectError::StageFolder(_)
            | ProjectError::ResourceUri(_)
            | ProjectError::ShipyardStays
            | ProjectError::EvaluationsTooShort { .. }
            | ProjectError::ServiceNameMissing
            | ProjectError::ServiceNameTooLong
            | ProjectError::ServiceNameInvalid(_) => Self::bad_request(error.to_string()),
            ProjectError::NameMissing
            | ProjectError::NameTooLong
            | ProjectError::NameInvalid(_)
            | ProjectError::Shipyard(_) => Self::bad_request(format!("Could not validate payload: {error}")),
            ProjectError::Config(
                error @ (ConfigError::BadPath(_) | ConfigError::BadProject(_) | ConfigError::Blocked { .. }),
            ) => Self::bad_request(format!("the name cannot be that of a folder in the configuration: {error}")),
            ProjectError::Config(error @ ConfigError::Unwritable { .. }) => {
                tracing::error!(%error, "a change of the configuration is refused");
                Self::unwritable()
            }
            ProjectError::Config(error) => {
                Self::internal(&error, "the server could not use the project's configuration; its log says why")
            }
            ProjectError::Store(error) => error.into(),
            ProjectError::Submit(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_can_be_no_folder_is_a_mistake_of_the_sender() {
        let failure = Failure::from(ProjectError::Config(ConfigError::BadPath("dev/.git/metadata.yaml".to_owned())));
        assert_eq!((failure.status, failure.code), (StatusCode::BAD_REQUEST, Some(400)));
        assert!(failure.message.contains("'dev/.git/metadata.yaml'"), "{}", failure.message);
    }

    #[test]
    fn causes_stay_here() {
        let failure = Failure::from(StoreError::Failed("disk I/O error at /data/capstan.db".to_owned()));
        assert_eq!(failure.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(failure.message, "the server could not read its store; its log says why");
    }
}
