//! Page; a project's shipyard says which there are.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::view::{self, StageBody};
use crate::error::Failure;
use crate::paging;
use crate::params::{Names, Params};
use crate::state::AppState;

/// A page of stages.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page {
    next_page_key: String,
    stages: Vec<StageBody>,
    #[serde(skip_serializing_if = "paging::is_zero")]
    total_count: u64,
}

pub(super) async fn list(
    State(state): State<AppState>,
    Names(project): Names<String>,
    params: Params,
) -> Result<Json<Page>, Failure> {
    let slice = paging::list(&params)?;
    let loaded = state.handle.read(move |reader| view::load(reader, &project)).await?;
    let stages = loaded.ok_or_else(|| Failure::not_found("project not found"))?.stages();
    let total = stages.len() as u64;
    Ok(Json(Page {
        next_page_key: paging::list_key(slice, total),
        stages: paging::cut(stages, slice),
        total_count: total,
    }))
}

pub(super) async fn get(
    State(state): State<AppState>,
    Names((project, stage)): Names<(String, String)>,
) -> Result<Json<StageBody>, Failure> {
    let loaded = state.handle.read(move |reader| view::load(reader, &project)).await?;
    let loaded = loaded.ok_or_else(|| Failure::not_found("project not found"))?;
    loaded.stage(&stage).map(Json).ok_or_else(|| Failure::not_found("stage not found"))
}
