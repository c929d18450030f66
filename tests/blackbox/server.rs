//! A real `capstan serve` on loopback, for one test.
//!
//! ```ignore
//! let server = Server::start();                                  // or Server::prepare().flag(..).env(..).start()
//! let answer = server.post("/v1/event", &json!({..})).expect(200);
//! assert_eq!(answer.json()["keptnContext"], "...");
//! server.kill9();
//! server.restart();                                              // same folder, same port, same token
//! ```
//!
//! Paths are asked with the server's token, except through [`Server::request`]. Nothing of the test's own environment that
//! begins with `CAPSTAN_` reaches the server. What a server logged is shown when its test fails.

#![allow(dead_code, reason = "a helper has what the tests of an API need, one by one")]

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::sync::{LazyLock, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::Value;

use crate::prometheus_server::eventually;
use crate::support::Ran;

/// How long one request of a test may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// One runtime and one client for all tests. Connections are not kept: a server that was started again has the port of the
/// one before, and nothing should be left of that.
static CLIENT: LazyLock<(tokio::runtime::Runtime, reqwest::Client)> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).timeout(TIMEOUT).build().unwrap();
    (runtime, client)
});

/// A server that is yet to start.
pub struct Setup {
    folder: Option<PathBuf>,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
}

/// A running server. Ends with the test, also with a failed one. May be shared between threads.
pub struct Server {
    setup: Setup,
    folder: PathBuf,
    _own_folder: Option<tempfile::TempDir>,
    port: u16,
    token: String,
    child: Mutex<Child>,
}

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Without parameters such as `charset`; empty where there is none.
    pub content_type: String,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Setup {
    /// In this folder instead of one of its own; `capstan.toml` and `capstan-data` are looked for in it.
    pub fn folder(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_owned());
        self
    }

    /// A flag with its value.
    pub fn flag(mut self, flag: &str, value: &str) -> Self {
        self.arguments.extend([flag.to_owned(), value.to_owned()]);
        self
    }

    /// A variable of its environment.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts the server on a free port and waits until it is ready.
    pub fn start(self) -> Server {
        let own_folder = self.folder.is_none().then(|| tempfile::tempdir().unwrap());
        let folder = self.folder.clone().or_else(|| own_folder.as_ref().map(|own| own.path().to_owned())).unwrap();
        let child = Mutex::new(self.spawn(&folder, 0));
        let mut server = Server { setup: self, folder, _own_folder: own_folder, port: 0, token: String::new(), child };
        server.port = eventually("the server to say where it listens", || {
            server.assert_alive();
            let stdout = server.stdout();
            let (_, rest) = stdout.split_once("Capstan listens on http://")?;
            rest.split_once(',')?.0.rsplit_once(':')?.1.parse().ok()
        });
        let given = server.setup.environment.iter().find(|(name, _)| name == "CAPSTAN_TOKEN");
        server.token = given.map(|(_, token)| token.clone()).or_else(|| server.shown_token()).unwrap_or_default();
        server.wait_until_ready();
        server
    }

    fn spawn(&self, folder: &Path, port: u16) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_capstan"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("CAPSTAN_") {
                command.env_remove(name);
            }
        }
        command
            .args(["serve", "--listen", &format!("127.0.0.1:{port}")])
            .args(&self.arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(folder)
            .stdout(File::create(folder.join("stdout")).unwrap())
            .stderr(File::create(folder.join("stderr")).unwrap());
        command.spawn().unwrap()
    }
}

impl Server {
    /// A server with nothing but the defaults, in a folder of its own.
    pub fn start() -> Self {
        Self::prepare().start()
    }

