//! The settings of the server: one entry of [`SETTINGS`] and one field of [`Settings`] each. Flags, variables, keys of the
//! file, `capstan config explain` and the table in `docs/serve.md` follow from the entry.

mod arguments;
mod file;
mod read;
mod resolve;

use std::path::PathBuf;
use std::time::Duration;

use capstan_runtime::ports::Retention;
use reqwest::Url;

pub(crate) use arguments::SettingsArgs;
pub(crate) use resolve::{Resolved, Source, resolve};

/// What the server does where it was not told otherwise, and what it was told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Where the server keeps everything.
    pub(crate) data: PathBuf,
    /// Host and port; the host may be a name, and port 0 is any free one.
    pub(crate) listen: String,
    /// A filter of `tracing`.
    pub(crate) log_level: String,
    /// How log lines are written.
    pub(crate) log_format: LogFormat,
    /// How long a task may take to be started by someone.
    pub(crate) tasks_start_timeout: Duration,
    /// How long a started task may stay without a sign of life.
    pub(crate) tasks_timeout: Duration,
    /// How many leases of one task may be lost in a row.
    pub(crate) tasks_leases: u32,
    /// How long runs are kept where their project does not say.
    pub(crate) retention: Retention,
    /// Where runs are sent to as traces; none: nowhere.
    pub(crate) otlp_endpoint: Option<Url>,
    /// How long the head and how long the body of a request may take to arrive.
    pub(crate) patience: Duration,
    /// How long requests under way may take to end when the server stops.
    pub(crate) drain: Duration,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// One setting, and all the ways to give it.
#[derive(Debug)]
pub(crate) struct Setting {
    /// Its key in the file; a dot is a table.
    pub(crate) name: &'static str,
    /// Its flag, without the dashes.
    pub(crate) flag: &'static str,
    /// What the flag's value is called in the help.
    pub(crate) value: &'static str,
    /// Its variable. None may be called `CAPSTAN_PORT` or `CAPSTAN_SERVICE_*`: Kubernetes sets those by itself next to a
    /// service of the name `capstan`.
    pub(crate) env: &'static str,
    /// Its value where nobody gives one.
    pub(crate) default: &'static str,
    /// What it is, in a line.
    pub(crate) help: &'static str,
    /// Reads a value into its field.
    pub(crate) read: fn(&str, &mut Settings) -> Result<(), Wrong>,
}

/// Why a value does not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// Continues 'X is ...'.
    pub(crate) is: String,
    /// How to mend it.
    pub(crate) help: String,
}

