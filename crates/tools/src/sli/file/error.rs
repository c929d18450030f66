//! Why a file of results cannot be used.

use std::io;
use std::path::{Path, PathBuf};

use crate::sli::FileFormat;

/// Why a file of results cannot be used: something for the user to mend. Every message names the file and says how.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// There is no such file.
    #[error("{} does not exist: check the path, and that the test has run and wrote its results there", shown(.path))]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The path is that of a directory.
    #[error("{} is a directory: name one file in it", shown(.path))]
    Directory {
        /// The directory.
        path: PathBuf,
    },
    /// The file could not be opened, or reading broke off.
    #[error("{} cannot be read: {cause}", shown(.path))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The file holds nothing but white space.
    #[error("{} is empty: check that the test has run to its end and wrote its results there", shown(.path))]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file holds something else than it was said to hold.
    #[error("{} is no {} file: found {found}{}", shown(.path), content(*.format), remedy(.path, *.format, *.looks_like))]
    WrongFormat {
        /// The file.
        path: PathBuf,
        /// What it was said to hold.
        format: FileFormat,
        /// What was found, in words.
        found: String,
        /// The format that it seems to have.
        looks_like: Option<FileFormat>,
    },
    /// The file begins as it should, but does not go on so.
    #[error("{}{}: {problem}", shown(.path), .line.map(|line| format!(", line {line}")).unwrap_or_default())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where, counted from 1.
        line: Option<u64>,
        /// What was found there, and what to do about it.
        problem: String,
    },
}

impl FileError {
    /// The error that `trouble` is for the file at `path`.
    pub(super) fn new(path: &Path, format: FileFormat, trouble: Trouble) -> Self {
        let path = path.to_owned();
        let harmless = |text: String| text.replace(char::is_control, " ");
        match trouble {
            Trouble::Io(cause) if cause.kind() == io::ErrorKind::NotFound => Self::Missing { path },
            Trouble::Io(cause) if cause.kind() == io::ErrorKind::IsADirectory => Self::Directory { path },
            Trouble::Io(cause) => Self::Unreadable { path, cause },
            Trouble::Empty => Self::Empty { path },
            Trouble::Wrong { found, looks_like } => {
                Self::WrongFormat { path, format, found: harmless(found), looks_like }
            }
            Trouble::Malformed { line, problem } => Self::Malformed { path, line, problem: harmless(problem) },
        }
    }
}

/// What went wrong with a file whose path the reader of its format does not know.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The system refused.
    Io(io::Error),
    /// There is nothing in it.
    Empty,
    /// It has another format.
    Wrong { found: String, looks_like: Option<FileFormat> },
    /// It breaks the rules of its format, at a line counted from 1.
    Malformed { line: Option<u64>, problem: String },
}

impl Trouble {
    /// A break of the format's rules at `line`, counted from 1.
    pub(crate) fn at(line: u64, problem: impl Into<String>) -> Self {
        Self::Malformed { line: Some(line), problem: problem.into() }
    }
}

impl From<io::Error> for Trouble {
    fn from(cause: io::Error) -> Self {
        Self::Io(cause)
    }
}

fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    if text.chars().any(char::is_control) { format!("{text:?}") } else { format!("'{text}'") }
}

/// What a file of `format` is called.
fn content(format: FileFormat) -> &'static str {
    match format {
        FileFormat::Json => "JSON",
        FileFormat::Jtl => "JMeter results",
        FileFormat::Junit => "JUnit XML",
        FileFormat::K6 => "k6 results",
    }
}

fn remedy(path: &Path, format: FileFormat, looks_like: Option<FileFormat>) -> String {
    if let Some(other) = looks_like {
        return format!(": to read it as that, write {other}:{}", path.to_string_lossy().escape_debug());
    }
    let wanted = match format {
        FileFormat::Json => "a JSON document",
        FileFormat::Jtl => "what JMeter writes with -l, as CSV with a header line or as XML",
        FileFormat::Junit => "XML with the root element 'testsuites' or 'testsuite'",
        FileFormat::K6 => "what k6 writes with --summary-export, handleSummary or --out json",
    };
    format!("; {format}: reads {wanted}")
}
