//! Which path is whose.

use axum::Router;
use axum::routing::{any, delete, get, post};

use super::{auth, control, datastore, event, execution, metadata, project, sequence, service, stage, triggered};
use crate::family;
use crate::state::AppState;

pub(crate) fn router() -> Router<AppState> {
    Router::new().merge(api_service()).merge(control_plane()).merge(datastore())
}

fn api_service() -> Router<AppState> {
    Router::new()
        .route("/api/v1/auth", any(auth::auth))
        .route("/api/v1/metadata", get(metadata::get))
        .route("/api/v1/event", post(event::post))
}

// In full: what is nested is boxed once more for each request.
fn control_plane() -> Router<AppState> {
    Router::new()
        .route("/api/controlPlane/v1/project", get(project::list).post(project::create).put(project::update))
        .route("/api/controlPlane/v1/project/{project}", get(project::get).delete(project::delete))
        .route("/api/controlPlane/v1/project/{project}/stage", get(stage::list))
        .route("/api/controlPlane/v1/project/{project}/stage/{stage}", get(stage::get))
        .route("/api/controlPlane/v1/project/{project}/stage/{stage}/service", get(service::list))
        .route("/api/controlPlane/v1/project/{project}/stage/{stage}/service/{service}", get(service::get))
        .route("/api/controlPlane/v1/project/{project}/service", post(service::create))
        .route("/api/controlPlane/v1/project/{project}/service/{service}", delete(service::delete))
        .route("/api/controlPlane/v1/event/triggered/{type}", get(triggered::list))
        .route("/api/controlPlane/v1/sequence/{project}", get(sequence::list))
        .route("/api/controlPlane/v1/sequence/{project}/{context}/control", post(control::post))
        .route("/api/controlPlane/v1/sequence-execution", get(execution::list))
}

fn datastore() -> Router<AppState> {
    let events = get(datastore::events)
        .post(family::forbidden)
        .put(family::forbidden)
        .patch(family::forbidden)
        .delete(family::forbidden);
    Router::new()
        .route("/api/mongodb-datastore/event", events)
        .route("/api/mongodb-datastore/event/type/{type}", get(datastore::by_type))
        .route("/api/mongodb-datastore/health", any(family::forbidden))
}
