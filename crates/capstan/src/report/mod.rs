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
        Format::Json => format!("{:#}\n", report.event_json()),
        Format::Yaml => capstan_model::yaml::emit(&report.event_json()),
        Format::Markdown => markdown::write(report),
        Format::Junit => junit::write(report),
    }
}
