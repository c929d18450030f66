//! Projects: list them, make one, show one, delete one.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use capstan_model::{shipyard, timeframe};
use capstan_runtime::ports::{Project, Service, Slice, StoreError, StoreReader};
use capstan_runtime::projects::{ProjectError, Projects};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::part;
use super::problem::{Problem, refused};
use super::retention::{RetentionBody, RetentionWish};
use super::unknown;
use crate::body::{Nothing, Sent};
use crate::error::Failure;
use crate::params::{Names, Params};
use crate::state::AppState;

/// A part of the list of projects, by name.
#[derive(Serialize, ToSchema)]
pub(super) struct ProjectPage {
    /// Those of this part.
    projects: Vec<ProjectEntry>,
    /// How many there are in all.
    total: u64,
    /// The `offset` of the next part; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<u64>,
}

/// A project in short.
#[derive(Serialize, ToSchema)]
struct ProjectEntry {
    /// Its name.
    name: String,
    /// When it was made.
    #[schema(format = DateTime)]
    created: String,
    /// The newest commit of its configuration.
    commit: String,
}

/// A project.
#[derive(Serialize, ToSchema)]
#[schema(as = Project)]
pub(super) struct ProjectBody {
    /// Its name.
    name: String,
    /// When it was made.
    #[schema(format = DateTime)]
    created: String,
    /// The newest commit of its configuration.
    commit: String,
    /// The text of its shipyard.
    shipyard: String,
    /// Its stages, in the order of the shipyard.
    stages: Vec<ProjectStage>,
    /// Its services, by name; each is in every stage.
    services: Vec<ServiceEntry>,
    /// How long its runs are kept.
    retention: RetentionBody,
}

/// A stage of a project.
#[derive(Serialize, ToSchema)]
struct ProjectStage {
    /// Its name.
    name: String,
    /// What can run there.
    sequences: Vec<ProjectSequence>,
}

/// A sequence of a stage.
#[derive(Serialize, ToSchema)]
struct ProjectSequence {
    /// Its name.
    name: String,
    /// The names of its tasks, in order.
    tasks: Vec<String>,
}

/// A service of a project.
#[derive(Serialize, ToSchema)]
struct ServiceEntry {
    /// Its name.
    name: String,
    /// When it was made.
    #[schema(format = DateTime)]
    created: String,
}

/// A project as it is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewProject {
    /// Lower-case letters, digits and hyphens, a letter first, no hyphen last.
    #[schema(required = true, nullable = false, max_length = 200, pattern = "^[a-z]([a-z0-9-]*[a-z0-9])?$")]
    name: Option<String>,
    /// The text of its `shipyard.yaml`.
    #[schema(required = true, nullable = false)]
    shipyard: Option<String>,
}

/// What is to be changed of a project.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProjectChange {
    /// How long its runs are to be kept.
    // As a value: as a type of its own it could also be read from a list, and what it is instead would not be told.
    #[schema(required = true, nullable = false, value_type = RetentionWish)]
    retention: Option<Value>,
}

/// List the projects, by name.
#[utoipa::path(
    get,
    path = "/api/capstan/v1/projects",
    operation_id = "list_projects",
    tag = "projects",
    params(
        ("limit" = Option<u64>, Query, minimum = 1, maximum = 500, description = "How many at most, 1 to 500; 50 where it is left out."),
        ("offset" = Option<u64>, Query, description = "How many to leave out."),
    ),
    responses(
        (status = 200, description = "A part of the list.", body = ProjectPage),
        (status = 400, description = "A parameter cannot be read.", body = Problem),
        (status = 401, description = "The token is missing or wrong.", body = Problem),
    )
)]
pub(super) async fn list(State(state): State<AppState>, params: Params) -> Result<Json<ProjectPage>, Failure> {
    let slice = part::slice(&params)?;
    let page = state.handle.read(move |reader| reader.projects(slice)).await?;
    let projects = page.items.into_iter().map(|project| ProjectEntry {
        created: timeframe::display(project.created),
        commit: commit(&project),
        name: project.name,
    });
    Ok(Json(ProjectPage {
        projects: projects.collect(),
        total: page.total,
        next_offset: part::next_offset(slice, page.total),
    }))
}

/// Make a project.
#[utoipa::path(
    post,
    path = "/api/capstan/v1/projects",
    operation_id = "create_project",
    tag = "projects",
    request_body = NewProject,
    responses(
        (status = 201, description = "It is there.", body = ProjectBody),
        (status = 400, description = "The name or the shipyard is refused; `diagnostics` says all that is wrong with the shipyard.", body = Problem),
        (status = 401, description = "The token is missing or wrong.", body = Problem),
        (status = 409, description = "There is such a project.", body = Problem),
        (status = 413, description = "The body is too large.", body = Problem),
        (status = 503, description = "The server is busy or stopping; try again.", body = Problem),
    )
)]
pub(super) async fn create(
    State(state): State<AppState>,
    sent: Sent,
) -> Result<(StatusCode, Json<ProjectBody>), Failure> {
    let wish: NewProject = sent.object()?;
    let name = wish.name.unwrap_or_default();
    Projects::check_name(&name)?;
    let missing = || Failure::bad_request("'shipyard' is missing; it holds the text of a shipyard.yaml");
    let shipyard = wish.shipyard.ok_or_else(missing)?;
    state.projects.create(&name, &shipyard).await.map_err(|error| match error {
        ProjectError::Shipyard(rejections) => refused(&shipyard, &rejections),
        error => error.into(),
    })?;
    Ok((StatusCode::CREATED, Json(load(&state, name).await?)))
}

