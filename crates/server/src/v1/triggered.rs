//! Open tasks, for tools that ask for them (contract: core.md 5.3).

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use capstan_model::event::event_type::EventType;
use capstan_runtime::ports::{OfferFilter, Slice};

use super::rendered;
use crate::error::Failure;
use crate::paging;
use crate::params::{Names, Params};
use crate::state::AppState;

pub(super) async fn list(
    State(state): State<AppState>,
    Names(kind): Names<String>,
    params: Params,
) -> Result<impl IntoResponse, Failure> {
    let slice = paging::list(&params)?;
    let polled = kind.clone();
    let filter = OfferFilter {
        kind: Some(kind),
        project: params.text("project"),
        stage: params.text("stage"),
        service: params.text("service"),
        id: params.text("eventID"),
        after: None,
    };
    let traced = state.traced;
    let body = state.handle.read(move |reader| {
        if let Some(name) = &filter.project
            && reader.project(name)?.is_none_or(|project| project.configuration.is_none())
        {
            return Ok(None);
        }
        let page = reader.offers(&filter, slice)?;
        let events = page.items.into_iter().map(|task| rendered::open(task.event, traced));
        Ok(Some(body(&events.collect::<Result<Vec<_>, _>>()?, slice, page.total)))
    });
    let body = body.await?.ok_or_else(|| Failure::not_found("project not found"))?;
    // Whoever asks for a task handles it, also where none is open yet.
    if let EventType::Task { task, phase: "triggered" } = EventType::parse(&polled) {
        state.handle.polled_tasks().note(task);
    }
    Ok(([(CONTENT_TYPE, "application/json")], body))
}

/// A page of open tasks around the texts of their events: tools ask all the time, so none of them is read and written again.
fn body(events: &[String], slice: Slice, total: u64) -> String {
    let mut body = String::with_capacity(events.iter().map(|event| event.len() + 1).sum::<usize>() + 80);
    body.push_str("{\"events\":[");
    for (n, event) in events.iter().enumerate() {
        if n > 0 {
            body.push(',');
        }
        body.push_str(event);
    }
    body.push_str(&format!("],\"nextPageKey\":\"{}\"", paging::list_key(slice, total)));
    if total > 0 {
        body.push_str(&format!(",\"totalCount\":{total}"));
    }
    body.push('}');
    body
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_is_what_serde_would_write() {
        let event = json!({ "data": { "z": "\"", "a": [1.0, null] }, "id": "1" });
        for (count, limit, total) in [(0, 20, 0), (0, 0, 3), (1, 20, 1), (3, 3, 3), (2, 2, u64::MAX)] {
            let slice = Slice { offset: 0, limit };
            let mut expected = json!({ "events": vec![&event; count], "nextPageKey": paging::list_key(slice, total) });
            if total > 0 {
                expected["totalCount"] = total.into();
            }
            assert_eq!(body(&vec![event.to_string(); count], slice, total), expected.to_string());
        }
    }
}
