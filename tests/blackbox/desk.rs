//! A real server with commands that talk to it.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::prometheus_server::eventually;
use crate::server::Server;
use crate::support::{Ran, Workplace};

/// A process of two stages.
pub const SHIPYARD: &str = "apiVersion: spec.keptn.sh/0.2.3
kind: Shipyard
metadata:
  name: shop
spec:
  stages:
    - name: dev
      sequences:
        - name: delivery
          tasks:
            - name: deployment
            - name: check
    - name: prod
      sequences:
        - name: delivery
          triggeredOn:
            - event: dev.delivery.finished
          tasks:
            - name: deployment
        - name: undo
          tasks:
            - name: revert
";

/// A server, and a folder whose commands know where it is.
pub struct Desk {
    pub server: Server,
    pub workplace: Workplace,
}

/// A command that runs beside the test, and ends with it.
pub struct Beside {
    child: Child,
    folder: std::path::PathBuf,
    name: String,
}

impl Desk {
    pub fn new() -> Self {
        let desk = Self { server: Server::start(), workplace: Workplace::new() };
        desk.workplace.file("shipyard.yaml", SHIPYARD);
        desk
    }

    /// One with the project `shop`.
    pub fn with_shop() -> Self {
        let desk = Self::new();
        desk.line("project create shop --shipyard shipyard.yaml").expect(0);
        desk
    }

    pub fn command(&self, line: &str) -> Command {
        let mut command = self.workplace.command(&line.split_whitespace().collect::<Vec<_>>());
        command.env("CAPSTAN_SERVER", self.server.url()).env("CAPSTAN_TOKEN", self.server.token());
        command.env_remove("CAPSTAN_PROJECT");
        command
    }

    pub fn line(&self, line: &str) -> Ran {
        Ran::from(self.command(line).output().unwrap())
    }

    /// Begins a run and gives its context.
    pub fn trigger(&self) -> String {
        self.line("trigger delivery --project shop --service cart --stage dev").expect(0).stdout.trim().to_owned()
    }

    pub fn beside(&self, name: &str, line: &str) -> Beside {
        let folder = self.workplace.path();
        let file = |end: &str| File::create(folder.join(format!("{name}.{end}"))).unwrap();
        let child = self.command(line).stdin(Stdio::null()).stdout(file("out")).stderr(file("err")).spawn().unwrap();
        Beside { child, folder: folder.to_owned(), name: name.to_owned() }
    }
}

impl Beside {
    fn read(&self, end: &str) -> String {
        std::fs::read_to_string(Path::new(&self.folder).join(format!("{}.{end}", self.name))).unwrap()
    }

    /// Waits until it has written this.
    pub fn says(&self, end: &str, words: &str) {
        eventually(&format!("'{}' to say '{words}'", self.name), || self.read(end).contains(words).then_some(()));
    }

    /// Sends it a signal, such as `INT`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits until it has ended.
    pub fn ended(&mut self) -> Ran {
        let status = eventually(&format!("'{}' to end", self.name), || self.child.try_wait().unwrap());
        Ran { code: status.code().unwrap_or(-1), stdout: self.read("out"), stderr: self.read("err") }
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