    /// A server that is told something first.
    pub fn prepare() -> Setup {
        Setup { folder: None, arguments: Vec::new(), environment: Vec::new() }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The token that the server takes; empty where an earlier server in the folder has made it.
    pub fn token(&self) -> &str {
        &self.token
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn data(&self) -> PathBuf {
        self.folder.join("capstan-data")
    }

    pub fn pid(&self) -> u32 {
        self.child().id()
    }

    /// What it printed since it was last started.
    pub fn stdout(&self) -> String {
        std::fs::read_to_string(self.folder.join("stdout")).unwrap_or_default()
    }

    /// What it logged since it was last started.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("stderr")).unwrap_or_default()
    }

    /// The token that it made and showed.
    pub fn shown_token(&self) -> Option<String> {
        self.stdout().lines().map(str::trim).find(|line| line.starts_with("capstan_")).map(str::to_owned)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.request("GET", path, None, Some(&self.token))
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.request("POST", path, Some(body), Some(&self.token))
    }

    pub fn put(&self, path: &str, body: &Value) -> Answer {
        self.request("PUT", path, Some(body), Some(&self.token))
    }

    pub fn delete(&self, path: &str) -> Answer {
        self.request("DELETE", path, None, Some(&self.token))
    }

    /// All events of a run, in the order of the store's pages.
    pub fn events_of(&self, context: &str) -> Vec<Value> {
        let (mut all, mut page) = (Vec::new(), "0".to_owned());
        loop {
            let path = format!("/api/mongodb-datastore/event?keptnContext={context}&pageSize=100&nextPageKey={page}");
            let answer = self.get(&path).expect(200).json();
            all.extend(answer["events"].as_array().unwrap().iter().cloned());
            page = match &answer["nextPageKey"] {
                Value::String(next) if next != "0" => next.clone(),
                Value::Number(next) if next.as_u64() != Some(0) => next.to_string(),
                _ => return all,
            };
        }
    }

    /// What the server has of a project is what its newest commit says, and git finds nothing wrong. `task` is the first one of
    /// its first sequence.
    #[track_caller]
    pub fn assert_configured(&self, project: &str, task: &str) {
        let known = self.get(&format!("/api/capstan/v1/projects/{project}")).expect(200).json();
        let folder = self.data().join(format!("config/{project}.git"));
        let git = |arguments: &[&str]| {
            let ran = Ran::from(Command::new("git").arg("--git-dir").arg(&folder).args(arguments).output().unwrap());
            ran.expect(0).stdout
        };
        git(&["fsck", "--strict"]);
        assert_eq!(known["commit"], git(&["rev-parse", "main"]).trim(), "{project}");
        assert_eq!(known["shipyard"], git(&["show", "main:shipyard.yaml"]), "{project}");
        assert_eq!(known["stages"][0]["sequences"][0]["tasks"][0], task, "{project}");
    }

    /// Any request, with a token or without. A server that does not answer fails the test.
    pub fn request(&self, method: &str, path: &str, body: Option<&Value>, token: Option<&str>) -> Answer {
        self.try_request(method, path, body, token).unwrap_or_else(|error| panic!("{method} {path}: {error:?}"))
    }

    /// Any request, to a server that may not be there.
    pub fn try_request(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        token: Option<&str>,
    ) -> Result<Answer, reqwest::Error> {
        let headers: Vec<(&str, &str)> = token.map(|token| ("x-token", token)).into_iter().collect();
        self.try_request_with(method, path, body, &headers)
    }

    /// Any request with these headers, to a server that may not be there.
    pub fn try_request_with(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Result<Answer, reqwest::Error> {
        self.try_send(method, path, body.map(|body| body.to_string().into_bytes()), headers)
    }

    /// Any body, which is said to be JSON, to a server that may not be there.
    pub fn try_send(
        &self,
        method: &str,
        path: &str,
        body: Option<Vec<u8>>,
        headers: &[(&str, &str)],
    ) -> Result<Answer, reqwest::Error> {
        let (runtime, client) = &*CLIENT;
        let mut request = client.request(method.parse().unwrap(), format!("{}{path}", self.url()));
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        runtime.block_on(async {
            let response = request.send().await?;
            let content_type = response.headers().get("content-type").map(|value| value.to_str().unwrap().to_owned());
            let content_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_owned();
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            Ok(Answer { status, content_type, headers, text: response.text().await? })
        })
    }

    /// Ends the server as a power cut would end it.
    pub fn kill9(&self) {
        let mut child = self.child();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Sends a signal, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([format!("-{name}"), self.pid().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Asks the server to end and waits until it has; its exit code.
    pub fn terminate(&self) -> i32 {
        self.signal("TERM");
        self.ended()
    }

    /// Waits until the server has ended; its exit code.
    pub fn ended(&self) -> i32 {
        let status: ExitStatus = eventually("the server to end", || self.child().try_wait().unwrap());
        status.code().unwrap_or(-1)
    }

    /// Starts a server that has ended again, on the same port, and waits until it is ready. One that runs is killed first.
    pub fn restart(&self) {
        let mut child = self.child();
        let _ = child.kill();
        child.wait().unwrap();
        *child = self.setup.spawn(&self.folder, self.port);
        drop(child);
        self.wait_until_ready();
    }

    /// The same, but the first one that is started is killed after so long, whether or not it is ready by then.
    pub fn false_start(&self, after: Duration) {
        let mut child = self.child();
        let _ = child.kill();
        child.wait().unwrap();
        *child = self.setup.spawn(&self.folder, self.port);
        drop(child);
        std::thread::sleep(after);
        self.restart();
    }

    /// Starts a second server in the same folder and waits until it ends by itself.
    pub fn rival(&self) -> Ran {
        let mut child = Command::new(env!("CARGO_BIN_EXE_capstan"));
        child.args(["serve", "--listen", "127.0.0.1:0"]).current_dir(&self.folder);
        Ran::from(child.output().unwrap())
    }

    fn wait_until_ready(&self) {
        eventually("the server to be ready", || {
            self.assert_alive();
            self.try_request("GET", "/readyz", None, None).ok().filter(|answer| answer.status == 200)
        });
    }

    fn assert_alive(&self) {
        if let Some(status) = self.child().try_wait().unwrap() {
            panic!("the server ended with {status}:\n{}{}", self.stdout(), self.log());
        }
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The same, of a certain status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut child = self.child();
        let _ = child.kill();
        let _ = child.wait();
        drop(child);
        if std::thread::panicking() {
            let _ = writeln!(std::io::stderr(), "--- the server:\n{}{}---", self.stdout(), self.log());
        }
    }
}
