//! The servers that are measured: executables of which fresh ones are started, or one that is there already.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use hyper::body::Bytes;
use hyper::{Method, StatusCode};
use serde::Serialize;
use tempfile::TempDir;

use super::arguments::ServerArgs;
use super::child::Child;
use super::connection::{Connection, Target};
use super::event::new_id;
use super::place::Place;
use super::population::settle;
use super::process::{Footprint, Usage};
use crate::failure::{Failure, reason};

/// What is measured.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Candidate {
    /// A letter, where there are several.
    pub(super) label: Option<char>,
    #[serde(flatten)]
    pub(super) what: What,
}

/// An executable, or a server that is there.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum What {
    Executable(PathBuf),
    Url {
        url: String,
        #[serde(skip)]
        token: Option<String>,
    },
}

impl Candidate {
    /// Those that were asked for, or this executable.
    pub(super) fn asked_for(args: &ServerArgs) -> Result<Vec<Self>, Failure> {
        if let Some(url) = &args.url {
            Target::at(url, None)?;
            let what = What::Url { url: url.clone(), token: args.token.clone().filter(|token| !token.is_empty()) };
            return Ok(vec![Self { label: None, what }]);
        }
        let mut paths = Vec::new();
        for path in &args.server {
            let path = path.canonicalize().map_err(|error| Failure::unreadable(path, &error))?;
            if !path.is_file() {
                let message = format!("'{}' is no executable", path.display());
                return Err(Failure::with_help(message, "name the file of a server with --server"));
            }
            paths.push(path);
        }
        if paths.is_empty() {
            paths.push(own_executable()?);
        }
        let labels = ('A'..='Z').map(Some).chain(std::iter::repeat(None));
        let several = paths.len() > 1;
        let candidates = paths.into_iter().zip(labels);
        Ok(candidates
            .map(|(path, label)| Self { label: label.filter(|_| several), what: What::Executable(path) })
            .collect())
    }

    /// Fails where the server that is there already does not let the bench in.
    pub(super) async fn reach(&self) -> Result<(), Failure> {
        let What::Url { url, token } = &self.what else { return Ok(()) };
        let mut connection = Connection::open(&Target::at(url, token.as_deref())?).await?;
        let path = "/api/controlPlane/v1/project?pageSize=1";
        let answer = connection.send(Method::GET, path, Bytes::new()).await?;
        if matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            let message = format!("'{url}' does not let the bench in: it answers {}", answer.status);
            return Err(Failure::with_help(message, "give its token with --token or in CAPSTAN_TOKEN"));
        }
        answer.good(path).map(drop)
    }

    /// A fresh server with all projects; or the one that is there, with what it lacks.
    pub(super) async fn start(&self, place: &Place) -> Result<Server, Failure> {
        match &self.what {
            What::Url { url, token } => {
                let target = Target::at(url, token.as_deref())?;
                settle(&target, true).await?;
                Ok(Server { target, own: None })
            }
            What::Executable(executable) => {
                let room = place.room()?;
                let mut server = Server::start(executable, room.path()).await?;
                settle(&server.target, false).await?;
                if let Some(own) = &mut server.own {
                    own.room = Some(room);
                }
                Ok(server)
            }
        }
    }

    /// The executable; none of a server that is there already.
    pub(super) fn executable(&self) -> Option<&Path> {
        match &self.what {
            What::Executable(path) => Some(path),
            What::Url { .. } => None,
        }
    }
}

/// This executable.
pub(super) fn own_executable() -> Result<PathBuf, Failure> {
    std::env::current_exe()
        .map_err(|error| Failure::plain(format!("this executable cannot be found: {}", reason(&error))))
}

/// A server under measurement. One that the bench has started ends when this is dropped, and its data are removed.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) target: Arc<Target>,
    own: Option<Own>,
}

/// Fields are dropped in their order: what writes into the room goes before it.
#[derive(Debug)]
struct Own {
    child: Child,
    /// Where its data lie, if they go with it.
    room: Option<TempDir>,
}

/// The folder in a room that holds the data of a server.
pub(super) const DATA: &str = "data";

impl Server {
    /// Starts `capstan serve` with its data in `room`, where they stay.
    pub(super) async fn start(executable: &Path, room: &Path) -> Result<Self, Failure> {
        let token = format!("bench-{}", new_id().simple());
        let mut command = Command::new(executable);
        command.arg("serve").arg("--data").arg(room.join(DATA));
        command.args(["--listen", "127.0.0.1:0", "--log-level", "warn"]).env("CAPSTAN_TOKEN", &token);
        // Where no file with settings lies.
        command.current_dir(room);
        let child = Child::start(command, &room.join("log")).await?;
        let target = Target::new(&child.authority, "", Some(&token))?;
        Ok(Self { target, own: Some(Own { child, room: None }) })
    }

    /// What it has used; nothing where it is not the bench's own.
    pub(super) fn usage(&self) -> Usage {
        self.own.as_ref().map_or_else(Usage::default, |own| Usage::of(own.child.id()))
    }

    /// What it occupies; nothing where it is not the bench's own.
    pub(super) fn footprint(&self) -> Footprint {
        self.own.as_ref().map_or_else(Footprint::default, |own| Footprint::of(own.child.id()))
    }

    /// Kills it, as if the machine had.
    pub(super) fn kill(self) {
        drop(self);
    }
}

impl std::fmt::Display for Candidate {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.what {
            What::Executable(path) => write!(out, "{}", path.display()),
            What::Url { url, .. } => out.write_str(url),
        }
    }
}
