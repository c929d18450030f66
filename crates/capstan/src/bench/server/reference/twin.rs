//! H and G: the prototypes, driven as the real server is.

use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use super::super::candidate::own_executable;
use super::super::child::Child;
use super::super::connection::Target;
use super::super::ingest::Clients;
use super::super::place::Place;
use super::super::sample::Sample;
use crate::failure::Failure;

/// A prototype in a process of its own, with its clients. Fields are dropped in their order.
#[derive(Debug)]
pub(in super::super) struct Twin {
    clients: Clients,
    _child: Child,
    _room: TempDir,
}

impl Twin {
    /// Starts a prototype; `durable` is whether it syncs what it takes.
    pub(in super::super) async fn start(place: &Place, durable: bool, clients: usize) -> Result<Self, Failure> {
        let room = place.room()?;
        let mut command = Command::new(own_executable()?);
        command.args(["bench", "prototype"]).current_dir(room.path());
        if durable {
            command.arg("--append").arg(room.path().join("events"));
        }
        let child = Child::start(command, &room.path().join("log")).await?;
        let target = Target::new(&child.authority, "", None)?;
        Ok(Self { clients: Clients::new(&target, clients, "/"), _child: child, _room: room })
    }

    pub(in super::super) async fn measure(&mut self, length: Duration) -> Result<Sample, Failure> {
        let (count, seconds, latencies) = self.clients.send(length).await?;
        Ok(Sample::of_rate(count, seconds, latencies))
    }
}
