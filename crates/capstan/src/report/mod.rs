//! A verdict and the ways to write it.

mod build;
mod junit;
mod markdown;
mod past;
mod table;

use clap::ValueEnum;

pub(crate) use build::Report;
pub(crate) use past::{backtest_table, history_table};

use crate::terminal::Style;

/// How a verdict is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// The whole event
    Json,
    /// The whole event
    Yaml,
    /// For a pull request
    Markdown,
    /// For test reporters
    Junit,
}

/// Writes a verdict for standard output.
pub(crate) fn write(report: &Report, format: Format) -> String {
    match format {
        Format::Table => table::write(report, Style::stdout()),
        // The types hold nothing that JSON cannot: text keys and finite numbers.
        Format::Json => serde_json::to_string_pretty(&report.event).unwrap_or_default() + "\n",
        Format::Yaml => capstan_model::yaml::emit(&serde_json::to_value(&report.event).unwrap_or_default()),
        Format::Markdown => markdown::write(report),
        Format::Junit => junit::write(report),
    }
}