/// Every setting. The token is none: it comes from `CAPSTAN_TOKEN` or the data directory, never from a flag or the file.
pub(crate) const SETTINGS: &[Setting] = &[
    Setting {
        name: "data",
        flag: "data",
        value: "DIR",
        env: "CAPSTAN_DATA",
        default: "./capstan-data",
        help: "Directory for everything that the server keeps; made if it is not there",
        read: |text, settings| read::path(text).map(|value| settings.data = value),
    },
    Setting {
        name: "listen",
        flag: "listen",
        value: "ADDR",
        env: "CAPSTAN_LISTEN",
        default: "127.0.0.1:8080",
        help: "Host and port to listen on; port 0 is any free one",
        read: |text, settings| read::address(text).map(|value| settings.listen = value),
    },
    Setting {
        name: "log.level",
        flag: "log-level",
        value: "FILTER",
        env: "CAPSTAN_LOG",
        default: "info",
        help: "What is logged: error, warn, info, debug, trace or off, also by module as in info,capstan=debug",
        read: |text, settings| read::log_filter(text).map(|value| settings.log_level = value),
    },
    Setting {
        name: "log.format",
        flag: "log-format",
        value: "FORMAT",
        env: "CAPSTAN_LOG_FORMAT",
        default: "text",
        help: "How it is logged: text, or json with one object a line",
        read: |text, settings| read::log_format(text).map(|value| settings.log_format = value),
    },
    Setting {
        name: "tasks.start_timeout",
        flag: "start-timeout",
        value: "DURATION",
        env: "CAPSTAN_TASKS_START_TIMEOUT",
        default: "10m",
        help: "How long a triggered task may wait to be started",
        read: |text, settings| read::timeout(text).map(|value| settings.tasks_start_timeout = value),
    },
    Setting {
        name: "tasks.timeout",
        flag: "task-timeout",
        value: "DURATION",
        env: "CAPSTAN_TASKS_TIMEOUT",
        default: "24h",
        help: "How long a started task may stay without a sign of life",
        read: |text, settings| read::timeout(text).map(|value| settings.tasks_timeout = value),
    },
    Setting {
        name: "tasks.leases",
        flag: "task-leases",
        value: "NUMBER",
        env: "CAPSTAN_TASKS_LEASES",
        default: "3",
        help: "How many leases of one task may be lost in a row; the last one ends the attempt as a timeout does",
        read: |text, settings| read::count(text).map(|value| settings.tasks_leases = value),
    },
    Setting {
        name: "retention.runs",
        flag: "keep-runs",
        value: "DURATION",
        env: "CAPSTAN_RETENTION_RUNS",
        default: "all",
        help: "How long runs are kept after their end, where their project does not say: a duration such as 90d, or all",
        read: |text, settings| read::keep(text).map(|value| settings.retention.runs = Some(value)),
    },
    Setting {
        name: "retention.evaluations",
        flag: "keep-evaluations",
        value: "DURATION",
        env: "CAPSTAN_RETENTION_EVALUATIONS",
        default: "all",
        help: "How long the evaluations of such runs are kept; never shorter than the runs",
        read: |text, settings| read::keep(text).map(|value| settings.retention.evaluations = Some(value)),
    },
    Setting {
        name: "otlp.endpoint",
        flag: "otlp-endpoint",
        value: "URL",
        env: "CAPSTAN_OTLP_ENDPOINT",
        default: "off",
        help: "Where runs are sent to as traces, by OTLP over HTTP: a URL such as http://localhost:4318, or off",
        read: |text, settings| read::endpoint(text).map(|value| settings.otlp_endpoint = value),
    },
    Setting {
        name: "patience",
        flag: "patience",
        value: "DURATION",
        env: "CAPSTAN_PATIENCE",
        default: "30s",
        help: "How long a client may take to send a request, and may stay connected without one",
        read: |text, settings| read::timeout(text).map(|value| settings.patience = value),
    },
    Setting {
        name: "drain",
        flag: "drain",
        value: "DURATION",
        env: "CAPSTAN_DRAIN",
        default: "10s",
        help: "How long requests under way may take to end when the server stops; 0s cuts them off",
        read: |text, settings| read::duration(text).map(|value| settings.drain = value),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_has_names_of_its_own_and_a_default_that_does() {
        for (at, setting) in SETTINGS.iter().enumerate() {
            (setting.read)(setting.default, &mut Settings::default()).unwrap();
            for other in &SETTINGS[..at] {
                assert!(setting.name != other.name && setting.flag != other.flag && setting.env != other.env);
            }
            let kubernetes = setting.env.starts_with("CAPSTAN_PORT") || setting.env.starts_with("CAPSTAN_SERVICE_");
            assert!(setting.env.starts_with("CAPSTAN_") && !kubernetes, "{}", setting.env);
        }
    }

    #[test]
    fn the_page_for_operators_has_every_setting() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/serve.md");
        let page = std::fs::read_to_string(page).unwrap();
        for Setting { name, flag, env, default, help, .. } in SETTINGS {
            let row = format!("| `{name}` | `--{flag}` | `{env}` | `{default}` | {help} |");
            assert!(page.contains(&row), "docs/serve.md lacks this row:\n{row}");
        }
    }
}
