//! Which value of a setting counts, and where it came from: flag before variable before file before default.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use capstan_model::diagnostic::Diagnostic;
use capstan_runtime::ports::Retention;

use super::file::SettingsFile;
use super::{SETTINGS, Setting, Settings, SettingsArgs, Wrong};
use crate::failure::Failure;

/// The file that is read where none is named.
const DEFAULT_FILE: &str = "capstan.toml";

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// The command line.
    Flag(&'static str),
    /// A variable of the environment.
    Env(&'static str),
    /// A line of the file.
    File {
        /// As the user named it.
        path: PathBuf,
        /// From 1.
        line: usize,
    },
    /// Nobody gave one.
    Default,
}

impl std::fmt::Display for Source {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flag(flag) => write!(formatter, "--{flag}"),
            Self::Env(env) => formatter.write_str(env),
            Self::File { path, line } => write!(formatter, "{}:{line}", path.display()),
            Self::Default => formatter.write_str("default"),
        }
    }
}

/// One setting with its value as written, and where that came from.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    /// Which.
    pub(crate) setting: &'static Setting,
    /// As written.
    pub(crate) text: String,
    /// Where.
    pub(crate) source: Source,
}

/// The settings, and how they came to be.
#[derive(Debug)]
pub(crate) struct Resolved {
    /// What counts.
    pub(crate) settings: Settings,
    /// One for each setting, in the order of the table.
    pub(crate) origins: Vec<Origin>,
    /// The file that was read, if one was.
    pub(crate) file: Option<PathBuf>,
}

impl Resolved {
    /// Where the value of a setting came from, for errors about it.
    pub(crate) fn source(&self, name: &str) -> &Source {
        self.origins.iter().find(|origin| origin.setting.name == name).map_or(&Source::Default, |origin| &origin.source)
    }
}

