//! Resources: the files of a project, of a stage, or of a service in a stage.

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use capstan_runtime::projects::{Level, ProjectError, Resource, ResourceChange};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::part;
use super::problem::Problem;
use super::unknown;
use crate::body::Sent;
use crate::error::Failure;
use crate::paging;
use crate::params::{Names, Params};
use crate::state::AppState;

/// A part of the list of resources, by path.
#[derive(Serialize, ToSchema)]
pub(super) struct ResourcePage {
    /// Those of this part.
    resources: Vec<ResourceEntry>,
    /// The commit that was looked at: the newest.
    commit: String,
    /// How many there are in all.
    total: u64,
    /// The `offset` of the next part; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<u64>,
}

/// A resource in a list.
#[derive(Serialize, ToSchema)]
struct ResourceEntry {
    /// Its path.
    path: String,
}

/// A resource.
#[derive(Serialize, ToSchema)]
#[schema(as = Resource)]
pub(super) struct ResourceBody {
    /// Its path.
    path: String,
    /// The stage that it is of; absent where it is of the project.
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<String>,
    /// The service that it is of; absent where it is of the stage or of the project.
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<String>,
    /// The commit that was looked at.
    commit: String,
    /// Its bytes, in base64.
    #[schema(content_encoding = "base64")]
    content: String,
}

/// What is to become of resources, all in one commit.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ResourceChanges {
    /// Each of them.
    #[schema(required = true, nullable = false, min_items = 1)]
    changes: Option<Vec<ResourceWish>>,
}

/// What is to become of a resource.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ResourceWish {
    /// Its path: parts between slashes, of which none is `.`, `..` or `.git`.
    #[schema(required = true, nullable = false, min_length = 1, max_length = 1024)]
    path: Option<String>,
    /// The stage that it is of; left out, it is of the project.
    stage: Option<String>,
    /// The service that it is of; `stage` goes with it.
    service: Option<String>,
    /// Its new bytes, in base64; left out, it is deleted.
    #[schema(content_encoding = "base64")]
    content: Option<String>,
}

/// The commit with which something was changed.
#[derive(Serialize, ToSchema)]
pub(super) struct Committed {
    /// Its id.
    commit: String,
}

/// List the resources of a project, of a stage, or of a service in a stage.
///
/// Those of a stage are also those of its services, each in a folder.
#[utoipa::path(
    get,
    path = "/api/capstan/v1/projects/{project}/resources",
    operation_id = "list_resources",
    tag = "resources",
    params(
        ("project" = String, Path, description = "The project."),
        ("stage" = Option<String>, Query, description = "Those of this stage."),
        ("service" = Option<String>, Query, description = "Those of this service; `stage` goes with it."),
        ("limit" = Option<u64>, Query, minimum = 1, maximum = 500, description = "How many at most, 1 to 500; 50 where it is left out."),
        ("offset" = Option<u64>, Query, description = "How many to leave out."),
    ),
    responses(
        (status = 200, description = "A part of the list.", body = ResourcePage),
        (status = 400, description = "A parameter cannot be read.", body = Problem),
        (status = 401, description = "The token is missing or wrong.", body = Problem),
        (status = 404, description = "There is no such project, stage or service.", body = Problem),
    )
)]
pub(super) async fn list(
    State(state): State<AppState>,
    Names(project): Names<String>,
    params: Params,
) -> Result<Json<ResourcePage>, Failure> {
    let slice = part::slice(&params)?;
    let level = asked(&params)?;
    let found = match state.projects.resources(&project, &level).await {
        Err(error) => return Err(failure(&state, project, error).await),
        Ok(found) => found,
    };
    let total = found.uris.len() as u64;
    Ok(Json(ResourcePage {
        resources: paging::cut(found.uris, slice).into_iter().map(|path| ResourceEntry { path }).collect(),
        commit: found.commit,
        total,
        next_offset: part::next_offset(slice, total),
    }))
}

