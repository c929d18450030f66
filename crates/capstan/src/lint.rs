//! `capstan lint`: what is wrong or doubtful in a file, before it judges anything.

use std::path::{Path, PathBuf};

use capstan_model::diagnostic::{Diagnostic, Severity, Span};
use capstan_model::{shipyard, sli, slo};
use clap::{Args, ValueEnum};
use serde_json::json;

use crate::exit::Exit;
use crate::failure::{CheckedFile, ErrorFormat, Failure, read_text};
use crate::terminal::{Style, draw, note, print};

/// `capstan lint F...`
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 clean, 1 findings, 2 a file that cannot be read.

Examples:
  capstan lint slo.yaml
  capstan lint slo.yaml prometheus/sli.yaml
  capstan lint shipyard.yaml
  capstan lint -o json services/*/slo.yaml

Each finding has a code; docs/lint.md explains them all.")]
pub(crate) struct LintArgs {
    /// Files to look at; what each is follows from its keys or, failing that, from its name
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How to write the findings
    #[arg(short, long, value_enum, default_value_t = LintFormat::Text, value_name = "FORMAT")]
    output: LintFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LintFormat {
    /// Drawn, with the lines that they are about
    Text,
    /// For programs
    Json,
}

impl LintArgs {
    pub(crate) fn error_format(&self) -> ErrorFormat {
        if self.output == LintFormat::Json { ErrorFormat::Json } else { ErrorFormat::Drawn }
    }
}

/// Looks at each file.
pub(crate) fn run(args: &LintArgs) -> Result<Exit, Failure> {
    let mut checked = Vec::with_capacity(args.files.len());
    let mut unreadable = Vec::new();
    for path in &args.files {
        match read_text(path).and_then(|text| check(path, text)) {
            Ok(file) => checked.push(file),
            Err(failure) => unreadable.push(failure),
        }
    }
    match args.output {
        _ if checked.is_empty() => {}
        LintFormat::Text => {
            let style = Style::stdout();
            let drawn: String = checked.iter().map(|file| draw(file, style)).collect();
            print(&format!("{drawn}{}\n", summary(&checked)));
        }
        LintFormat::Json => {
            let findings: Vec<_> = checked.iter().flat_map(CheckedFile::to_json).collect();
            print(&format!("{:#}\n", json!({ "diagnostics": findings })));
        }
    }
    let all = || checked.iter().flat_map(|file| &file.diagnostics);
    if let Some(last) = unreadable.pop() {
        for failure in unreadable {
            note(&failure.draw(Style::stderr()));
        }
        return Err(last);
    }
    Ok(match () {
        () if all().any(|diagnostic| diagnostic.severity == Severity::Error) => Exit::Usage,
        () if all().next().is_some() => Exit::Fail,
        () => Exit::Success,
    })
}

fn check(path: &Path, text: String) -> Result<CheckedFile, Failure> {
    let diagnostics = match kind(path, &text)? {
        // v1 takes an empty file for none, and a gate lets everything pass.
        Kind::Slo if text.is_empty() => {
            let finding = Diagnostic::warning(
                "SLO100",
                Span { start: 0, end: 0 },
                "the file is empty, so every evaluation passes unjudged",
            );
            vec![finding.help("write 'objectives:' and 'total_score:', or start with 'capstan gate init'")]
        }
        Kind::Slo => match slo::read(&text) {
            Ok(read) => slo::lint(&read),
            Err(rejections) => rejections.into_iter().map(|(_, diagnostic)| diagnostic).collect(),
        },
        Kind::Sli => match sli::read(&text) {
            Ok(read) => sli::lint(&read),
            Err(diagnostics) => diagnostics,
        },
        Kind::Shipyard => return Ok(check_shipyard(path, text)),
    };
    Ok(CheckedFile { path: path.to_owned(), text, diagnostics })
}

/// What is wrong or doubtful in a shipyard.
pub(crate) fn check_shipyard(path: &Path, text: String) -> CheckedFile {
    let diagnostics = match shipyard::read(&text) {
        Ok(read) => shipyard::lint(&read),
        Err(rejections) => rejections.into_iter().map(|(_, diagnostic)| diagnostic).collect(),
    };
    CheckedFile { path: path.to_owned(), text, diagnostics }
}

enum Kind {
    Slo,
    Sli,
    Shipyard,
}

fn kind(path: &Path, text: &str) -> Result<Kind, Failure> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let has_key = |key: &str| text.lines().any(|line| line.trim_end().starts_with(key));
    match () {
        () if has_key("objectives:") || has_key("total_score:") => Ok(Kind::Slo),
        () if has_key("indicators:") => Ok(Kind::Sli),
        () if has_key("kind: Shipyard") || has_stages(text) => Ok(Kind::Shipyard),
        () if name.contains("shipyard") => Ok(Kind::Shipyard),
        () if name.contains("slo") => Ok(Kind::Slo),
        () if name.contains("sli") => Ok(Kind::Sli),
        () => Err(Failure::with_help(
            format!("'{}' is no SLO file, no SLI file and no shipyard", path.display()),
            "they have 'objectives:', 'indicators:' or 'kind: Shipyard'; a name with 'slo', 'sli' or 'shipyard' in it decides",
        )),
    }
}

/// Whether `stages:` stands in or below `spec:`.
fn has_stages(text: &str) -> bool {
    let mut lines = text.lines().skip_while(|line| !line.starts_with("spec:"));
    let first = lines.next().is_some_and(|line| line.contains("stages:"));
    first
        || lines
            .take_while(|line| !line.starts_with(char::is_alphabetic))
            .any(|line| line.trim().starts_with("stages:"))
}

fn summary(checked: &[CheckedFile]) -> String {
    let all = || checked.iter().flat_map(|file| &file.diagnostics);
    let errors = all().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
    let warnings = all().count() - errors;
    let count = |number, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
    match (errors, warnings) {
        (0, 0) => format!("{} clean", count(checked.len(), "file")),
        _ => format!("{}, {} in {}", count(errors, "error"), count(warnings, "warning"), count(checked.len(), "file")),
    }
}
