//! Which path is whose.

use axum::Router;
use axum::routing::{any, delete, get, post};

use super::{auth, control, datastore, event, execution, metadata, project, sequence, service, stage, triggered};
use crate::family;
use crate::state::AppState;

pub(crate) fn router() -> Router<AppState> {
    Router::new().merge(api_service()).nest("/api/controlPlane/v1", control_plane()).merge(datastore())
}

fn api_service() -> Router<AppState> {
    Router::new()
        .route("/api/v1/auth", any(auth::auth))
        .route("/api/v1/metadata", get(metadata::get))
        .route("/api/v1/event", post(event::post))
}

fn control_plane() -> Router<AppState> {
    Router::new()
        .route("/project", get(project::list).post(project::create).put(project::update))
        .route("/project/{project}", get(project::get).delete(project::delete))
        .route("/project/{project}/stage", get(stage::list))
        .route("/project/{project}/stage/{stage}", get(stage::get))
        .route("/project/{project}/stage/{stage}/service", get(service::list))
        .route("/project/{project}/stage/{stage}/service/{service}", get(service::get))
        .route("/project/{project}/service", post(service::create))
        .route("/project/{project}/service/{service}", delete(service::delete))
        .route("/event/triggered/{type}", get(triggered::list))
        .route("/sequence/{project}", get(sequence::list))
        .route("/sequence/{project}/{context}/control", post(control::post))
        .route("/sequence-execution", get(execution::list))
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
