//! A real Prometheus on loopback, for one test.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long anything that a test waits for may take.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Ends with the test, also with a failed one.
pub struct Prometheus {
    child: Child,
    port: u16,
    authorization: Option<String>,
    _folder: tempfile::TempDir,
}

/// The executable that tests use; says loudly that they are skipped where there is none.
pub fn executable(test: &str) -> Option<PathBuf> {
    let named = std::env::var_os("CAPSTAN_PROMETHEUS").filter(|path| !path.is_empty()).map(PathBuf::from);
    let on_path = || {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).map(|folder| folder.join("prometheus")).find(|file| file.is_file())
    };
    let found = named.or_else(on_path);
    if found.is_none() {
        // Straight to standard error: what a passing test prints by macro is swallowed, and a skip must be heard.
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: {test}: there is no prometheus; tests/servers/prometheus.sh fetches one"
        );
    }
    found
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Waits until a condition holds.
pub fn eventually<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(begun.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What an HTTP server answers to a GET: status and body.
pub fn get(port: u16, path: &str, authorization: Option<&str>) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let authorization = authorization.map(|value| format!("Authorization: {value}\r\n")).unwrap_or_default();
    let request = format!("GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n{authorization}\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}

impl Prometheus {
    /// Starts one that scrapes itself as job `prometheus`, and the given jobs on ports of loopback, four times a second.
    pub fn start(executable: &PathBuf, jobs: &[(&str, u16)]) -> Self {
        Self::with(executable, jobs, None)
    }

    /// Starts one that asks for user `gate` and password `secret`.
    pub fn with_password(executable: &PathBuf) -> Self {
        // bcrypt of "secret"
        let web = "basic_auth_users:\n  gate: $2b$04$qWYtwApYttffITIg.O60WOCjazRRn8Y2uJiy.zMi12YSfbkbiMOui\n";
        Self::with(executable, &[], Some((web, "Basic Z2F0ZTpzZWNyZXQ=")))
    }

    /// Starts one with this configuration.
    pub fn configured(executable: &PathBuf, config: &str) -> Self {
        Self::launch(executable, free_port(), config, None)
    }

    fn with(executable: &PathBuf, jobs: &[(&str, u16)], password: Option<(&str, &str)>) -> Self {
        let port = free_port();
        let mut config = "global: {scrape_interval: 250ms, scrape_timeout: 250ms}\nscrape_configs:\n".to_owned();
        let own = ("prometheus", port);
        for (job, port) in jobs.iter().chain(password.is_none().then_some(&own)) {
            config.push_str(&format!("- {{job_name: {job}, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}\n"));
        }
        Self::launch(executable, port, &config, password)
    }

    fn launch(executable: &PathBuf, port: u16, config: &str, password: Option<(&str, &str)>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("prometheus.yml"), config).unwrap();
        let mut command = Command::new(executable);
        command
            .arg(format!("--config.file={}", folder.path().join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(folder.path().join("log")).unwrap());
        if let Some((web, _)) = password {
            std::fs::write(folder.path().join("web.yml"), web).unwrap();
            command.arg(format!("--web.config.file={}", folder.path().join("web.yml").display()));
        }
        let child = command.spawn().unwrap();
        let authorization = password.map(|(_, value)| value.to_owned());
        let server = Self { child, port, authorization, _folder: folder };
        eventually("Prometheus to be ready", || {
            let (status, _) = get(port, "/-/ready", server.authorization.as_deref())?;
            (status == 200).then_some(())
        });
        server
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Waits until a query, given in URL encoding, has an answer that suits.
    pub fn wait_for(&self, query: &str, suits: impl Fn(&[Value]) -> bool) {
        eventually(query, || {
            let (_, body) = get(self.port, &format!("/api/v1/query?query={query}"), self.authorization.as_deref())?;
            let answer: Value = serde_json::from_str(&body).ok()?;
            suits(answer["data"]["result"].as_array()?).then_some(())
        });
    }

    /// Stops it in its tracks: connections are accepted, and nothing is answered.
    pub fn freeze(&self) {
        let status = Command::new("kill").args(["-STOP", &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