/// Gathers the settings. `environment` looks a variable up; an empty one counts as not there, as orchestrators leave them.
/// Values that do not count are read too: a wrong one would wait there for the day when it does.
pub(crate) fn resolve(
    args: &SettingsArgs,
    environment: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Resolved, Failure> {
    let path = file_path(args, environment);
    let mut file = path.as_deref().map(SettingsFile::read).transpose()?;
    let mut settings = Settings::default();
    let mut origins = Vec::with_capacity(SETTINGS.len());
    let mut wrong = Vec::new();
    for setting in SETTINGS {
        let mut origin = Origin { setting, text: setting.default.to_owned(), source: Source::Default };
        let mut read = |text: &str| (setting.read)(text, &mut settings);
        if let Err(error) = read(setting.default) {
            wrong.push((format!("the default of '{}'", setting.name), error));
        }
        if let Some(file) = &mut file
            && let Some(entry) = file.entries.get(setting.name).cloned()
        {
            if let Err(error) = read(&entry.text) {
                let message = format!("'{}' is {}", setting.name, error.is);
                file.diagnostics.push(Diagnostic::error("CFG005", entry.span, message).help(error.help));
            }
            let path = path.clone().unwrap_or_default();
            origin = Origin { setting, text: entry.text, source: Source::File { path, line: entry.line } };
        }
        if let Some(value) = environment(setting.env).filter(|value| !value.is_empty()) {
            let text = value.to_string_lossy().into_owned();
            let outcome = if value.to_str().is_some() { read(&text) } else { Err(not_text()) };
            wrong.extend(outcome.err().map(|error| (setting.env.to_owned(), error)));
            origin = Origin { setting, text, source: Source::Env(setting.env) };
        }
        if let Some(text) = args.values.get(setting.name) {
            wrong.extend(read(text).err().map(|error| (format!("--{}", setting.flag), error)));
            origin = Origin { setting, text: text.clone(), source: Source::Flag(setting.flag) };
        }
        origins.push(origin);
    }
    if let Some(file) = file.filter(|file| !file.diagnostics.is_empty()) {
        return Err(file.into_failure());
    }
    if !wrong.is_empty() {
        return Err(failure(wrong));
    }
    let resolved = Resolved { settings, origins, file: path };
    match contradiction(&resolved) {
        Some(failure) => Err(failure),
        None => Ok(resolved),
    }
}

/// Why settings that are right each for itself do not go together.
fn contradiction(resolved: &Resolved) -> Option<Failure> {
    let (evaluations, runs) = resolved.settings.retention.too_short(Retention::default())?;
    let (of_evaluations, of_runs) = (resolved.source("retention.evaluations"), resolved.source("retention.runs"));
    let message = format!(
        "evaluations are never kept shorter than the runs that they are of: {evaluations} ({of_evaluations}) is less than \
         {runs} ({of_runs})"
    );
    Some(Failure::with_help(
        message,
        format!("keep evaluations for {runs} or longer, or runs for {evaluations} or less"),
    ))
}

fn file_path(args: &SettingsArgs, environment: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let named = || environment("CAPSTAN_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from);
    let usual = || Some(PathBuf::from(DEFAULT_FILE)).filter(|path| Path::new(path).exists());
    args.config.clone().or_else(named).or_else(usual)
}

fn not_text() -> Wrong {
    Wrong { is: "not UTF-8 text".to_owned(), help: "save or set it as UTF-8".to_owned() }
}

fn failure(mut wrong: Vec<(String, Wrong)>) -> Failure {
    if wrong.len() == 1
        && let Some((what, Wrong { is, help })) = wrong.pop()
    {
        return Failure::with_help(format!("{what} is {is}"), help);
    }
    let lines: Vec<_> = wrong.iter().map(|(what, error)| format!("  {what} is {}: {}", error.is, error.help)).collect();
    Failure::plain(format!("{} settings are wrong:\n{}", lines.len(), lines.join("\n")))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn args(flags: &[(&'static str, &str)], config: Option<&Path>) -> SettingsArgs {
        let values = flags.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        SettingsArgs { config: config.map(Path::to_owned), values }
    }

    fn environment<'a>(variables: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<OsString> + 'a {
        |name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(*value))
    }

    fn plain(outcome: Result<Resolved, Failure>) -> String {
        outcome.unwrap_err().draw(crate::terminal::Style { colour: false })
    }

    #[test]
    fn a_flag_comes_before_a_variable_before_the_file_before_the_default() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.toml");
        std::fs::write(&path, "listen = 'file:1'\ndrain = '1s'\n[log]\nlevel = 'warn'\n").unwrap();
        let variables = [("CAPSTAN_LISTEN", "env:2"), ("CAPSTAN_LOG", "debug"), ("CAPSTAN_TASKS_TIMEOUT", "")];
        let resolved = resolve(&args(&[("listen", "flag:3")], Some(&path)), &environment(&variables)).unwrap();
        let settings = &resolved.settings;
        assert_eq!((settings.listen.as_str(), settings.log_level.as_str()), ("flag:3", "debug"));
        assert_eq!((settings.drain, settings.tasks_timeout), (Duration::from_secs(1), Duration::from_hours(24)));
        assert_eq!(resolved.source("listen"), &Source::Flag("listen"));
        assert_eq!(resolved.source("log.level"), &Source::Env("CAPSTAN_LOG"));
        assert_eq!(resolved.source("drain"), &Source::File { path: path.clone(), line: 2 });
        assert_eq!(resolved.source("tasks.timeout"), &Source::Default);
        let from_variable = path.display().to_string();
        let resolved = resolve(&args(&[], None), &environment(&[("CAPSTAN_CONFIG", &from_variable)])).unwrap();
        assert_eq!((resolved.settings.listen.as_str(), resolved.file), ("file:1", Some(path)));
    }

    #[test]
    fn what_is_wrong_is_named_after_its_origin_also_where_it_does_not_count() {
        let flags = args(&[("drain", "soon")], None);
        assert_eq!(
            plain(resolve(&flags, &environment(&[]))),
            "error: --drain is no duration: 'soon' is no number with a unit\n  help: write a number with a unit: 30s, 10m, 1h30m, 2d\n"
        );
        let wrong = plain(resolve(&flags, &environment(&[("CAPSTAN_DRAIN", "5"), ("CAPSTAN_LISTEN", "80")])));
        assert!(wrong.starts_with("error: 3 settings are wrong:\n  CAPSTAN_LISTEN is no address: '80' has no host: "));
    }

    #[test]
    fn evaluations_are_not_to_be_kept_shorter_than_runs() {
        let (runs, evaluations) = (("retention.runs", "30d"), ("retention.evaluations", "1d"));
        let told = plain(resolve(&args(&[runs, evaluations], None), &environment(&[])));
        assert_eq!(
            told,
            "error: evaluations are never kept shorter than the runs that they are of: 1d (--keep-evaluations) is less than \
             30d (--keep-runs)\n  help: keep evaluations for 30d or longer, or runs for 1d or less\n"
        );
        let told = plain(resolve(&args(&[evaluations], None), &environment(&[])));
        assert!(told.contains("1d (--keep-evaluations) is less than all (default)"), "{told}");
        resolve(&args(&[runs], None), &environment(&[])).unwrap();
    }

    #[test]
    fn a_file_that_was_named_has_to_be_there() {
        let wrong = plain(resolve(&args(&[], Some(Path::new("/nowhere/c.toml"))), &environment(&[])));
        assert!(wrong.contains("cannot read '/nowhere/c.toml'"), "{wrong}");
    }
}
