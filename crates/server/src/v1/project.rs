//! Projects (contract: surfaces.md 1.4; core.md 2.2).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use capstan_runtime::projects::{ProjectError, Projects};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::shipyard;
use super::view::{self, ProjectBody};
use crate::body::Sent;
use crate::error::Failure;
use crate::paging;
use crate::params::{Names, Params};
use crate::state::AppState;

/// A page of projects.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProjectsBody {
    next_page_key: String,
    projects: Vec<ProjectBody>,
    #[serde(skip_serializing_if = "paging::is_zero")]
    total_count: u64,
}

/// What a client is told in so many words.
#[derive(Serialize)]
pub(super) struct Message {
    pub(super) message: String,
}

/// A project as it is to be. As in v1 a key that is none of these is refused.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wish {
    name: Option<String>,
    shipyard: Option<String>,
    git_credentials: Option<Value>,
}

pub(super) async fn list(State(state): State<AppState>, params: Params) -> Result<Json<ProjectsBody>, Failure> {
    let slice = paging::list(&params)?;
    let (projects, total) = state
        .handle
        .read(move |reader| {
            let page = reader.projects(slice)?;
            let mut projects = Vec::new();
            for project in page.items {
                projects.extend(view::load_all(reader, project)?.map(|loaded| loaded.body()));
            }
            Ok((projects, page.total))
        })
        .await?;
    Ok(Json(ProjectsBody { next_page_key: paging::list_key(slice, total), projects, total_count: total }))
}

pub(super) async fn get(
    State(state): State<AppState>,
    Names(name): Names<String>,
) -> Result<Json<ProjectBody>, Failure> {
    let unknown = format!("Project not found: {name}");
    let loaded = state.handle.read(move |reader| view::load(reader, &name)).await?;
    loaded.map(|loaded| Json(loaded.body())).ok_or_else(|| Failure::not_found(unknown))
}

pub(super) async fn create(State(state): State<AppState>, sent: Sent) -> Result<StatusCode, Failure> {
    let wish: Wish = sent.object()?;
    let name = wish.name.unwrap_or_default();
    Projects::check_name(&name)?;
    let sent = wish.shipyard.filter(|shipyard| !shipyard.is_empty()).ok_or_else(|| {
        Failure::bad_request("Could not validate payload: 'shipyard' is missing; it holds a shipyard in base64")
    })?;
    let text = shipyard::decode(&sent)?;
    check(&text)?;
    no_upstream(wish.git_credentials.as_ref())?;
    state.projects.create(&name, &text).await.map_err(|error| refused(error, &text))?;
    Ok(StatusCode::CREATED)
}

/// Without a shipyard there is nothing to change, as in v1 without new credentials.
pub(super) async fn update(State(state): State<AppState>, sent: Sent) -> Result<StatusCode, Failure> {
    let wish: Wish = sent.object()?;
    let name = wish.name.unwrap_or_default();
    Projects::check_name(&name)?;
    let text = wish.shipyard.filter(|shipyard| !shipyard.is_empty()).map(|sent| shipyard::decode(&sent)).transpose()?;
    if let Some(text) = &text {
        check(text)?;
    }
    no_upstream(wish.git_credentials.as_ref())?;
    let Some(text) = text else {
        let asked = name.clone();
        let project = state.handle.read(move |reader| reader.project(&asked)).await?;
        let is_there = project.is_some_and(|project| project.configuration.is_some());
        return if is_there { Ok(StatusCode::CREATED) } else { Err(ProjectError::Unknown(name).into()) };
    };
    state.projects.update(&name, &text).await.map_err(|error| refused(error, &text))?;
    Ok(StatusCode::CREATED)
}

pub(super) async fn delete(
    State(state): State<AppState>,
    Names(name): Names<String>,
) -> Result<Json<Message>, Failure> {
    let message = if state.projects.delete(&name).await? {
        format!("Project {name} is deleted with its configuration and its runs; it has no Git upstream.")
    } else {
        format!("There is no project {name}, so there was nothing to delete.")
    };
    Ok(Json(Message { message }))
}

fn check(text: &str) -> Result<(), Failure> {
    match capstan_model::shipyard::read(text) {
        Ok(_) => Ok(()),
        Err(rejections) => Err(shipyard::refused(text, &rejections)),
    }
}

fn refused(error: ProjectError, text: &str) -> Failure {
    match error {
        ProjectError::Shipyard(rejections) => shipyard::refused(text, &rejections),
        error => error.into(),
    }
}

fn no_upstream(credentials: Option<&Value>) -> Result<(), Failure> {
    const WHY: &str =
        "Git upstreams are not supported yet; leave 'gitCredentials' out, the server keeps the configuration itself";
    if credentials.is_some() { Err(Failure::unprocessable(422, WHY)) } else { Ok(()) }
}
