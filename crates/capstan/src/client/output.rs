//! How a command writes what a server said.

use capstan_model::yaml;
use clap::{Args, ValueEnum};
use serde_json::Value;

use crate::failure::ErrorFormat;
use crate::terminal::print;

/// How to write what the server says.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct OutputArgs {
    /// How to write it
    #[arg(short, long, value_enum, default_value_t = OutputFormat::Table, value_name = "FORMAT")]
    output: OutputFormat,
}

/// The ways to write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// For people
    Table,
    /// The document of the API
    Json,
    /// The same for programs and people
    Yaml,
}

impl OutputArgs {
    pub(crate) fn error_format(self) -> ErrorFormat {
        if self.output == OutputFormat::Json { ErrorFormat::Json } else { ErrorFormat::Drawn }
    }

    pub(crate) fn format(self) -> OutputFormat {
        self.output
    }

    /// Writes a document of the API, or the text that `table` makes of it for people.
    pub(crate) fn print(self, document: &Value, table: impl FnOnce() -> String) {
        print(&match self.output {
            OutputFormat::Table => table(),
            OutputFormat::Json => format!("{document:#}\n"),
            OutputFormat::Yaml => yaml::emit(document),
        });
    }
}
