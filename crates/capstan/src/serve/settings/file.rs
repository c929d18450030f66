//! The settings of a TOML file, each with its place.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use capstan_model::diagnostic::{Diagnostic, Span, did_you_mean, position};
use toml::de::{DeTable, DeValue};

use super::SETTINGS;
use crate::failure::{CheckedFile, Failure, read_text};

/// Words in keys whose values nobody may see.
const SECRET: [&str; 3] = ["token", "secret", "password"];

/// A file's settings, as written.
#[derive(Debug)]
pub(super) struct SettingsFile {
    path: PathBuf,
    text: String,
    /// By name of their setting.
    pub(super) entries: BTreeMap<&'static str, Entry>,
    /// What is wrong so far.
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// The value of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) text: String,
    pub(super) span: Span,
    /// From 1.
    pub(super) line: usize,
}

impl SettingsFile {
    /// Reads a file. What is wrong in it is found together and kept; only a file that cannot be read at all is an error.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        Ok(Self::parse(path, read_text(path)?))
    }

    fn parse(path: &Path, text: String) -> Self {
        let mut file =
            Self { path: path.to_owned(), text: String::new(), entries: BTreeMap::new(), diagnostics: vec![] };
        let (table, errors) = DeTable::parse_recoverable(&text);
        for error in &errors {
            let span = error.span().map_or(Span { start: 0, end: 0 }, span);
            let message = format!("this is no TOML: {}", error.message());
            let help = "values stand in quotes, as in listen = \"127.0.0.1:8080\"";
            file.diagnostics.push(Diagnostic::error("CFG001", span, message).help(help));
        }
        // What the parser makes of a broken file would lead to errors that are none.
        if errors.is_empty() {
            file.walk(table.get_ref(), "", &text);
        }
        drop(table);
        file.text = text;
        file
    }

    fn walk(&mut self, table: &DeTable<'_>, above: &str, text: &str) {
        for (key, value) in table {
            let name = format!("{above}{}", key.get_ref());
            let inside = format!("{name}.");
            let setting = SETTINGS.iter().find(|setting| setting.name == name);
            let wrong = match (setting, value.get_ref()) {
                (Some(setting), DeValue::String(content)) => {
                    let span = span(value.span());
                    let line = position(text, span.start).line;
                    self.entries.insert(setting.name, Entry { text: content.to_string(), span, line });
                    continue;
                }
                (Some(setting), other) => {
                    let message = format!("'{name}' is a string, and this is {}", kind(other));
                    Diagnostic::error("CFG003", span(value.span()), message).help(format!(
                        "write it in quotes, as in {} = \"{}\"",
                        key.get_ref(),
                        setting.default
                    ))
                }
                (None, DeValue::Table(table)) if SETTINGS.iter().any(|setting| setting.name.starts_with(&inside)) => {
                    self.walk(table, &inside, text);
                    continue;
                }
                (None, other) if SETTINGS.iter().any(|setting| setting.name.starts_with(&inside)) => {
                    let message = format!("'{name}' is a table, and this is {}", kind(other));
                    Diagnostic::error("CFG003", span(value.span()), message)
                        .help(format!("write [{name}] in a line of its own, and its keys below it"))
                }
                (None, _) if is_secret(&name) => {
                    let message = format!("'{name}' does not belong here: the file holds no secrets");
                    Diagnostic::error("CFG004", span(key.span()), message)
                        .help("remove it; the server reads its token from the variable CAPSTAN_TOKEN alone")
                }
                (None, _) => unknown(&name, above, span(key.span())),
            };
            self.diagnostics.push(wrong);
        }
    }

    /// The file with what is wrong in it, in the order of its lines. Of a line with a secret the value is made unreadable,
    /// since lines are shown.
    pub(super) fn into_failure(self) -> Failure {
        let mut diagnostics = self.diagnostics;
        diagnostics.sort_by_key(|diagnostic| diagnostic.span);
        Failure::Files(vec![CheckedFile { path: self.path, text: masked(&self.text), diagnostics }])
    }
}

fn span(range: Range<usize>) -> Span {
    Span { start: range.start, end: range.end }
}

