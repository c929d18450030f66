//! The body of an answer that is no success.

use capstan_model::diagnostic::{Diagnostic, position};
use capstan_model::shipyard::Rejections;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Failure;

// It only describes what `Failure` writes.
/// Why a request was refused.
#[derive(Serialize, ToSchema)]
pub(super) struct Problem {
    /// The status once more.
    #[schema(example = 404)]
    code: Option<u16>,
    /// A sentence: what is wrong, where, and how to mend it.
    message: String,
    /// Where a file is refused: everything that is wrong with it, in the order of the file.
    diagnostics: Option<Vec<Finding>>,
    /// With a status of 410: the position of the oldest fact that is stored, or of the next one where none is.
    oldest: Option<u64>,
}

/// One thing that is wrong with a file.
#[derive(Serialize, ToSchema)]
struct Finding {
    /// Which kind of mistake; `docs/lint.md` explains each.
    #[schema(example = "SHY001")]
    code: &'static str,
    /// Line, from 1.
    line: usize,
    /// Column in characters, from 1.
    column: usize,
    /// What is wrong.
    message: String,
    /// How to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
}

/// A shipyard is refused, for these reasons.
pub(super) fn refused(text: &str, rejections: &Rejections) -> Failure {
    let findings: Vec<Finding> = rejections.iter().map(|(_, diagnostic)| Finding::of(text, diagnostic)).collect();
    let mut message = "the shipyard is refused".to_owned();
    if let Some(Finding { line, column, message: first, help, .. }) = findings.first() {
        message.push_str(&format!(": line {line}, column {column}: {first}"));
        message.extend(help.iter().map(|help| format!("; {help}")));
    }
    match findings.len() {
        0 | 1 => {}
        all => message.push_str(&format!(" (and {} more)", all - 1)),
    }
    // Texts and numbers always have a form in JSON.
    Failure::bad_request(message).with("diagnostics", serde_json::to_value(findings).unwrap_or_default())
}

impl Finding {
    fn of(text: &str, diagnostic: &Diagnostic) -> Self {
        let place = position(text, diagnostic.span.start);
        Self {
            code: diagnostic.code,
            line: place.line,
            column: place.column,
            message: diagnostic.message.clone(),
            help: diagnostic.help.clone(),
        }
    }
}
