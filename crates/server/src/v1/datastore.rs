//! The store of events (contract: surfaces.md 1.6).

use axum::Json;
use axum::extract::State;
use capstan_runtime::ports::{EventFilter, PathFilter, Slice};
use serde::Serialize;

use super::rendered::Rendered;
use crate::error::Failure;
use crate::paging;
use crate::params::{Names, Params};
use crate::state::AppState;

/// A page of events.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Found {
    events: Vec<Rendered>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_key: Option<String>,
    page_size: u64,
    #[serde(skip_serializing_if = "paging::is_zero")]
    total_count: u64,
}

/// The newest events of a type.
#[derive(Serialize)]
pub(super) struct EventsByType {
    events: Vec<Rendered>,
}

pub(super) async fn events(State(state): State<AppState>, params: Params) -> Result<Json<Found>, Failure> {
    let slice = paging::events(&params)?;
    let filter = EventFilter {
        project: params.text("project"),
        context: params.text("keptnContext"),
        kind: params.text("type"),
        source: params.text("source"),
        stage: params.text("stage"),
        service: params.text("service"),
        id: params.text("eventID"),
        after: params.time("fromTime")?,
        before: params.time("beforeTime")?,
        roots: params.text("root").is_some(),
        paths: Vec::new(),
        exclude_invalidated: false,
    };
    let page = state.handle.read(move |reader| reader.events(&filter, slice)).await?;
    Ok(Json(Found {
        next_page_key: paging::events_key(slice, page.total),
        page_size: slice.limit,
        total_count: page.total,
        events: page.items.into_iter().map(|stored| Rendered::stored(stored.event, state.traced)).collect(),
    }))
}

pub(super) async fn by_type(
    State(state): State<AppState>,
    Names(kind): Names<String>,
    params: Params,
) -> Result<Json<EventsByType>, Failure> {
    let text = params.text("filter").ok_or_else(|| Failure::unprocessable(602, "filter in query is required"))?;
    let limit = paging::bounded(&params, "limit")?;
    let mut filter = EventFilter {
        kind: Some(kind),
        after: params.time("fromTime")?,
        exclude_invalidated: params.raw("excludeInvalidated").is_some_and(is_true),
        ..EventFilter::default()
    };
    narrow(&mut filter, &text).map_err(Failure::bad_request)?;
    let slice = Slice { offset: 0, limit };
    let page = state.handle.read(move |reader| reader.events(&filter, slice)).await?;
    Ok(Json(EventsByType {
        events: page.items.into_iter().map(|stored| Rendered::stored(stored.event, state.traced)).collect(),
    }))
}

/// What v1's generated services take for true; everything else is false.
fn is_true(text: &str) -> bool {
    const WORDS: [&str; 10] = ["true", "1", "yes", "ok", "y", "on", "selected", "checked", "t", "enabled"];
    WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Reads `key:value AND key:value,value`, where a key is a path in the event.
fn narrow(filter: &mut EventFilter, text: &str) -> Result<(), String> {
    for condition in text.split(" AND ") {
        let Some((key, value)) = condition.trim().split_once(':') else {
            return Err(format!("'{condition}' is no filter; write 'data.project:name', and ' AND ' between several"));
        };
        let path: Vec<String> = key.trim().split('.').map(str::to_owned).collect();
        if !path.iter().all(|part| is_word(part)) {
            return Err(format!("'{key}' is no place in an event; write names with dots between them"));
        }
        let values: Vec<String> = value.trim().split(',').map(|value| value.trim().to_owned()).collect();
        match (key.trim(), &values[..]) {
            ("data.project", [one]) => filter.project = Some(one.clone()),
            ("data.stage", [one]) => filter.stage = Some(one.clone()),
            ("data.service", [one]) => filter.service = Some(one.clone()),
            ("shkeptncontext", [one]) => filter.context = Some(one.clone()),
            ("source", [one]) => filter.source = Some(one.clone()),
            ("id", [one]) => filter.id = Some(one.clone()),
            _ => filter.paths.push(PathFilter { path, values }),
        }
    }
    let names = |path: &[&str]| filter.paths.iter().any(|filter| filter.path == path);
    let is_project = filter.project.is_some() || names(&["data", "project"]);
    if is_project || filter.context.is_some() || names(&["shkeptncontext"]) {
        Ok(())
    } else {
        Err("the filter is to name 'data.project' or 'shkeptncontext'".to_owned())
    }
}

fn is_word(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<EventFilter, String> {
        let mut filter = EventFilter::default();
        narrow(&mut filter, text).map(|()| filter)
    }

    #[test]
    fn a_filter_is_read_as_in_v1() {
        let filter = read("data.project:p AND data.stage:dev,prod AND source: a:b").unwrap();
        assert_eq!(filter.project.as_deref(), Some("p"));
        assert_eq!(filter.source.as_deref(), Some("a:b"));
        let path = vec!["data".to_owned(), "stage".to_owned()];
        assert_eq!(filter.paths, [PathFilter { path, values: vec!["dev".to_owned(), "prod".to_owned()] }]);
        assert!(read("shkeptncontext:c").is_ok() && read("data.project:a,b").is_ok());
    }

    #[test]
    fn a_filter_without_project_and_run_or_with_no_path_is_refused() {
        for bad in
            ["data.stage:dev", "data.project", "data.project:p AND x", "data..project:p", "a'b:c AND data.project:p"]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