fn unknown(name: &str, above: &str, span: Span) -> Diagnostic {
    let names = || SETTINGS.iter().map(|setting| setting.name);
    // The whole name first; then the last part alone, for a key that stands in the wrong table or in none.
    let last = name.rsplit('.').next().unwrap_or(name);
    let tables = || names().filter_map(|name| name.split_once('.')).map(|(table, _)| table);
    let near = did_you_mean(name, names())
        .or_else(|| did_you_mean(name, tables()))
        .or_else(|| names().find(|known| known.rsplit('.').next() == Some(last)));
    let help = if let Some(near) = near {
        format!("did you mean '{near}'?")
    } else {
        let inside: Vec<_> = names().filter_map(|name| name.strip_prefix(above)).collect();
        format!("what can stand here: {}", inside.join(", "))
    };
    Diagnostic::error("CFG002", span, format!("there is no setting '{name}'")).help(help)
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn is_secret(words: &str) -> bool {
    let words = words.to_lowercase();
    SECRET.iter().any(|secret| words.contains(secret))
        || words.split('.').any(|word| did_you_mean(word.trim_matches([' ', '"', '\'']), SECRET).is_some())
}

/// The text with stars for the values of secrets. Bytes stay where they are, so that places stay right.
fn masked(text: &str) -> String {
    let mask = |line: &str| {
        let (key, value) = line.split_once('=')?;
        let hidden = is_secret(key) || SECRET.iter().any(|secret| value.to_lowercase().contains(secret));
        let stars =
            |c: char| if c.is_ascii() && !c.is_alphanumeric() { c.to_string() } else { "*".repeat(c.len_utf8()) };
        hidden.then(|| format!("{key}={}", value.chars().map(stars).collect::<String>()))
    };
    text.split_inclusive('\n').map(|line| mask(line).unwrap_or_else(|| line.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(usize, &'static str, String, String)> {
        let file = SettingsFile::parse(Path::new("capstan.toml"), text.to_owned());
        let Failure::Files(files) = file.into_failure() else { panic!("a file is wrong") };
        let place = |diagnostic: &Diagnostic| position(text, diagnostic.span.start).line;
        let entry = |diagnostic: &Diagnostic| {
            let help = diagnostic.help.clone().unwrap_or_default();
            (place(diagnostic), diagnostic.code, diagnostic.message.clone(), help)
        };
        files[0].diagnostics.iter().map(entry).collect()
    }

    #[test]
    fn values_keep_their_line() {
        let text = "# all\nlisten = \"[::1]:80\"\n\n[log]\nformat = 'json'\ntasks.x = 1\n";
        let file = SettingsFile::parse(Path::new("c"), text.to_owned());
        let lines: Vec<_> = file.entries.iter().map(|(name, entry)| (*name, entry.text.as_str(), entry.line)).collect();
        assert_eq!(lines, [("listen", "[::1]:80", 2), ("log.format", "json", 5)]);
        assert_eq!(file.diagnostics[0].message, "there is no setting 'log.tasks'");
    }

    #[test]
    fn everything_wrong_is_found_at_once() {
        let text =
            "lisen = 'a'\nformat = 'json'\nwhatever = 1\ndata = 5\nlog = 'debug'\n[tasks]\ntimeout = {}\n[lgo]\n";
        assert_eq!(found("listen = \n")[0].1, "CFG001");
        let found = found(text);
        let expected = [
            (1, "CFG002", "there is no setting 'lisen'", "did you mean 'listen'?"),
            (2, "CFG002", "there is no setting 'format'", "did you mean 'log.format'?"),
            (
                3,
                "CFG002",
                "there is no setting 'whatever'",
                "what can stand here: data, listen, log.level, log.format, tasks.start_timeout, tasks.timeout, tasks.leases, retention.runs, retention.evaluations, otlp.endpoint, patience, drain",
            ),
            (
                4,
                "CFG003",
                "'data' is a string, and this is a number",
                "write it in quotes, as in data = \"./capstan-data\"",
            ),
            (
                5,
                "CFG003",
                "'log' is a table, and this is a string",
                "write [log] in a line of its own, and its keys below it",
            ),
            (
                7,
                "CFG003",
                "'tasks.timeout' is a string, and this is a table",
                "write it in quotes, as in timeout = \"24h\"",
            ),
            (8, "CFG002", "there is no setting 'lgo'", "did you mean 'log'?"),
        ];
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(line, code, what, help)| (line, code, what.to_owned(), help.to_owned()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn secrets_are_refused_and_not_shown() {
        for text in [
            "token = \"hunter2 ä\"\n",
            "tokne = \"hunter2 ä\"\n",
            "[auth]\nclient_secret = 'hunter2 ä'\n",
            "x = {token = 'hunter2 ä'}\n",
            "token = \"hunter2 ä\n",
        ] {
            let file = SettingsFile::parse(Path::new("capstan.toml"), text.to_owned());
            assert!(!file.diagnostics.is_empty());
            let drawn = file.into_failure().draw(crate::terminal::Style { colour: false });
            assert!(!drawn.contains("hunter"), "{drawn}");
            assert_eq!(masked(text).len(), text.len());
        }
        assert_eq!(found("token = 'x'\n")[0].1, "CFG004");
    }
}
