//! Page; each is in every stage of its project.

use axum::Json;
use axum::extract::State;
use capstan_runtime::projects::ProjectError;
use serde::{Deserialize, Serialize};

use super::project::Message;
use super::view::{self, ServiceBody};
use crate::body::Sent;
use crate::error::Failure;
use crate::paging;
use crate::params::{Names, Params};
use crate::state::AppState;

/// A page of services.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page {
    next_page_key: String,
    services: Vec<ServiceBody>,
    #[serde(skip_serializing_if = "paging::is_zero")]
    total_count: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wish {
    service_name: Option<String>,
}

pub(super) async fn list(
    State(state): State<AppState>,
    Names((project, stage)): Names<(String, String)>,
    params: Params,
) -> Result<Json<Page>, Failure> {
    let slice = paging::list(&params)?;
    let services = services(&state, project, &stage).await?;
    let total = services.len() as u64;
    Ok(Json(Page {
        next_page_key: paging::list_key(slice, total),
        services: paging::cut(services, slice),
        total_count: total,
    }))
}

pub(super) async fn get(
    State(state): State<AppState>,
    Names((project, stage, service)): Names<(String, String, String)>,
) -> Result<Json<ServiceBody>, Failure> {
    let services = services(&state, project, &stage).await?;
    let found = services.into_iter().find(|body| body.is(&service));
    found.map(Json).ok_or_else(|| Failure::not_found("service not found"))
}

pub(super) async fn create(
    State(state): State<AppState>,
    Names(project): Names<String>,
    sent: Sent,
) -> Result<Json<Message>, Failure> {
    let wish: Wish = sent.object()?;
    state.projects.create_service(&project, &wish.service_name.unwrap_or_default()).await?;
    Ok(Json(Message { message: String::new() }))
}

/// As in v1 a service that is not there is no failure.
pub(super) async fn delete(
    State(state): State<AppState>,
    Names((project, service)): Names<(String, String)>,
) -> Result<Json<Message>, Failure> {
    if !state.projects.delete_service(&project, &service).await? {
        let name = project.clone();
        let there = state.handle.read(move |reader| reader.project(&name)).await?;
        if there.is_none_or(|there| there.configuration.is_none()) {
            return Err(ProjectError::Unknown(project).into());
        }
    }
    Ok(Json(Message { message: String::new() }))
}

async fn services(state: &AppState, project: String, stage: &str) -> Result<Vec<ServiceBody>, Failure> {
    let loaded = state.handle.read(move |reader| view::load(reader, &project)).await?;
    let loaded = loaded.ok_or_else(|| Failure::not_found("project not found"))?;
    loaded.services(stage).ok_or_else(|| Failure::not_found("stage not found"))
}
