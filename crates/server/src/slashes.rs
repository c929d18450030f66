//! Paths as v1's gateway hands them on: the command line of v1 sends `/v1/project/p//resource`.

use axum::http::Uri;
use axum::http::uri::PathAndQuery;

/// Merges slashes that stand side by side in the path.
pub(crate) fn merge(uri: &mut Uri) {
    if let Some(merged) = merged(uri) {
        *uri = merged;
    }
}

/// None if there is nothing to merge.
fn merged(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    if !path.contains("//") {
        return None;
    }
    let mut text = String::with_capacity(path.len());
    for c in path.chars() {
        if c != '/' || !text.ends_with('/') {
            text.push(c);
        }
    }
    if let Some(query) = uri.query() {
        text.push('?');
        text.push_str(query);
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(text.parse::<PathAndQuery>().ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_are_merged_in_the_path_alone() {
        let merged = |text: &str| merged(&text.parse().unwrap()).map(|uri| uri.to_string());
        assert_eq!(merged("/api//v1///auth?a=//b").as_deref(), Some("/api/v1/auth?a=//b"));
        assert_eq!(merged("http://host//x").as_deref(), Some("http://host/x"));
        assert_eq!(merged("/api/v1/auth?a=//b"), None);
    }
}
