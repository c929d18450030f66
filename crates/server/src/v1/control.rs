//! Pause, resume and abort (contract: core.md 3.6).

use axum::Json;
use axum::extract::State;
use capstan_engine::orchestrate::Control;
use capstan_runtime::command::Command;
use serde::Deserialize;

use crate::body::{Nothing, Sent};
use crate::error::Failure;
use crate::params::Names;
use crate::state::AppState;

#[derive(Deserialize)]
struct Wish {
    state: Option<String>,
    stage: Option<String>,
}

/// As in v1 a word that nobody knows and a run that nobody knows change nothing, which is no failure.
pub(super) async fn post(
    State(state): State<AppState>,
    Names((project, context)): Names<(String, String)>,
    sent: Sent,
) -> Result<Json<Nothing>, Failure> {
    let wish: Wish = sent.object()?;
    let word = wish.state.filter(|word| !word.is_empty()).ok_or_else(|| {
        Failure::bad_request("Invalid request format: 'state' is missing; it is 'pause', 'resume' or 'abort'")
    })?;
    if let Some(control) = Control::parse(&word) {
        let stage = wish.stage.filter(|stage| !stage.is_empty());
        state.handle.submit(Command::Control { project, context, stage, control }).await?;
    }
    Ok(Json(Nothing {}))
}
