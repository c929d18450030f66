//! What can be said to `capstan bench server`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde::Serialize;

/// `capstan bench server`
#[derive(Debug, Args)]
#[command(after_help = "\
Each row has a fresh 'capstan serve' on loopback, with a data directory that is removed at the end. References are \
measured in the same run by the same client: F, the disk's own sync; H, a server that only parses; G, one that appends \
to a file and syncs what has come together; S, bare SQLite. Bars and goals are ratios to them.

Rows: F H/32 G/1 G/32 G/256 S/1 S/32 S/256; W1/<clients>, ingest; W2/<v1|claims>/<runs in flight>, whole runs; \
W3/<v1|claims|stream>/<1|10|half>, from an answer to the next task, at so many runs a second; W5/<warm|cold>, recovery \
from a kill; W6/<empty|1M|10k-open|streams>, what it occupies; W7/<1k|10k|100k|1M>, the same work on more stored \
events.
A row says 'contended' where other programs used more than 10 % of the CPU time shortly before, or kept the disk busy.
A row whose server lost something, or did something twice, has no figures, and the bench ends with 1.

With --url a server is driven that is there already, Capstan or any with Keptn v1's API: W1, and W2 and W3 by polling. \
It gets ten projects 'bench-00' to 'bench-09', which stay.

Examples:
  capstan bench server --out server.json
  capstan bench server --only W2/claims/64
  capstan bench server --server ./before --server ./after --only W1
  capstan bench server --url http://localhost:8080/api --token $TOKEN")]
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
    #[arg(long, env = "CAPSTAN_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub(super) token: Option<String>,
    /// Write machine, settings, all repetitions and histograms to this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
}

/// How long to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Profile {
    /// Some half an hour in all: each row 2 s to warm up, then three times 10 s
    Short,
    /// Some six hours in all: each row 10 s to warm up, then five times 60 s
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
            Self::Smoke => (50, 1, 300),
        };
        Pace { warm_up: Duration::from_millis(warm_up), repetitions, repetition: Duration::from_millis(repetition) }
    }
}

/// How much is stored for the rows that are about stored things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Scale {
    /// Events, from little to much.
    pub(super) events: [u64; 4],
    /// Runs that are open.
    pub(super) open_runs: usize,
    /// Clients that follow the stream.
    pub(super) streams: usize,
    /// How often a server is started in a repetition.
    pub(super) starts: usize,
    /// By what the runs in flight are divided.
    pub(super) fewer_in_flight: usize,
}

impl Profile {
    pub(super) fn scale(self) -> Scale {
        match self {
            Self::Short | Self::Full => Scale {
                events: [1_000, 10_000, 100_000, 1_000_000],
                open_runs: 10_000,
                streams: 100,
                // With the repetitions, 50 and more.
                starts: 17,
                fewer_in_flight: 1,
            },
            Self::Smoke => {
                Scale { events: [90, 180, 270, 360], open_runs: 20, streams: 5, starts: 2, fewer_in_flight: 16 }
            }
        }
    }
}
