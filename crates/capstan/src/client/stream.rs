//! What happens on a server, as it happens.

use std::time::Duration;

use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt as _, StreamExt as _};
use sse_stream::{Sse, SseByteStream};

use super::connection::Connection;
use super::error::{ClientError, Problem};

/// How long a stream may be silent; the server says every 15 seconds that it is there.
const SILENCE: Duration = Duration::from_secs(45);

/// The facts of a run, as they come.
pub(crate) struct Facts {
    events: BoxStream<'static, Result<Sse, sse_stream::Error>>,
    /// Id of the last one that came.
    last: Option<String>,
}

impl Connection {
    /// The facts of a run from now on or, after a connection that broke, from the one on that came last. When this returns
    /// the stream has begun: what is read then has all that it does not tell.
    pub(crate) async fn facts(&self, project: &str, context: &str, last: Option<String>) -> Result<Facts, ClientError> {
        let query = [("project", project), ("run", context)];
        let opened = self.open_stream(&["stream"], &query, last.as_deref()).await;
        let (response, last) = match opened {
            // The server no longer has what came next; whoever asks reads everything anew anyway.
            Err(ClientError::Refused(Problem { status: 410, .. })) => {
                (self.open_stream(&["stream"], &query, None).await?, None)
            }
            opened => (opened?, last),
        };
        let chunks = stream::unfold(response, async |mut response| {
            let chunk = tokio::time::timeout(SILENCE, response.chunk()).await;
            match chunk {
                Ok(Ok(chunk)) => chunk.map(|chunk| (Ok(chunk), response)),
                Ok(Err(error)) => Some((Err(std::io::Error::other(error)), response)),
                Err(_) => None,
            }
        });
        Ok(Facts { events: SseByteStream::new(chunks.boxed()).boxed(), last })
    }
}

impl Facts {
    /// Waits until something has happened; what came together with it is taken too. None when the stream has ended or broken,
    /// with the id to go on from.
    pub(crate) async fn next(&mut self) -> Option<()> {
        let first = self.events.next().await?.ok()?;
        self.see(first);
        while let Some(Some(Ok(event))) = self.events.next().now_or_never() {
            self.see(event);
        }
        Some(())
    }

    /// The id to go on from.
    pub(crate) fn last(&self) -> Option<String> {
        self.last.clone()
    }

    fn see(&mut self, event: Sse) {
        self.last = event.id.or_else(|| self.last.take());
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::http::{HeaderMap, StatusCode};
    use axum::routing::get;

    use crate::client::connection::tests::serve;

    #[tokio::test]
    async fn a_stream_is_read_to_its_end_and_gone_on_with() {
        let answer = async |headers: HeaderMap| match headers.get("last-event-id") {
            Some(id) if id == "7" => (StatusCode::OK, "id: 8\ndata: {}\n\n"),
            Some(_) => (StatusCode::GONE, r#"{"message": "removed", "oldest": 9}"#),
            None => (
                StatusCode::OK,
                ": hello\n\nid: 6\nevent: fact\ndata: {}\n\nid: 7\ndata: {}\n\ndata: without\n\nid: 8\ndata: cut off",
            ),
        };
        let server = serve(Router::new().route("/api/capstan/v1/stream", get(answer))).await;
        let mut facts = server.facts("p", "c", None).await.unwrap();
        while facts.next().await.is_some() {}
        assert_eq!(facts.last().as_deref(), Some("7"));
        let mut facts = server.facts("p", "c", facts.last()).await.unwrap();
        assert_eq!((facts.next().await, facts.last().as_deref()), (Some(()), Some("8")));
        // What the server no longer has is read from the run; the stream begins with what happens from now on.
        let facts = server.facts("p", "c", Some("1".to_owned())).await.unwrap();
        assert_eq!(facts.last(), None);
    }
}
