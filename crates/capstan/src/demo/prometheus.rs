//! A Prometheus of the demo's own: found, started on loopback, asked, and ended.

use std::ffi::OsStr;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::time::Instant;

use super::directory::Directory;
use super::error::DemoError;
use super::http;

/// The variable that names the executable; empty, it says to do without.
pub(crate) const VARIABLE: &str = "CAPSTAN_PROMETHEUS";
/// How long the start may take. It takes about a second; a busy machine takes its time.
const START: Duration = Duration::from_secs(30);
/// How long a scrape may be away. They are made twice a second.
const SCRAPE: Duration = Duration::from_secs(15);
/// How long to wait between two looks at whether something has come about.
const LOOK: Duration = Duration::from_millis(25);
/// How many ports to try. Between finding a free one and listening on it, another process may take it.
const PORTS: usize = 5;
/// How much of the log an error message shows, in lines.
const LOG_LINES: usize = 12;

/// A running Prometheus. Dropped, it is killed; [`stop`](Self::stop) also waits until it is gone.
#[derive(Debug)]
pub(crate) struct Prometheus {
    executable: PathBuf,
    child: Child,
    address: SocketAddr,
    log: PathBuf,
}

/// The executable to use: what `CAPSTAN_PROMETHEUS` names, or else the first `prometheus` on `PATH`. None where there
/// is none or the variable is empty; an error where the variable names something else than an executable.
pub(crate) fn find() -> Result<Option<PathBuf>, DemoError> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    choose(std::env::var_os(VARIABLE).as_deref(), &path)
}

fn choose(named: Option<&OsStr>, path: &OsStr) -> Result<Option<PathBuf>, DemoError> {
    match named {
        Some(named) if named.is_empty() => Ok(None),
        Some(named) if is_executable(Path::new(named)) => Ok(Some(PathBuf::from(named))),
        Some(named) => Err(DemoError::NoExecutable { path: PathBuf::from(named) }),
        None => {
            let name = format!("prometheus{}", std::env::consts::EXE_SUFFIX);
            Ok(std::env::split_paths(path).map(|directory| directory.join(&name)).find(|file| is_executable(file)))
        }
    }
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}

/// The configuration: scrapes `target` twice a second.
fn config(target: SocketAddr) -> String {
    format!(
        "# Twice a second, so that a few seconds of load make enough samples for a rate.\n\
         global:\n\
         \x20 scrape_interval: 500ms\n\
         \x20 scrape_timeout: 500ms\n\
         scrape_configs:\n\
         \x20 - job_name: capstan-demo\n\
         \x20   static_configs:\n\
         \x20     - targets: [\"{target}\"]\n"
    )
}

impl Prometheus {
    /// Starts `executable` on a free port of 127.0.0.1, with configuration, data and log in `directory`, and waits
    /// until it is ready. It scrapes `target`.
    pub(crate) async fn start(executable: &Path, directory: &Directory, target: SocketAddr) -> Result<Self, DemoError> {
        directory.write("prometheus.yml", &config(target))?;
        let mut ports = 1;
        loop {
            let prometheus = Self::spawn(executable, directory)?;
            match prometheus.ready(target).await {
                Err(DemoError::Ended { log, .. }) if ports < PORTS && log.contains("address already in use") => {
                    ports += 1;
                }
                Err(error) => return Err(error),
                Ok(prometheus) => return Ok(prometheus),
            }
        }
    }

    fn spawn(executable: &Path, directory: &Directory) -> Result<Self, DemoError> {
        let failed = |cause| DemoError::Spawn { path: executable.to_owned(), cause };
        // Bound and let go again: Prometheus does not say which port it took when it is told to take any.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|it| it.local_addr()).map_err(failed)?;
        let log = directory.write("prometheus.log", "")?;
        let output = std::fs::File::options().append(true).open(&log).map_err(failed)?;
        // Where it is given in relation to the current directory: it is run in another one.
        let program = std::path::absolute(executable).map_err(failed)?;
        let child = Command::new(program)
            .arg("--config.file=prometheus.yml")
            .arg("--storage.tsdb.path=data")
            .arg(format!("--web.listen-address={address}"))
            .current_dir(directory.path())
            .stdin(Stdio::null())
            .stdout(output.try_clone().map_err(failed)?)
            .stderr(output)
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        Ok(Self { executable: executable.to_owned(), child, address, log })
    }

