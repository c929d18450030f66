//! The services of v1 between which its gateway divides the paths; each refuses in its own way (contract: surfaces.md
//! 1.1 and 1.2).

use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use crate::error::Failure;

/// Which service of v1 would have answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// The API service: everything below `/api` that is nobody else's.
    Api,
    /// The controller and those that are built as it is.
    ControlPlane,
    /// The store of events.
    Datastore,
    /// Nobody in v1: our own API.
    Capstan,
    /// Nothing of the API.
    Outside,
}

impl Family {
    /// The family that a path belongs to.
    pub(crate) fn of(path: &str) -> Self {
        let mut parts = path.split('/').skip(1);
        match (parts.next(), parts.next()) {
            (
                Some("api"),
                Some("controlPlane" | "secrets" | "statistics" | "resource-service" | "configuration-service"),
            ) => Self::ControlPlane,
            (Some("api"), Some("mongodb-datastore")) => Self::Datastore,
            (Some("api"), Some("capstan")) => Self::Capstan,
            (Some("api"), _) => Self::Api,
            _ => Self::Outside,
        }
    }
}

/// There is nothing at this path.
pub(crate) async fn unknown_route(uri: Uri) -> Response {
    let path = uri.path();
    match Family::of(path) {
        Family::ControlPlane => page_not_found(),
        Family::Datastore => unknown_path(path.strip_prefix("/api/mongodb-datastore").unwrap_or(path)),
        _ => unknown_path(path.strip_prefix("/api").unwrap_or(path)),
    }
}

/// There is something at this path, but not for this method.
pub(crate) async fn wrong_method(method: Method, uri: Uri) -> Response {
    if Family::of(uri.path()) == Family::ControlPlane {
        return page_not_found();
    }
    let message = format!("method {method} is not allowed here");
    Failure::new(StatusCode::METHOD_NOT_ALLOWED, message).code(405).into_response()
}

/// What v1's gateway answers where it lets nobody through.
pub(crate) async fn forbidden() -> Response {
    const PAGE: &str = "<html>\r\n<head><title>403 Forbidden</title></head>\r\n<body>\r\n<h1>403 Forbidden</h1>\r\n</body>\r\n</html>\r\n";
    (StatusCode::FORBIDDEN, [("content-type", "text/html")], PAGE).into_response()
}

fn page_not_found() -> Response {
    (StatusCode::NOT_FOUND, [("content-type", "text/plain")], "404 page not found").into_response()
}

fn unknown_path(path: &str) -> Response {
    Failure::new(StatusCode::NOT_FOUND, format!("path {path} was not found")).code(404).into_response()
}