/// Get a resource.
#[utoipa::path(
    get,
    path = "/api/capstan/v1/projects/{project}/resource",
    operation_id = "get_resource",
    tag = "resources",
    params(
        ("project" = String, Path, description = "The project."),
        ("path" = String, Query, min_length = 1, max_length = 1024, description = "Its path."),
        ("stage" = Option<String>, Query, description = "That of this stage."),
        ("service" = Option<String>, Query, description = "That of this service; `stage` goes with it."),
        ("commit" = Option<String>, Query, description = "As it was at this commit, whose id may be cut to four digits; else the newest."),
        ("inherit" = Option<bool>, Query, description = "Where it is not there, take that of the stage, and else that of the project."),
    ),
    responses(
        (status = 200, description = "The resource.", body = ResourceBody),
        (status = 400, description = "A parameter cannot be read.", body = Problem),
        (status = 401, description = "The token is missing or wrong.", body = Problem),
        (status = 404, description = "There is no such project, stage, service, commit or resource.", body = Problem),
    )
)]
pub(super) async fn get(
    State(state): State<AppState>,
    Names(project): Names<String>,
    params: Params,
) -> Result<Json<ResourceBody>, Failure> {
    let level = asked(&params)?;
    let path = params.once("path")?.ok_or_else(no_path)?;
    let inherit = match params.once("inherit")?.as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(other) => return Err(Failure::bad_request(format!("'inherit' is '{other}'; it may be true or false"))),
    };
    match state.projects.resource(&project, &level, &path, params.once("commit")?, inherit).await {
        Ok(found) => Ok(Json(ResourceBody::of(path, found))),
        Err(error) => Err(failure(&state, project, error).await),
    }
}

/// Write and delete resources, all in one commit.
#[utoipa::path(
    post,
    path = "/api/capstan/v1/projects/{project}/resources",
    operation_id = "change_resources",
    tag = "resources",
    params(("project" = String, Path, description = "The project.")),
    request_body = ResourceChanges,
    responses(
        (status = 200, description = "It is done, and on disk.", body = Committed),
        (status = 400, description = "The body cannot be read, or a path can be none; nothing has happened.", body = Problem),
        (status = 401, description = "The token is missing or wrong.", body = Problem),
        (status = 404, description = "There is no such project, stage or service, or no resource that is to be deleted; nothing has happened.", body = Problem),
        (status = 503, description = "The server is busy or stopping; try again.", body = Problem),
    )
)]
pub(super) async fn change(
    State(state): State<AppState>,
    Names(project): Names<String>,
    sent: Sent,
) -> Result<Json<Committed>, Failure> {
    let sent: ResourceChanges = sent.object()?;
    let wishes = sent.changes.filter(|wishes| !wishes.is_empty());
    let wishes =
        wishes.ok_or_else(|| Failure::bad_request("nothing is to be changed; 'changes' is missing or empty"))?;
    let changes = wishes.into_iter().map(ResourceWish::change).collect::<Result<Vec<_>, _>>()?;
    match state.projects.change_resources(&project, changes).await {
        Ok(commit) => Ok(Json(Committed { commit })),
        Err(error) => Err(failure(&state, project, error).await),
    }
}

impl ResourceBody {
    fn of(path: String, found: Resource) -> Self {
        let (stage, service) = found.level.names();
        Self {
            path,
            stage: stage.map(str::to_owned),
            service: service.map(str::to_owned),
            commit: found.commit,
            content: STANDARD.encode(found.content),
        }
    }
}

impl ResourceWish {
    fn change(self) -> Result<ResourceChange, Failure> {
        let uri = self.path.filter(|path| !path.is_empty()).ok_or_else(no_path)?;
        let content = self.content.map(|content| STANDARD.decode(content)).transpose();
        let content =
            content.map_err(|error| Failure::bad_request(format!("the content of '{uri}' is no base64: {error}")))?;
        Ok(ResourceChange { level: level(self.stage, self.service)?, uri, content })
    }
}

fn no_path() -> Failure {
    Failure::bad_request("'path' is missing; it names the resource, such as slo.yaml")
}

/// The level that a query names.
fn asked(params: &Params) -> Result<Level, Failure> {
    level(params.once("stage")?, params.once("service")?)
}

fn level(stage: Option<String>, service: Option<String>) -> Result<Level, Failure> {
    if let (None, Some(service)) = (&stage, &service) {
        let message = format!("'stage' is missing: resources of the service '{service}' are those of a stage");
        return Err(Failure::bad_request(message));
    }
    Ok(Level::of(stage, service))
}

/// A project that is not there is told with the one that was probably meant.
async fn failure(state: &AppState, project: String, error: ProjectError) -> Failure {
    match error {
        ProjectError::Unknown(_) => {
            state.handle.read(move |reader| unknown::project(reader, &project)).await.unwrap_or_else(Into::into)
        }
        error => error.into(),
    }
}
