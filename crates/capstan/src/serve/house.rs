//! What a server stands on: store, configuration, writer, and the tools that it brings.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use capstan_adapters::git::GitConfig;
use capstan_adapters::sqlite::SqliteStore;
use capstan_engine::orchestrate::Limits;
use capstan_runtime::observe::Observer;
use capstan_runtime::ports::{Clock, ConfigRepo as _, SystemClock};
use capstan_runtime::projects::Projects;
use capstan_runtime::writer::{Handle, Options, Writer, WriterThread};
use capstan_server::{About, Metrics};
use capstan_tools::approval;
use jiff::SignedDuration;

use super::data_dir::DataDir;
use super::settings::Settings;
use super::traces::{Exporter, Receiver};
use crate::failure::{Failure, reason};

/// The file that holds runs and events.
pub(crate) const STORE: &str = "capstan.db";

/// The folder that holds a repository for each project.
pub(crate) const CONFIGURATION: &str = "config";

/// Everything that works behind the HTTP surface.
pub(super) struct House {
    pub(super) handle: Handle,
    pub(super) projects: Arc<Projects>,
    pub(super) metrics: Arc<Metrics>,
    writer: WriterThread,
    tools: tokio::task::JoinHandle<()>,
    /// Tells runs as traces, where somebody wants them.
    traces: Option<tokio::task::JoinHandle<()>>,
}

impl House {
    /// Opens what the data directory holds and starts what works on it.
    pub(super) async fn open(settings: &Settings, data: &DataDir) -> Result<Self, Failure> {
        // Also wrong input, and told before anything is made.
        let receiver = Receiver::wanted(settings.otlp_endpoint.as_ref(), &|name| std::env::var_os(name))?;
        let configuration = data.path().join(CONFIGURATION);
        if configuration.is_file() {
            let message = format!("cannot open the configuration: '{}' is a file", configuration.display());
            return Err(Failure::with_help(message, "put the directory back that was there, or move the file away"));
        }
        let unreadable = |why: &str| {
            let message = format!("cannot open the configuration in '{}': {why}", configuration.display());
            Failure::with_help(message, "let the user that runs the server read and write there, on a disk that works")
        };
        let repo = GitConfig::open(configuration.clone()).map_err(|error| unreadable(&reason(&error)))?;
        let projects = repo.projects().map_err(|error| unreadable(&error.to_string()))?;
        if !projects.is_empty() {
            refuse_lost_store(data.path(), &configuration)?;
        }
        let store = SqliteStore::open(&data.path().join(STORE)).map_err(|error| Failure::plain(error.to_string()))?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let path = data.path().join(STORE);
        let log = path.with_extension("db-wal");
        let about = About {
            version: env!("CARGO_PKG_VERSION"),
            started_at: clock.now(),
            files: vec![("database", path), ("log", log)],
        };
        let metrics = Arc::new(Metrics::new(about));
        let options = Options { limits: limits(settings), retention: settings.retention, ..Options::default() };
        let (writer, handle) =
            Writer::new(Box::new(store), clock, options).map_err(|error| Failure::plain(error.to_string()))?;
        let writer = writer
            .observed_by(Arc::clone(&metrics) as Arc<dyn Observer>)
            .start(&handle)
            .map_err(|error| Failure::plain(format!("cannot start the thread of the writer: {error}")))?;
        let projects = Arc::new(Projects::new(Arc::new(repo), handle.clone()));
        projects.reconcile().await.map_err(|error| {
            Failure::plain(format!("the store cannot be brought in line with the configuration: {error}"))
        })?;
        let traces = match receiver {
            Some(receiver) => {
                let exporter = Exporter::open(handle.clone(), receiver, data.path()).await;
                let exporter = exporter.map_err(|error| Failure::plain(error.to_string()))?;
                Some(tokio::spawn(exporter.run()))
            }
            None => None,
        };
        let tools = tokio::spawn(approval::run(handle.clone()));
        Ok(Self { handle, projects, metrics, writer, tools, traces })
    }

    /// Writes what has been submitted, and ends.
    pub(super) async fn close(self) {
        self.tools.abort();
        if let Some(traces) = &self.traces {
            // What it has not delivered it delivers after the next start.
            traces.abort();
        }
        // The writer's thread may be at a sync.
        if let Err(error) = tokio::task::spawn_blocking(move || self.writer.stop()).await {
            tracing::error!(%error, "the writer did not end well");
        }
    }
}

/// A store is made before the first project is, and put back last from a backup: where there are projects and no store, it was
/// lost, and to begin with an empty one would hide it.
fn refuse_lost_store(data: &Path, configuration: &Path) -> Result<(), Failure> {
    let store = data.join(STORE);
    let is_empty =
        std::fs::metadata(&store).map_or_else(|error| error.kind() == ErrorKind::NotFound, |it| it.len() == 0);
    if !is_empty {
        return Ok(());
    }
    let what = if store.exists() { "is empty" } else { "is not there" };
    let (store, configuration) = (store.display(), configuration.display());
    let message = format!("the store '{store}' {what}, but there are projects in '{configuration}'");
    let help = "restore a backup into another directory, or move the configuration away to begin anew";
    Err(Failure::with_help(message, help))
}

fn limits(settings: &Settings) -> Limits {
    // Durations of settings are far below what a timestamp can hold.
    let signed = |duration| SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
    Limits {
        start_timeout: signed(settings.tasks_start_timeout),
        leases: settings.tasks_leases,
        task_timeout: signed(settings.tasks_timeout),
        ..Limits::default()
    }
}
