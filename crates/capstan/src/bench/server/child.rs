//! Another process that serves on loopback, for as long as it is held.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::ChildStdout;

use crate::failure::{Failure, reason};

/// How long a server may take until it says where it listens. One with a lot to read takes a while.
const PATIENCE: Duration = Duration::from_secs(120);

/// A process that is killed when this is dropped.
#[derive(Debug)]
pub(super) struct Child {
    process: std::process::Child,
    /// Host and port.
    pub(super) authority: String,
    /// Kept open, so that the child can write.
    _output: Lines<BufReader<ChildStdout>>,
}

impl Child {
    /// Starts a server and waits until it has written a line with `http://` and its address. What it logs goes to `log`.
    pub(super) async fn start(mut command: Command, log: &Path) -> Result<Self, Failure> {
        let name = PathBuf::from(command.get_program()).display().to_string();
        let failed =
            |what: &str, error: &std::io::Error| Failure::plain(format!("cannot {what} '{name}': {}", reason(error)));
        let errors = File::create(log).map_err(|error| failed("keep the log of", &error))?;
        for (variable, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CAPSTAN_")) {
            // What the command sets itself stays.
            if !command.get_envs().any(|(given, _)| given == variable) {
                command.env_remove(variable);
            }
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors);
        let mut child = Guard(Some(command.spawn().map_err(|error| failed("start", &error))?));
        let output = child.0.as_mut().and_then(|child| child.stdout.take());
        let output = output.ok_or_else(|| Failure::plain(format!("'{name}' has no output")))?;
        let output = ChildStdout::from_std(output).map_err(|error| failed("read from", &error))?;
        let mut lines = BufReader::new(output).lines();
        let authority = tokio::time::timeout(PATIENCE, address(&mut lines)).await;
        let Some(authority) = authority.ok().flatten() else {
            let said = std::fs::read_to_string(log).unwrap_or_default();
            let said = said.lines().last().unwrap_or("nothing").to_owned();
            return Err(Failure::plain(format!("'{name}' did not begin to serve; the last that it said was: {said}")));
        };
        let child = child.0.take().ok_or_else(|| Failure::plain(format!("'{name}' is gone")))?;
        Ok(Self { process: child, authority, _output: lines })
    }

    /// Its process.
    pub(super) fn id(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        end(&mut self.process);
    }
}

/// A process until its [`Child`] is made.
struct Guard(Option<std::process::Child>);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            end(child);
        }
    }
}

/// Kills and waits: what removes its files comes after it.
fn end(child: &mut std::process::Child) {
    let _ = child.kill();
    let _ = child.wait();
}

async fn address(lines: &mut Lines<BufReader<ChildStdout>>) -> Option<String> {
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some((_, rest)) = line.split_once("http://") {
            return Some(rest.split([',', '/', ' ']).next().unwrap_or_default().to_owned());
        }
    }
    None
}