    /// Waits until it answers queries.
    async fn ready(mut self, target: SocketAddr) -> Result<Self, DemoError> {
        let deadline = Instant::now() + START;
        loop {
            let last = match self.look(target).await {
                Ok(()) => return Ok(self),
                Err(last) => last,
            };
            self.wait("while it started", "ready", START, deadline, last).await?;
        }
    }

    /// Whether it is ready, or else what it said.
    async fn look(&self, target: SocketAddr) -> Result<(), String> {
        let ready = self.get("/-/ready").await?;
        if ready.status != 200 {
            return Err(String::from_utf8_lossy(&ready.body).trim().to_owned());
        }
        // Where another process took the port, the answer may be that of another Prometheus.
        let config = self.json("/api/v1/status/config").await?;
        match config["data"]["yaml"].as_str() {
            Some(yaml) if yaml.contains(&target.to_string()) => Ok(()),
            _ => Err("another server answers on its port".to_owned()),
        }
    }

    /// Where it answers.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The executable.
    pub(crate) fn executable(&self) -> &Path {
        &self.executable
    }

    /// Waits until the series of `build` have been scraped after `at`, and returns the time of that scrape: a query at
    /// that time sees all that was counted up to `at`.
    pub(crate) async fn scraped(&mut self, build: &str, at: Timestamp) -> Result<Timestamp, DemoError> {
        let query = format!("max(timestamp(http_requests_total{{build=\"{build}\"}}))");
        let path = format!("/api/v1/query?query={}", http::encode(&query));
        // Prometheus may move the time of a scrape by 2 ms to keep its samples evenly apart.
        let late_enough = at.as_millisecond() + 2;
        let deadline = Instant::now() + SCRAPE;
        loop {
            let last = match self.json(&path).await.map(|answer| sample(&answer)) {
                Ok(Some(time)) if time.as_millisecond() > late_enough => return Ok(time),
                Ok(Some(time)) => format!("the last scrape was at {time}"),
                Ok(None) => "no scrape of the service was successful".to_owned(),
                Err(last) => last,
            };
            let awaited = format!("done with a scrape of build {build} after {at}");
            self.wait("during the demo", &awaited, SCRAPE, deadline, last).await?;
        }
    }

    /// Kills it and waits until it is gone. There is nothing in its memory or on its disk that is needed any more.
    pub(crate) async fn stop(mut self) {
        // Fails only where it is gone already.
        let _ = self.child.kill().await;
    }

    /// Waits a little, unless it ended or the deadline is over.
    async fn wait(
        &mut self,
        when: &'static str,
        awaited: &str,
        within: Duration,
        deadline: Instant,
        last: String,
    ) -> Result<(), DemoError> {
        if let Ok(Some(status)) = self.child.try_wait() {
            return Err(DemoError::Ended { path: self.executable.clone(), status, when, log: self.log_end() });
        }
        if Instant::now() >= deadline {
            let (path, log) = (self.executable.clone(), self.log_end());
            return Err(DemoError::Late { path, awaited: awaited.to_owned(), within, last, log });
        }
        tokio::time::sleep(LOOK).await;
        Ok(())
    }

    async fn get(&self, path: &str) -> Result<http::Answer, String> {
        http::get(self.address, path).await.map_err(|error: io::Error| error.to_string())
    }

    async fn json(&self, path: &str) -> Result<Value, String> {
        let answer = self.get(path).await?;
        serde_json::from_slice(&answer.body).map_err(|error| format!("status {}: {error}", answer.status))
    }

    /// The last lines of its log.
    fn log_end(&self) -> String {
        let log = std::fs::read(&self.log).unwrap_or_default();
        last_lines(&String::from_utf8_lossy(&log), LOG_LINES)
    }
}

/// The one value of an instant query's answer, in seconds since 1970, as a time.
fn sample(answer: &Value) -> Option<Timestamp> {
    let seconds: f64 = answer["data"]["result"][0]["value"][1].as_str()?.parse().ok()?;
    Timestamp::from_millisecond((seconds * 1000.0).round() as i64).ok()
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests;
