//! What every handler can reach.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use capstan_runtime::projects::Projects;
use capstan_runtime::writer::Handle;
use tokio::sync::watch;

use crate::metrics::Metrics;

/// What the routes are made of.
pub struct Means {
    /// The way to the writer and to what it has committed.
    pub handle: Handle,
    /// What is done to projects and services.
    pub projects: Arc<Projects>,
    /// Whether this is the token; it must take the same time for every wrong one.
    pub token: Arc<dyn Fn(&str) -> bool + Send + Sync>,
    /// Whether the server can do its work.
    pub ready: Arc<dyn Fn() -> bool + Send + Sync>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Whether runs are told as traces, so that v1's events of tasks say where theirs goes on.
    pub traced: bool,
    /// How long the body of a request may take to arrive.
    pub patience: Duration,
    /// Turns to true when the server stops: answers that have no end of their own end then.
    pub stopping: watch::Receiver<bool>,
}

/// The same, shared: a router clones its state several times for each request.
#[derive(Clone)]
pub(crate) struct AppState(Arc<Means>);

impl AppState {
    /// These, from now on shared.
    pub(crate) fn of(means: Means) -> Self {
        Self(Arc::new(means))
    }
}

impl Deref for AppState {
    type Target = Means;

    fn deref(&self) -> &Means {
        &self.0
    }
}
