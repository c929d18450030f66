//! What can be said to `capstan bench server`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde::Serialize;

/// `capstan bench server`
#[derive(Debug, Args)]
#[command(
    after_help = "Each row has a fresh 'capstan serve' on loopback, with a data directory that is removed at the end. References are
measured in the same run by the same client: F, the disk's own sync; H, a server that only parses; G, one that
appends to a file and syncs what has come together; S, bare SQLite. Bars and goals are ratios to them.

Rows: F H/32 G/1 G/32 G/256 S/1 S/32 S/256, W1/<clients> (ingest), W2/<v1|claims>/<runs in flight> (sequences).
A row says 'contended' where other programs used more than 10 % of the CPU time shortly before, or kept the disk busy.

With --url a server is driven that is there already, Capstan or any with Keptn v1's API: W1 and W2 by polling.

Examples:
  capstan bench server --out server.json
  capstan bench server --only W2/claims/64
  capstan bench server --server ./before --server ./after --only W1
  capstan bench server --url http://localhost:8080/api --token $TOKEN"
)]
pub(crate) struct ServerArgs {
    /// How long to measure
    #[arg(long, value_enum, default_value_t = Profile::Short, value_name = "PROFILE")]
    pub(super) profile: Profile,
    /// Measure only the rows whose name has this in it, and the references that their goals need; may be given more than once
    #[arg(long, value_name = "SUBSTRING")]
    pub(super) only: Vec<String>,
    /// Measure this executable instead of this one; several take turns, and are held against the first
    #[arg(long, value_name = "PATH")]
    pub(super) server: Vec<PathBuf>,
    /// Keep data here while measuring, on a disk that holds 10 GB [default: the directory for temporary files]
    #[arg(long, value_name = "DIRECTORY")]
    pub(super) dir: Option<PathBuf>,
    /// Drive the server at this address instead of starting one
    #[arg(long, value_name = "URL", conflicts_with_all = ["server"])]
    pub(super) url: Option<String>,
    /// The token of the server at --url
    #[arg(long, env = "CAPSTAN_TOKEN", hide_env_values = true, value_name = "TOKEN", requires = "url")]
    pub(super) token: Option<String>,
    /// Write machine, settings, all repetitions and histograms to this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
}

/// How long to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Profile {
    /// Each row 2 s to warm up, then three times 10 s
    Short,
    /// Each row 10 s to warm up, then five times 60 s
    Full,
    /// Fractions of a second, to see that it works
    #[value(hide = true)]
    Smoke,
}

/// How long a row is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace {
    /// Before anything counts.
    pub(super) warm_up: Duration,
    /// How often to measure.
    pub(super) repetitions: usize,
    /// How long each time.
    pub(super) repetition: Duration,
}

impl Profile {
    pub(super) fn pace(self) -> Pace {
        let (warm_up, repetitions, repetition) = match self {
            Self::Short => (2_000, 3, 10_000),
            Self::Full => (10_000, 5, 60_000),
            Self::Smoke => (50, 2, 300),
        };
        Pace { warm_up: Duration::from_millis(warm_up), repetitions, repetition: Duration::from_millis(repetition) }
    }
}
