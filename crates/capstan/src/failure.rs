//! What a user can mend, told apart from a verdict: a command that ends so exits with 2.

use std::path::{Path, PathBuf};

use capstan_model::diagnostic::{Diagnostic, position};
use serde_json::{Value, json};

use crate::terminal::{Style, draw};

/// Why a command could not do its work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Files that are wrong, each with what is wrong.
    Files(Vec<CheckedFile>),
    /// Anything else, in a sentence, with a way to mend it where there is one.
    Plain {
        /// What is wrong.
        message: String,
        /// How to mend it.
        help: Option<String>,
    },
}

/// How an error is written: drawn for people, or as JSON for the program that asked for JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorFormat {
    Drawn,
    Json,
}

/// A file with what was found in it.
#[derive(Debug)]
pub(crate) struct CheckedFile {
    /// As the user named it.
    pub(crate) path: PathBuf,
    /// Its text.
    pub(crate) text: String,
    /// What was found.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Failure {
    /// A failure in one sentence.
    pub(crate) fn plain(message: impl Into<String>) -> Self {
        Self::Plain { message: message.into(), help: None }
    }

    /// A failure in one sentence, and how to mend it.
    pub(crate) fn with_help(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Plain { message: message.into(), help: Some(help.into()) }
    }

    /// A file that could not be read.
    pub(crate) fn unreadable(path: &Path, error: &std::io::Error) -> Self {
        let message = format!("cannot read '{}': {}", path.display(), reason(error));
        match error.kind() {
            std::io::ErrorKind::NotFound => Self::with_help(message, "check the path; it is taken from where you are"),
            std::io::ErrorKind::IsADirectory => Self::with_help(message, "name a file that is in it"),
            std::io::ErrorKind::PermissionDenied => Self::with_help(message, "let the user that runs this read it"),
            _ => Self::plain(message),
        }
    }

    /// For people.
    pub(crate) fn draw(&self, style: Style) -> String {
        match self {
            Self::Files(files) => files.iter().map(|file| draw(file, style)).collect(),
            Self::Plain { message, help } => {
                let help = help.as_ref().map(|help| format!("  {} {help}\n", style.dim("help:"))).unwrap_or_default();
                format!("{} {message}\n{help}", style.red("error:"))
            }
        }
    }

    /// For programs: `{"diagnostics": [{code, severity, file, line, column, message, help}]}`.
    pub(crate) fn to_json(&self) -> Value {
        let diagnostics: Vec<Value> = match self {
            Self::Files(files) => files.iter().flat_map(CheckedFile::to_json).collect(),
            Self::Plain { message, help } => {
                let mut diagnostic = json!({"code": "CLI001", "severity": "error", "message": message});
                if let Some(help) = help {
                    diagnostic["help"] = help.as_str().into();
                }
                vec![diagnostic]
            }
        };
        json!({ "diagnostics": diagnostics })
    }
}

impl CheckedFile {
    /// Its findings for programs.
    pub(crate) fn to_json(&self) -> Vec<Value> {
        let entry = |diagnostic: &Diagnostic| {
            let (start, end) = (position(&self.text, diagnostic.span.start), position(&self.text, diagnostic.span.end));
            let mut entry = json!({
                "code": diagnostic.code, "severity": diagnostic.severity, "file": self.path.display().to_string(),
                "line": start.line, "column": start.column, "endLine": end.line, "endColumn": end.column,
                "message": diagnostic.message,
            });
            if let Some(help) = &diagnostic.help {
                entry["help"] = help.as_str().into();
            }
            entry
        };
        self.diagnostics.iter().map(entry).collect()
    }
}

/// What the system says, without the number that only programmers read.
pub(crate) fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or_default();
    let mut characters = words.chars();
    characters.next().map_or_else(String::new, |first| first.to_lowercase().collect::<String>() + characters.as_str())
}

/// Text in UTF-16 with a byte order mark, as some Windows tools write it; v1 reads it too.
fn from_utf16(bytes: &[u8]) -> Option<String> {
    let (unit, body): (fn([u8; 2]) -> u16, _) = match bytes {
        [0xff, 0xfe, body @ ..] => (u16::from_le_bytes, body),
        [0xfe, 0xff, body @ ..] => (u16::from_be_bytes, body),
        _ => return None,
    };
    let units: Vec<u16> = body.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
    String::from_utf16(&units).ok()
}

/// Reads a text file that a user named.
pub(crate) fn read_text(path: &Path) -> Result<String, Failure> {
    let bytes = std::fs::read(path).map_err(|error| Failure::unreadable(path, &error))?;
    if let Some(text) = from_utf16(&bytes) {
        return Ok(text);
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at].split(|byte| *byte == b'\n').count();
        let message = format!("'{}' is not UTF-8 text: line {line} holds bytes that are no characters", path.display());
        Failure::with_help(message, "save the file as UTF-8")
    })
}
