//! The routes of our own API and the document that describes them.

use axum::{Json, Router};
use utoipa::OpenApi as _;
use utoipa::openapi::{OpenApi, RefOr};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{claims, events, projects, resources, runs, status, steer, stream, waiting_list};
use crate::state::AppState;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Capstan",
        version = "v1",
        description = "Capstan's own API. Beside it the server answers in the shapes of Keptn v1 below `/api`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    modifiers(&Token),
    security(("token" = []))
)]
struct Document;

/// Every route needs the token.
struct Token;

impl utoipa::Modify for Token {
    fn modify(&self, document: &mut OpenApi) {
        use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
        let scheme = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("x-token")));
        document.components.get_or_insert_default().add_security_scheme("token", scheme);
    }
}

/// Whoever sends a body can send too much of it, or too slowly.
fn with_bodies(mut document: OpenApi) -> OpenApi {
    let paths = document.paths.paths.values_mut();
    for operation in paths.filter_map(|path| path.post.as_mut()).filter(|operation| operation.request_body.is_some()) {
        let responses = &mut operation.responses.responses;
        let Some(problem) = responses.get("401").cloned() else { continue };
        for (status, description) in [("408", "The body did not arrive in time."), ("413", "The body is too large.")] {
            let mut problem = problem.clone();
            if let RefOr::T(problem) = &mut problem {
                description.clone_into(&mut problem.description);
            }
            responses.entry(status.to_owned()).or_insert(problem);
        }
    }
    document
}

fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(events::post))
        .routes(routes!(runs::list))
        .routes(routes!(runs::get))
        .routes(routes!(projects::list, projects::create))
        .routes(routes!(projects::get, projects::change, projects::delete))
        .routes(routes!(resources::list, resources::change))
        .routes(routes!(resources::get))
        .routes(routes!(status::get))
        .routes(routes!(steer::pause))
        .routes(routes!(steer::resume))
        .routes(routes!(steer::abort))
        .routes(routes!(steer::rerun))
        .routes(routes!(claims::claim))
        .routes(routes!(claims::heartbeat))
        .routes(routes!(claims::release))
        .routes(routes!(claims::answer))
        .routes(routes!(waiting_list::get))
        .routes(routes!(stream::get))
}

/// The document that the server hands out under `/api/capstan/v1/openapi.json`.
pub fn document() -> OpenApi {
    with_bodies(routes().into_openapi())
}

pub(crate) fn router() -> Router<AppState> {
    let (router, document) = routes().split_for_parts();
    let document = with_bodies(document);
    router.route("/api/capstan/v1/openapi.json", axum::routing::get(async move || Json(document.clone())))
}
