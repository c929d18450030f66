//! Resources of projects, stages and services (contract: surfaces.md 1.5; core.md 8).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use capstan_runtime::projects::{Level, ResourceChange};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

use crate::body::Sent;
use crate::error::Failure;
use crate::paging;
use crate::params::{Names, Params};
use crate::state::AppState;

/// What the path names.
#[derive(Deserialize)]
pub(super) struct Place {
    project: String,
    stage: Option<String>,
    service: Option<String>,
    /// Decoded once, as the answer repeats it. Whoever is used to v1's gateway has encoded it twice.
    uri: Option<String>,
}

#[derive(Deserialize)]
struct Wishes {
    resources: Option<Vec<Wish>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wish {
    #[serde(rename = "resourceURI")]
    resource_uri: Option<String>,
    resource_content: Option<String>,
}

/// Where a resource comes from.
#[derive(Serialize, Clone)]
struct Metadata {
    version: String,
}

/// A page of resources, without what is in them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page {
    next_page_key: String,
    resources: Vec<Listed>,
    #[serde(skip_serializing_if = "paging::is_zero")]
    total_count: u64,
}

#[derive(Serialize)]
struct Listed {
    #[serde(rename = "resourceURI")]
    resource_uri: String,
    metadata: Metadata,
}

/// A resource with what is in it, in base64.
#[derive(Serialize)]
pub(super) struct Resource {
    #[serde(rename = "resourceContent")]
    content: String,
    #[serde(rename = "resourceURI")]
    uri: String,
    metadata: Metadata,
}

/// The commit that a change was made with.
#[derive(Serialize)]
pub(super) struct Changed {
    #[serde(rename = "commitID")]
    commit_id: String,
    metadata: Metadata,
}

impl Place {
    fn level(&self) -> Level {
        Level::of(self.stage.clone(), self.service.clone())
    }

    /// The path of the resource: `%252F`, `%2F` and `/` mean the same.
    fn resource(&self) -> String {
        let uri = self.uri.as_deref().unwrap_or_default();
        percent_decode_str(uri).decode_utf8().map_or_else(|_| uri.to_owned(), Into::into)
    }
}

impl Wish {
    fn content(self) -> Result<Vec<u8>, Failure> {
        STANDARD
            .decode(self.resource_content.unwrap_or_default())
            .map_err(|_| Failure::bad_request("resource content is not base64 encoded"))
    }

    /// What is to become of a resource at a level; the path that comes with it is that of the request, or its own.
    fn change(mut self, level: &Level, uri: Option<String>) -> Result<ResourceChange, Failure> {
        let uri = uri.or_else(|| self.resource_uri.take()).unwrap_or_default();
        Ok(ResourceChange { level: level.clone(), uri, content: Some(self.content()?) })
    }
}

impl Changed {
    fn by(commit: String) -> Json<Self> {
        Json(Self { metadata: Metadata { version: commit.clone() }, commit_id: commit })
    }
}

pub(super) async fn list(
    State(state): State<AppState>,
    Names(place): Names<Place>,
    params: Params,
) -> Result<Json<Page>, Failure> {
    let slice = paging::list(&params)?;
    let found = state.projects.resources(&place.project, &place.level()).await?;
    let total = found.uris.len() as u64;
    let metadata = Metadata { version: found.commit };
    let listed = |uri| Listed { resource_uri: format!("/{uri}"), metadata: metadata.clone() };
    Ok(Json(Page {
        next_page_key: paging::list_key(slice, total),
        resources: paging::cut(found.uris, slice).into_iter().map(listed).collect(),
        total_count: total,
    }))
}

pub(super) async fn get(
    State(state): State<AppState>,
    Names(place): Names<Place>,
    params: Params,
) -> Result<Json<Resource>, Failure> {
    // Some clients of v1 send two quotation marks for none.
    let at = params.text("gitCommitID").filter(|id| id != "\"\"");
    let file = state.projects.resource(&place.project, &place.level(), &place.resource(), at, false).await?;
    Ok(Json(Resource {
        content: STANDARD.encode(file.content),
        uri: place.uri.unwrap_or_default(),
        metadata: Metadata { version: file.commit },
    }))
}

pub(super) async fn create(
    state: State<AppState>,
    place: Names<Place>,
    sent: Sent,
) -> Result<(StatusCode, Json<Changed>), Failure> {
    Ok((StatusCode::CREATED, update_list(state, place, sent).await?))
}

pub(super) async fn update_list(
    State(state): State<AppState>,
    Names(place): Names<Place>,
    sent: Sent,
) -> Result<Json<Changed>, Failure> {
    let wishes: Wishes = sent.object()?;
    let (wishes, level) = (wishes.resources.unwrap_or_default().into_iter(), place.level());
    let changes = wishes.map(|wish| wish.change(&level, None)).collect::<Result<Vec<_>, _>>()?;
    Ok(Changed::by(state.projects.change_resources(&place.project, changes).await?))
}

pub(super) async fn update(
    State(state): State<AppState>,
    Names(place): Names<Place>,
    sent: Sent,
) -> Result<Json<Changed>, Failure> {
    let wish: Wish = sent.object()?;
    let change = wish.change(&place.level(), Some(place.resource()))?;
    Ok(Changed::by(state.projects.change_resources(&place.project, vec![change]).await?))
}

pub(super) async fn delete(
    State(state): State<AppState>,
    Names(place): Names<Place>,
) -> Result<Json<Changed>, Failure> {
    let change = ResourceChange { level: place.level(), uri: place.resource(), content: None };
    Ok(Changed::by(state.projects.change_resources(&place.project, vec![change]).await?))
}
