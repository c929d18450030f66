//! What can go wrong in the demo.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Why the demo ended early. Each message is a sentence for the user, without a full stop.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {
    /// The sample service could not listen.
    #[error("the sample service could not listen on 127.0.0.1: {0}")]
    Service(#[source] std::io::Error),
    /// A file of the demo could not be written.
    #[error("could not write {}: {cause}", path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        #[source]
        cause: std::io::Error,
    },
    /// A signal's handler could not be set up.
    #[error("could not listen for signals: {0}")]
    Signals(#[source] std::io::Error),
    /// The load generator got no answer at all.
    #[error("none of {sent} requests to http://{address} was answered: {cause}")]
    NoAnswer {
        /// How many were sent.
        sent: u64,
        /// Where to.
        address: SocketAddr,
        /// What became of the last one.
        #[source]
        cause: std::io::Error,
    },
    /// `CAPSTAN_PROMETHEUS` names no executable.
    #[error("CAPSTAN_PROMETHEUS is {}, which is no executable file; leave it unset to look for one on PATH, or empty to do without", path.display())]
    NoExecutable {
        /// Its value.
        path: PathBuf,
    },
    /// The executable could not be run.
    #[error("could not start {}: {cause}", path.display())]
    Spawn {
        /// The executable.
        path: PathBuf,
        /// What the system says.
        #[source]
        cause: std::io::Error,
    },
    /// Prometheus ended although nobody told it to.
    #[error("{} ended with {status} {when}; the end of its log:\n{log}", path.display())]
    Ended {
        /// The executable.
        path: PathBuf,
        /// Its exit status.
        status: std::process::ExitStatus,
        /// At what point.
        when: &'static str,
        /// The last lines that it wrote.
        log: String,
    },
    /// Prometheus did not come to the awaited state in time.
    #[error("{} was not {awaited} within {} s ({last}); the end of its log:\n{log}", path.display(), within.as_secs())]
    Late {
        /// The executable.
        path: PathBuf,
        /// What was waited for.
        awaited: String,
        /// For how long.
        within: Duration,
        /// What the last look said.
        last: String,
        /// The last lines that it wrote.
        log: String,
    },
    /// A signal asked the demo to end.
    #[error("interrupted")]
    Interrupted,
}
