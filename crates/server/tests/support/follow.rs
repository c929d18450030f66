//! A client of the stream.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::Request;
use futures_util::StreamExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

use super::{Answer, TOKEN, TestServer};

/// How long an event may take to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A stream that was begun.
pub(crate) struct Following<'a> {
    server: &'a TestServer,
    body: BodyDataStream,
    text: String,
}

/// An event of it.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) id: u64,
    pub(crate) data: Value,
}

impl TestServer {
    /// Begins to follow.
    pub(crate) fn follow(&self, query: &str, last: Option<&str>) -> Following<'_> {
        self.try_follow(query, last).unwrap_or_else(|answer| panic!("{answer:?}"))
    }

    /// Begins to follow, or the refusal.
    pub(crate) fn try_follow(&self, query: &str, last: Option<&str>) -> Result<Following<'_>, Box<Answer>> {
        let mut request = Request::builder().uri(format!("/api/capstan/v1/stream{query}")).header("x-token", TOKEN);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let request = request.body(Body::empty()).unwrap();
        self.runtime.block_on(async {
            let response = self.front.clone().oneshot(request).await.unwrap();
            if response.status() != 200 {
                return Err(Box::new(Answer::of(response).await));
            }
            assert_eq!(response.headers()["content-type"], "text/event-stream");
            let body = response.into_body().into_data_stream();
            let mut following = Following { server: self, body, text: String::new() };
            assert_eq!(following.block().await.as_deref(), Some(": hello"));
            Ok(following)
        })
    }
}

impl Following<'_> {
    /// The next event; none at the end of the stream.
    pub(crate) fn next(&mut self) -> Option<Seen> {
        let block = self.server.runtime.handle().clone().block_on(self.block())?;
        let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        assert_eq!(field("event"), Some("fact"), "{block}");
        let id = field("id").unwrap().parse().unwrap();
        let data: Value = serde_json::from_str(field("data").unwrap()).unwrap();
        assert_eq!(data["position"], id);
        Some(Seen { id, data })
    }

    /// So many events.
    pub(crate) fn take(&mut self, count: usize) -> Vec<Seen> {
        (0..count).map(|_| self.next().unwrap()).collect()
    }

    /// What stands before the next empty line.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(block);
            }
            let more = tokio::time::timeout(PATIENCE, self.body.next()).await.unwrap()?;
            self.text.push_str(std::str::from_utf8(&more.unwrap()).unwrap());
        }
    }
}
