//! Who answers the queries of a row, and which window they ask for.

use std::path::PathBuf;

use capstan_model::timeframe;
use jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use serde_json::Value;

use super::bare::Bare;
use super::cell::{Cell, SourceKind};
use super::contestant::Task;
use super::stub::Stub;
use super::workload::Workload;
use crate::demo::{ACTS, Cue, DemoError, Stage};
use crate::failure::{Failure, reason};
use crate::gate::runtime;

/// Length of the window that the stub is asked for.
const WINDOW: SignedDuration = SignedDuration::from_mins(5);

/// The servers, and a directory for the files of the gates.
#[derive(Debug)]
pub(super) struct Providers {
    directory: PathBuf,
    /// The one stub that runs: each row gets its own, and only while it is measured.
    stub: Option<Stub>,
    prometheus: Option<Server>,
}

/// A Prometheus with data.
#[derive(Debug)]
struct Server {
    url: String,
    /// The window that its data is in.
    start: Timestamp,
    end: Timestamp,
}

impl Providers {
    /// What the stage provides; `with_data` says whether a Prometheus is on it, which then is given data.
    pub(super) async fn on(stage: &mut Stage, with_data: bool) -> Result<Self, DemoError> {
        let mut prometheus = None;
        if with_data {
            let Cue { source, start, end, .. } = stage.play(&ACTS[0]).await?;
            prometheus = source.split_once('=').map(|(_, url)| Server { url: url.to_owned(), start, end });
        }
        Ok(Self { directory: stage.path(""), stub: None, prometheus })
    }

    /// Whether a row can be measured.
    pub(super) fn have(&self, source: SourceKind) -> bool {
        source.stub_latency().is_some() || self.prometheus.is_some()
    }

    /// Writes the files of a row and has its server run.
    pub(super) fn task(&mut self, cell: Cell) -> Result<Task, Failure> {
        let (url, start, end) = match (cell.source.stub_latency(), &self.prometheus) {
            (Some(latency), _) => {
                let now = Timestamp::now();
                let stub = self.stub.insert(Stub::start(latency)?);
                (stub.url(), now - WINDOW, now)
            }
            (None, Some(server)) => {
                self.stub = None;
                (server.url.clone(), server.start, server.end)
            }
            (None, None) => return Err(Failure::plain("there is no prometheus")),
        };
        let workload = Workload::new(cell.source, cell.slis);
        let write = |name: &str, text: &str| {
            let path = self.directory.join(name);
            match std::fs::write(&path, text) {
                Ok(()) => Ok(path.display().to_string()),
                Err(error) => Err(Failure::plain(format!("cannot write {}: {}", path.display(), reason(&error)))),
            }
        };
        let line = [
            "gate-run".to_owned(),
            "--slo".to_owned(),
            write("slo.yaml", &workload.slo)?,
            "--sli".to_owned(),
            write("sli.yaml", &workload.sli)?,
            format!("--source=bench={url}"),
            format!("--start={}", timeframe::display(start)),
            format!("--end={}", timeframe::display(end)),
            "--deadline=10m".to_owned(),
            "--history=none".to_owned(),
            "--output=json".to_owned(),
            "--project=bench".to_owned(),
            "--stage=local".to_owned(),
            "--service=sample".to_owned(),
            "--label=build=1.0".to_owned(),
        ];
        let time = format!("{}.{:03}", end.as_second(), end.subsec_millisecond());
        let address = |query: &String| {
            Url::parse_with_params(&format!("{url}/api/v1/query"), [("time", time.as_str()), ("query", query)])
        };
        let addresses = workload.queries.iter().map(address).collect::<Result<Vec<_>, _>>();
        let addresses = addresses.map_err(|error| Failure::plain(format!("{url} is no address: {error}")))?;
        Ok(Task { line: line.to_vec(), addresses })
    }

    /// The version of the Prometheus, as it tells it.
    pub(super) fn prometheus_version(&self) -> Option<String> {
        let address = Url::parse(&format!("{}/api/v1/status/buildinfo", self.prometheus.as_ref()?.url)).ok()?;
        let body = runtime().ok()?.block_on(Bare::new().ok()?.get(&address)).ok()?;
        let about: Value = serde_json::from_slice(&body).ok()?;
        about["data"]["version"].as_str().map(str::to_owned)
    }
}
