//! The demo's stage and its three acts: a build goes live, gets real load, and waits for the gate's verdict.

use std::fmt;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};

use super::directory::Directory;
use super::error::DemoError;
use super::latency::{Build, Latency};
use super::load::{self, Measurements, Plan};
use super::prometheus::{self, Prometheus};
use super::service::Service;

/// The objectives, the same in every act.
pub(crate) const SLO: &str = include_str!("files/slo.yaml");
/// The indicators where Prometheus is the source.
pub(crate) const PROMETHEUS_SLI: &str = include_str!("files/prometheus/sli.yaml");
/// The indicators where the load generator is the source.
pub(crate) const LOAD_SLI: &str = include_str!("files/load/sli.yaml");

/// Length of the window that is judged. Keptn accepts no shorter one. The load need not fill it: before it, the
/// build's series are not there.
const WINDOW: SignedDuration = SignedDuration::from_secs(60);
/// Load of one act: seven seconds, with enough answers for a steady 95th percentile and little enough to do that a
/// small machine does not slow the service down by itself.
const RATE: u32 = 80;
const REQUESTS: u32 = 560;
const CONNECTIONS: u32 = 48;

// Times are long beside what a busy machine adds to them (some tens of milliseconds at the 95th percentile where eight
// programs want two processors), and the builds are far apart: the verdicts must not depend on what else is running.
const GOOD: Latency = Latency { floor: 40.0, median: 80.0, p95: 160.0, ceiling: 200.0 };
/// Two and a half times as slow at the 95th percentile, yet far below the second that is allowed.
const SLOW: Latency = Latency { floor: 50.0, median: 140.0, p95: 400.0, ceiling: 450.0 };
const ERROR_SHARE: f64 = 0.003;

/// One build on its way to production.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Act {
    /// The build that is deployed.
    pub(crate) build: Build,
    /// What there is to see, as a fragment of a sentence.
    pub(crate) title: &'static str,
}

/// The acts in their order. The second has to be stopped by the relative criterion alone, the others have to pass.
pub(crate) const ACTS: [Act; 3] = [
    Act { build: Build { version: "1.0", latency: GOOD, error_share: ERROR_SHARE }, title: "the first release" },
    Act {
        build: Build { version: "1.1", latency: SLOW, error_share: ERROR_SHARE },
        title: "a release that is slower, though well within its limits",
    },
    Act {
        build: Build { version: "1.2", latency: GOOD, error_share: ERROR_SHARE },
        title: "the release that mends it",
    },
];

/// Everything that the demo needs to run, on loopback and in a temporary directory. Dropped, it leaves nothing behind.
/// Fields are dropped in their order: what writes into the directory goes before it.
#[derive(Debug)]
pub(crate) struct Stage {
    /// The source of the values; without one, that is the load generator.
    prometheus: Option<Prometheus>,
    service: Service,
    slo: PathBuf,
    sli: PathBuf,
    directory: Directory,
}

/// What is to be judged now.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cue {
    /// The build: the value of the label `build` of the evaluation.
    pub(crate) build: &'static str,
    /// The source as the gate's command line takes it, such as `prom=http://127.0.0.1:9090`.
    pub(crate) source: String,
    /// Begin of the window.
    pub(crate) start: Timestamp,
    /// End of the window. A query at this instant sees all of the load.
    pub(crate) end: Timestamp,
    /// What the load generator measured, whichever the source is.
    pub(crate) measured: Measurements,
}

impl Stage {
    /// Starts the sample service with the first act's build, and Prometheus where there is one.
    pub(crate) async fn set() -> Result<Self, DemoError> {
        Self::with(prometheus::find()?.as_deref()).await
    }

    /// Starts the sample service, and Prometheus where its executable is given.
    pub(crate) async fn with(executable: Option<&Path>) -> Result<Self, DemoError> {
        let directory = Directory::new()?;
        let service = Service::start(ACTS[0].build).await?;
        let prometheus = match executable {
            Some(executable) => Some(Prometheus::start(executable, &directory, service.address()).await?),
            None => None,
        };
        let sli = if prometheus.is_some() { PROMETHEUS_SLI } else { LOAD_SLI };
        let (slo, sli) = (directory.write("slo.yaml", SLO)?, directory.write("sli.yaml", sli)?);
        Ok(Self { prometheus, service, slo, sli, directory })
    }

    /// The objectives file.
    pub(crate) fn slo(&self) -> &Path {
        &self.slo
    }

    /// The indicators file that goes with the source.
    pub(crate) fn sli(&self) -> &Path {
        &self.sli
    }

    /// A path in the temporary directory, for what the gate keeps from act to act.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Deploys the build of `act` and puts load on it, for some seconds; returns when every value is there.
    pub(crate) async fn play(&mut self, act: &Act) -> Result<Cue, DemoError> {
        self.play_with(act, REQUESTS).await
    }

    async fn play_with(&mut self, act: &Act, requests: u32) -> Result<Cue, DemoError> {
        let build = act.build.version;
        self.service.deploy(act.build);
        if let Some(prometheus) = &mut self.prometheus {
            // Prometheus has to have seen the new series at 0: a rate takes the first sample as where to count from.
            prometheus.scraped(build, Timestamp::now()).await?;
        }
        let plan = Plan { address: self.service.address(), rate: RATE, requests, connections: CONNECTIONS };
        let measured = load::run(plan).await?;
        let ended = Timestamp::now();
        let (source, end) = if let Some(prometheus) = &mut self.prometheus {
            (format!("prom={}", prometheus.url()), prometheus.scraped(build, ended).await?)
        } else {
            let path = self.path(&format!("load-{build}.json"));
            measured.write(&path)?;
            (format!("load=json:{}", path.display()), ended)
        };
        Ok(Cue { build, source, start: end - WINDOW, end, measured })
    }

    /// Ends everything and waits until it is gone.
    pub(crate) async fn strike(self) {
        let Self { prometheus, service, directory, .. } = self;
        if let Some(prometheus) = prometheus {
            prometheus.stop().await;
        }
        service.stop().await;
        drop(directory);
    }
}

/// Where the values come from, as a sentence without a full stop.
impl fmt::Display for Stage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(prometheus) = &self.prometheus {
            let executable = prometheus.executable().display();
            write!(out, "Values come from Prometheus ({executable}, on {})", prometheus.url())
        } else {
            let variable = prometheus::VARIABLE;
            out.write_str("Values come from the load generator's own measurements: ")?;
            write!(out, "there is no prometheus on PATH, and {variable} names none")
        }
    }
}

#[cfg(test)]
mod tests;
