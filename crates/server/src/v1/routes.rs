//! Which path is whose.

use axum::Router;
use axum::routing::{any, delete, get, post};

use super::{
    auth, control, datastore, event, execution, metadata, project, resource, sequence, service, stage, triggered,
};
use crate::family;
use crate::state::AppState;

pub(crate) fn router() -> Router<AppState> {
    // Clients from before v1.0 know the service for resources by its old name.
    let resources = ["resource-service", "configuration-service"].map(resource_service);
    let router = Router::new().merge(api_service()).merge(control_plane()).merge(datastore());
    resources.into_iter().fold(router, Router::merge)
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

fn resource_service(name: &str) -> Router<AppState> {
    let project = format!("/api/{name}/v1/project");
    let levels = ["/{project}", "/{project}/stage/{stage}", "/{project}/stage/{stage}/service/{service}"];
    let mut router = Router::new();
    for level in levels {
        let of_all = get(resource::list).post(resource::create).put(resource::update_list);
        let of_one = get(resource::get).put(resource::update).delete(resource::delete);
        router = router
            .route(&format!("{project}{level}/resource"), of_all)
            .route(&format!("{project}{level}/resource/{{*uri}}"), of_one);
    }
    // What v1's gateway keeps for its own services.
    let inside = [
        "",
        "/{project}",
        "/{project}/stage",
        "/{project}/stage/{stage}",
        "/{project}/stage/{stage}/service",
        "/{project}/stage/{stage}/service/{service}",
        "/{project}/service/{service}/resource",
        "/{project}/service/{service}/resource/{*uri}",
    ];
    inside.iter().fold(router, |router, path| router.route(&format!("{project}{path}"), any(family::forbidden)))
}
