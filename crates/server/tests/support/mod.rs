//! A server in this process, over a store in memory and a configuration on disk, with the built-in approval tool.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop where it stands")]
#![allow(dead_code, unused_imports, reason = "each test file uses its part")]

mod follow;
mod story;

pub(crate) use follow::{Following, Seen};
pub(crate) use story::SHIPYARD;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use capstan_adapters::git::GitConfig;
use capstan_runtime::memory::{MemoryDisk, MemoryStore};
use capstan_runtime::observe::Observer;
use capstan_runtime::ports::{Clock as _, Retention, SystemClock};
use capstan_runtime::projects::Projects;
use capstan_runtime::writer::{Options, Writer, WriterThread};
use capstan_server::{About, Front, Means, Metrics};
use serde_json::Value;
use tower::ServiceExt as _;

pub(crate) const TOKEN: &str = "right";

pub(crate) struct TestServer {
    runtime: tokio::runtime::Runtime,
    front: Front,
    pub(crate) disk: MemoryDisk,
    pub(crate) stop: tokio::sync::watch::Sender<bool>,
    _thread: Option<WriterThread>,
    _configuration: tempfile::TempDir,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) headers: axum::http::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The sentence in it.
    pub(crate) fn message(&self) -> String {
        self.json()["message"].as_str().unwrap().to_owned()
    }

    async fn of(response: axum::response::Response) -> Self {
        let (parts, body) = response.into_parts();
        let content_type = parts.headers.get("content-type").map(|value| value.to_str().unwrap());
        Self {
            status: parts.status.as_u16(),
            content_type: content_type.and_then(|value| value.split(';').next()).unwrap_or_default().to_owned(),
            headers: parts.headers,
            body: axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec(),
        }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }
}

impl TestServer {
    pub(crate) fn start() -> Self {
        Self::over(MemoryStore::new())
    }

    /// A server over what is stored already. Its configuration begins empty.
    pub(crate) fn over(store: MemoryStore) -> Self {
        Self::with(store, Options::default(), true)
    }

    /// A server that keeps runs no longer than this.
    pub(crate) fn keeping(retention: Retention) -> Self {
        Self::with(MemoryStore::new(), Options { retention, ..Options::default() }, true)
    }

    /// A server whose writer does not run, and takes one command at most.
    pub(crate) fn stuck() -> Self {
        Self::with(MemoryStore::new(), Options { queue: 1, ..Options::default() }, false)
    }

    fn with(store: MemoryStore, options: Options, running: bool) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let disk = store.disk();
        let clock = Arc::new(SystemClock::start());
        let about = About { version: "0.0.0", started_at: clock.now(), files: vec![("database", "capstan.db".into())] };
        let metrics = Arc::new(Metrics::new(about));
        let (writer, handle) = Writer::new(Box::new(store), clock, options).unwrap();
        let writer = writer.observed_by(Arc::clone(&metrics) as Arc<dyn Observer>);
        let thread = if running {
            Some(writer.start(&handle).unwrap())
        } else {
            std::mem::forget(writer);
            None
        };
        runtime.spawn(capstan_tools::approval::run(handle.clone()));
        let configuration = tempfile::tempdir().unwrap();
        let repo = GitConfig::open(configuration.path().to_owned()).unwrap();
        let projects = Arc::new(Projects::new(Arc::new(repo), handle.clone()));
        let token = Arc::new(|token: &str| token == TOKEN);
        let (stop, stopping) = tokio::sync::watch::channel(false);
        let front = Front::new(Means {
            handle,
            projects,
            token,
            ready: Arc::new(move || running),
            metrics,
            traced: false,
            patience: Duration::from_secs(30),
            stopping,
        });
        Self { runtime, front, disk, stop, _thread: thread, _configuration: configuration }
    }

    /// Sends an event and does not wait for the answer.
    pub(crate) fn leave(&self, path: &str, body: &Value) {
        let request = Request::builder().method("POST").uri(path).header("x-token", TOKEN);
        let sent = self.front.clone().oneshot(request.body(Body::from(body.to_string())).unwrap());
        self.runtime.spawn(sent);
    }

    pub(crate) fn request(
        &self,
        method: &str,
        path: &str,
        body: Option<&[u8]>,
        token: Option<&str>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in token.iter().map(|token| ("x-token", *token)).chain(headers.iter().copied()) {
            request = request.header(name, value);
        }
        let request = request.body(body.map_or_else(Body::empty, |body| Body::from(body.to_vec()))).unwrap();
        self.runtime.block_on(async {
            let response = self.front.clone().oneshot(request).await.unwrap();
            Answer::of(response).await
        })
    }

    /// The answer, if there is one soon.
    pub(crate) fn try_post(&self, path: &str, body: &Value) -> Option<Answer> {
        let request = Request::builder().method("POST").uri(path).header("x-token", TOKEN);
        let request = request.body(Body::from(body.to_string())).unwrap();
        let soon = std::time::Duration::from_millis(100);
        self.runtime.block_on(async {
            let response = tokio::time::timeout(soon, self.front.clone().oneshot(request)).await.ok()?.unwrap();
            Some(Answer::of(response).await)
        })
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.request("GET", path, None, Some(TOKEN), &[])
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.request("POST", path, Some(body.to_string().as_bytes()), Some(TOKEN), &[])
    }
}
