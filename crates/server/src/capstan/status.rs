//! What runs where: each service in each stage of a project.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use capstan_model::timeframe;
use capstan_runtime::ports::{ServiceView, Slice, StoreError, StoreReader};
use capstan_runtime::views::service_views;
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::Problem;
use super::projects;
use crate::error::Failure;
use crate::params::Names;
use crate::state::AppState;

/// Where a project stands.
#[derive(Serialize, ToSchema)]
pub(super) struct Status {
    /// Its services, by name.
    services: Vec<ServiceStatus>,
}

/// Where a service stands.
#[derive(Serialize, ToSchema)]
struct ServiceStatus {
    /// Its name.
    name: String,
    /// All stages, in the order of the shipyard.
    stages: Vec<StageStatus>,
}

/// Where a service stands in a stage. What has not happened there yet is absent.
#[derive(Serialize, ToSchema)]
struct StageStatus {
    /// The stage.
    stage: String,
    /// The image that the last successful deployment brought.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "ghcr.io/x/cart:1.2")]
    version: Option<String>,
    /// How the sequence ended that ended last: `pass`, `warning`, `fail`, `aborted` or `timedOut`.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<String>,
    /// The score of the last evaluation, 0 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    score: Option<serde_json::Number>,
    /// The run of the sequence that ended last.
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<String>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    at: Option<String>,
}

/// Show where a project stands.
///
/// Which version of each service is in which stage, how the last sequence ended there, and how it was judged.
#[utoipa::path(
    get,
    path = "/api/capstan/v1/projects/{project}/status",
    operation_id = "get_status",
    tag = "projects",
    params(("project" = String, Path, description = "Name of the project.")),
    responses(
        (status = 200, description = "All its services.", body = Status),
        (status = 401, description = "The token is missing or wrong.", body = Problem),
        (status = 404, description = "There is no such project.", body = Problem),
    )
)]
pub(super) async fn get(State(state): State<AppState>, Names(name): Names<String>) -> Result<Json<Status>, Failure> {
    state.handle.read(move |reader| status(reader, &name)).await?.map(Json)
}

fn status(reader: &dyn StoreReader, name: &str) -> Result<Result<Status, Failure>, StoreError> {
    let (project, text) = match projects::find(reader, name)? {
        Ok(found) => found,
        Err(failure) => return Ok(Err(failure)),
    };
    let stages = projects::stages(&text);
    let mut views = service_views(reader, &project)?;
    let mut names: BTreeSet<String> = views.keys().map(|(_, service)| service.clone()).collect();
    names.extend(reader.services(project.id, Slice::ALL)?.items.into_iter().map(|service| service.name));
    let services = names.into_iter().map(|name| {
        let of_stage = |stage: &String| {
            let view = views.remove(&(stage.clone(), name.clone())).unwrap_or_default();
            StageStatus::of(stage, view)
        };
        let stages = stages.iter().map(|stage| &stage.name).map(of_stage).collect();
        ServiceStatus { name, stages }
    });
    Ok(Ok(Status { services: services.collect() }))
}

impl StageStatus {
    fn of(stage: &str, view: ServiceView) -> Self {
        let (context, at) = view.last_end.as_ref().map(|end| (end.context.clone(), timeframe::display(end.at))).unzip();
        Self {
            stage: stage.to_owned(),
            version: view.deployed_image,
            result: view.last_end.map(|end| end.result).filter(|result| !result.is_empty()),
            score: view.last_score,
            context,
            at,
        }
    }
}
