//! Log lines on standard error.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::settings::{LogFormat, Settings};
use crate::failure::Failure;
use crate::terminal::Style;

/// Begins to log as the settings say, for the rest of the process.
pub(crate) fn start(settings: &Settings) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::plain(format!("cannot log: {error}"));
    let filter = EnvFilter::builder().parse(&settings.log_level).map_err(|error| failed(&error))?;
    let registry = tracing_subscriber::registry().with(filter);
    let started = match settings.log_format {
        LogFormat::Text => {
            registry.with(layer().with_writer(std::io::stderr).with_ansi(Style::stderr().colour)).try_init()
        }
        LogFormat::Json => {
            // The fields beside message and level, not below a key of their own: collectors then find them.
            registry.with(layer().json().flatten_event(true).with_writer(std::io::stderr)).try_init()
        }
    };
    started.map_err(|error| failed(&error))
}
