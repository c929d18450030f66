//! What can be said to `capstan bench gate`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde::Serialize;

/// `capstan bench gate`
#[derive(Debug, Args)]
#[command(
    after_help = "A gate and the same queries sent bare take turns; the overhead is the difference within each pair. The source is \
a stub in this process that answers at once or after 20 or 100 ms, and a Prometheus where there is one: the one that \
--prometheus names, or CAPSTAN_PROMETHEUS, or the first on PATH. It is started on loopback with data of its own.

A row says 'contended' where other programs used more than 10 % of the CPU time shortly before, or kept the disk busy.

Examples:
  capstan bench gate --out gate.json
  capstan bench gate --only stub-0ms/100/1"
)]
pub(crate) struct GateArgs {
    /// How long to measure
    #[arg(long, value_enum, default_value_t = Profile::Short, value_name = "PROFILE")]
    pub(super) profile: Profile,
    /// The Prometheus executable to measure with
    #[arg(long, value_name = "PATH")]
    pub(super) prometheus: Option<PathBuf>,
    /// Write machine, settings and all repetitions to this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Measure only the rows whose name (SOURCE/SLIS/AT-ONCE) has this in it
    #[arg(long, value_name = "SUBSTRING", default_value = "", hide_default_value = true)]
    pub(super) only: String,
}

/// How long to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Profile {
    /// Some ten minutes in all: each row 2 s to warm up, then five times 2 s or one gate
    Short,
    /// Some three hours in all: each row 10 s to warm up, then five times 60 s
    Full,
}

/// How long a row is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace {
    /// Before anything counts.
    pub(super) warm_up: Duration,
    /// How often to measure.
    pub(super) repetitions: usize,
    /// How long each time. What began before the end counts, and the first pair always does.
    pub(super) repetition: Duration,
}

impl Profile {
    pub(super) fn pace(self) -> Pace {
        let (warm_up, repetition) = match self {
            Self::Short => (2, 2),
            Self::Full => (10, 60),
        };
        Pace { warm_up: Duration::from_secs(warm_up), repetitions: 5, repetition: Duration::from_secs(repetition) }
    }
}