/// Show a project.
#[utoipa::path(
    get,
    path = "/api/capstan/v1/projects/{project}",
    operation_id = "get_project",
    tag = "projects",
    params(("project" = String, Path, description = "Its name.")),
    responses(
        (status = 200, description = "The project.", body = ProjectBody),
        (status = 401, description = "The token is missing or wrong.", body = Problem),
        (status = 404, description = "There is no such project.", body = Problem),
    )
)]
pub(super) async fn get(
    State(state): State<AppState>,
    Names(name): Names<String>,
) -> Result<Json<ProjectBody>, Failure> {
    load(&state, name).await.map(Json)
}

/// Change a project.
///
/// Runs that are past their time by what is said now are removed soon after, and for good.
#[utoipa::path(
    patch,
    path = "/api/capstan/v1/projects/{project}",
    operation_id = "change_project",
    tag = "projects",
    params(("project" = String, Path, description = "Its name.")),
    request_body = ProjectChange,
    responses(
        (status = 200, description = "The project as it is now.", body = ProjectBody),
        (status = 400, description = "The body cannot be read.", body = Problem),
        (status = 401, description = "The token is missing or wrong.", body = Problem),
        (status = 404, description = "There is no such project.", body = Problem),
        (status = 413, description = "The body is too large.", body = Problem),
        (status = 503, description = "The server is busy or stopping; try again.", body = Problem),
    )
)]
pub(super) async fn change(
    State(state): State<AppState>,
    Names(name): Names<String>,
    sent: Sent,
) -> Result<Json<ProjectBody>, Failure> {
    let wish: ProjectChange = sent.object()?;
    let retention =
        wish.retention.ok_or_else(|| Failure::bad_request("nothing is to be changed; 'retention' is missing"))?;
    match state.projects.retain(&name, RetentionWish::of(retention)?.read()?).await {
        // With the one that was probably meant.
        Ok(()) | Err(ProjectError::Unknown(_)) => load(&state, name).await.map(Json),
        Err(error) => Err(error.into()),
    }
}

/// Delete a project.
///
/// With its configuration and all its runs.
#[utoipa::path(
    delete,
    path = "/api/capstan/v1/projects/{project}",
    operation_id = "delete_project",
    tag = "projects",
    params(("project" = String, Path, description = "Its name.")),
    responses(
        (status = 200, description = "It is gone.", body = Nothing),
        (status = 401, description = "The token is missing or wrong.", body = Problem),
        (status = 404, description = "There is no such project.", body = Problem),
        (status = 503, description = "The server is busy or stopping; try again.", body = Problem),
    )
)]
pub(super) async fn delete(
    State(state): State<AppState>,
    Names(name): Names<String>,
) -> Result<Json<Nothing>, Failure> {
    if state.projects.delete(&name).await? {
        return Ok(Json(Nothing {}));
    }
    Err(state.handle.read(move |reader| unknown::project(reader, &name)).await?)
}

/// The project of that name and its shipyard; a name under which events came without there being a project is none.
pub(super) fn find(reader: &dyn StoreReader, name: &str) -> Result<Result<(Project, String), Failure>, StoreError> {
    let Some(project) = reader.project(name)? else { return unknown::project(reader, name).map(Err) };
    let Some(configuration) = &project.configuration else { return unknown::project(reader, name).map(Err) };
    let text = reader.shipyard(&configuration.shipyard)?.unwrap_or_default();
    Ok(Ok((project, text)))
}

/// The stages of a shipyard; none where it cannot be read, which is no shipyard of a project.
pub(super) fn stages(text: &str) -> Vec<shipyard::Stage> {
    shipyard::read(text).map(|read| read.shipyard.stages).unwrap_or_default()
}

async fn load(state: &AppState, name: String) -> Result<ProjectBody, Failure> {
    let loaded = state.handle.read(move |reader| {
        Ok(match find(reader, &name)? {
            Ok((project, text)) => Ok((reader.services(project.id, Slice::ALL)?.items, project, text)),
            Err(failure) => Err(failure),
        })
    });
    let (services, project, text) = loaded.await??;
    Ok(ProjectBody {
        created: timeframe::display(project.created),
        commit: commit(&project),
        name: project.name,
        stages: stages(&text).into_iter().map(ProjectStage::of).collect(),
        shipyard: text,
        retention: RetentionBody::of(project.retention, state.handle.setting().retention),
        services: services.into_iter().map(ServiceEntry::of).collect(),
    })
}

fn commit(project: &Project) -> String {
    project.configuration.as_ref().map(|configuration| configuration.commit.clone()).unwrap_or_default()
}

impl ProjectStage {
    fn of(stage: shipyard::Stage) -> Self {
        let sequences = stage.sequences.iter().map(|sequence| ProjectSequence {
            name: sequence.name.clone(),
            tasks: sequence.tasks.iter().map(|task| task.name.clone()).collect(),
        });
        Self { name: stage.name, sequences: sequences.collect() }
    }
}

impl ServiceEntry {
    fn of(service: Service) -> Self {
        Self { name: service.name, created: timeframe::display(service.created) }
    }
}
