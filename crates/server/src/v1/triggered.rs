//! Open tasks, for tools that ask for them (contract: core.md 5.3).

use axum::Json;
use axum::extract::State;
use capstan_model::event::event_type::EventType;
use capstan_runtime::ports::OfferFilter;
use serde::Serialize;

use super::rendered::Rendered;
use crate::error::Failure;
use crate::paging;
use crate::params::{Names, Params};
use crate::state::AppState;

/// A page of open tasks.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Triggered {
    events: Vec<Rendered>,
    next_page_key: String,
    #[serde(skip_serializing_if = "is_zero")]
    total_count: u64,
}

pub(super) async fn list(
    State(state): State<AppState>,
    Names(kind): Names<String>,
    params: Params,
) -> Result<Json<Triggered>, Failure> {
    let slice = paging::list(&params)?;
    let polled = kind.clone();
    let filter = OfferFilter {
        kind: Some(kind),
        project: params.text("project"),
        stage: params.text("stage"),
        service: params.text("service"),
        id: params.text("eventID"),
    };
    let page = state.handle.read(move |reader| {
        if let Some(name) = &filter.project
            && reader.project(name)?.is_none_or(|project| project.configuration.is_none())
        {
            return Ok(None);
        }
        reader.offers(&filter, slice).map(Some)
    });
    let page = page.await?.ok_or_else(|| Failure::not_found("project not found"))?;
    // Whoever asks for a task handles it, also where none is open yet.
    if let EventType::Task { task, phase: "triggered" } = EventType::parse(&polled) {
        state.handle.polled_tasks().note(task);
    }
    Ok(Json(Triggered {
        next_page_key: paging::list_key(slice, page.total),
        total_count: page.total,
        events: page.items.into_iter().map(|event| Rendered::open(event, state.traced)).collect(),
    }))
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
pub(super) fn is_zero(count: &u64) -> bool {
    *count == 0
}
