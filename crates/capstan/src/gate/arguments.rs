//! Arguments that several commands of the gate share.

use std::collections::BTreeMap;

use capstan_model::event::evaluation::Subject;
use capstan_tools::sli::SourceSpec;
use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use clap::{Arg, Args, Command};

use crate::failure::ErrorFormat;
use crate::report::Format;

/// What is evaluated.
#[derive(Debug, Clone, Args)]
pub(crate) struct SubjectArgs {
    /// Project that the service belongs to
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    pub(crate) project: String,
    /// Stage that is judged, such as staging
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    pub(crate) stage: String,
    /// Service that is judged
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    pub(crate) service: String,
    /// A label of the evaluation, such as build=17; may be given several times
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = label)]
    pub(crate) labels: Vec<(String, String)>,
}

impl SubjectArgs {
    pub(crate) fn subject(&self) -> Subject {
        Subject {
            project: self.project.clone(),
            stage: self.stage.clone(),
            service: self.service.clone(),
            labels: self.labels.iter().cloned().collect::<BTreeMap<_, _>>(),
        }
    }
}

/// Reads a label.
pub(crate) fn label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("a label is KEY=VALUE, such as build=17".to_owned()),
    }
}

/// How a verdict is shown and what a warning is worth.
#[derive(Debug, Clone, Args)]
pub(crate) struct VerdictArgs {
    /// How to write the verdict
    #[arg(short, long, value_enum, default_value_t = Format::Table, value_name = "FORMAT")]
    pub(crate) output: Format,
    /// Exit with 0 on a warning instead of 3
    #[arg(long)]
    pub(crate) warning_ok: bool,
}

impl VerdictArgs {
    pub(crate) fn error_format(&self) -> ErrorFormat {
        if self.output == Format::Json { ErrorFormat::Json } else { ErrorFormat::Drawn }
    }
}

/// What the exit codes of a verdict mean; shown below the help of each command that has one.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  pass
  1  fail
  2  wrong usage or an invalid file
  3  warning (0 with --warning-ok)
  4  no verdict: the values could not be had, or no objective was left";

/// Reads a source. clap's own message would repeat the argument, and with it a password that has no place there.
#[derive(Debug, Clone)]
pub(crate) struct SourceParser;

impl TypedValueParser for SourceParser {
    type Value = SourceSpec;

    fn parse_ref(
        &self,
        command: &Command,
        _: Option<&Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<SourceSpec, clap::Error> {
        let failed = |message: String| command.clone().error(ErrorKind::ValueValidation, message);
        let text = value.to_str().ok_or_else(|| failed("a --source is not UTF-8 text".to_owned()))?;
        text.parse().map_err(|error: capstan_tools::sli::SpecError| failed(error.to_string()))
    }
}
