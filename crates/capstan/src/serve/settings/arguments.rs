//! The flags of the settings, made from their table.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::builder::ValueParser;
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use super::{SETTINGS, Setting};

/// What the command line says about settings.
#[derive(Debug, Clone, Default)]
pub(crate) struct SettingsArgs {
    /// The file, where one was named.
    pub(crate) config: Option<PathBuf>,
    /// Values as written, by the name of their setting. They are read later, with those from elsewhere.
    pub(crate) values: BTreeMap<&'static str, String>,
}

fn argument(setting: &Setting) -> Arg {
    Arg::new(setting.name)
        .long(setting.flag)
        .value_name(setting.value)
        // What is below zero is told of by those who read it.
        .allow_hyphen_values(matches!(setting.value, "DURATION" | "NUMBER"))
        .help(format!("{} [env: {}] [default: {}]", setting.help, setting.env, setting.default))
}

impl Args for SettingsArgs {
    fn augment_args(command: Command) -> Command {
        let config = Arg::new("config")
            .long("config")
            .value_name("FILE")
            .value_parser(ValueParser::path_buf())
            .help("TOML file with settings [env: CAPSTAN_CONFIG] [default: ./capstan.toml, if it is there]");
        command.args(SETTINGS.iter().map(argument)).arg(config)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for SettingsArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut args = Self::default();
        args.update_from_arg_matches(matches)?;
        Ok(args)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        if let Some(config) = matches.get_one::<PathBuf>("config") {
            self.config = Some(config.clone());
        }
        for setting in SETTINGS {
            if let Some(value) = matches.get_one::<String>(setting.name) {
                self.values.insert(setting.name, value.clone());
            }
        }
        Ok(())
    }
}
