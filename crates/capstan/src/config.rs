//! `capstan config`: what the server's settings are, and why.

use clap::{Args, Subcommand, ValueEnum};
use comfy_table::{Table, presets};
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::failure::{ErrorFormat, Failure};
use crate::serve::settings::{Resolved, SettingsArgs, Source, resolve};
use crate::serve::token::{self, TokenSource};
use crate::terminal::print;

/// `capstan config ...`
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Show each setting of 'capstan serve' with its value and where that came from
    Explain(ExplainArgs),
}

/// `capstan config explain`
#[derive(Debug, Args)]
#[command(
    after_help = "Takes the flags of 'capstan serve', and shows what it would do with them. Nothing is started or
written, and no secret is shown.

Examples:
  capstan config explain
  capstan config explain --config /etc/capstan.toml -o json"
)]
pub(crate) struct ExplainArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// How to write it
    #[arg(short, long, value_enum, default_value_t = ExplainFormat::Table, value_name = "FORMAT")]
    output: ExplainFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ExplainFormat {
    /// For people
    Table,
    /// For programs
    Json,
}

impl ConfigCommand {
    pub(crate) fn error_format(&self) -> ErrorFormat {
        let Self::Explain(args) = self;
        if args.output == ExplainFormat::Json { ErrorFormat::Json } else { ErrorFormat::Drawn }
    }
}

/// Runs a command about settings.
pub(crate) fn run(command: &ConfigCommand) -> Result<Exit, Failure> {
    let ConfigCommand::Explain(args) = command;
    let environment = |name: &str| std::env::var_os(name);
    let resolved = resolve(&args.settings, &environment)?;
    let token = token::source(&resolved.settings.data, &environment)?;
    match args.output {
        ExplainFormat::Table => print(&table(&resolved, &token)),
        ExplainFormat::Json => print(&format!("{:#}\n", document(&resolved, &token))),
    }
    Ok(Exit::Success)
}

fn table(resolved: &Resolved, token: &TokenSource) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).force_no_tty();
    table.set_header(["setting", "value", "from"]);
    for origin in &resolved.origins {
        table.add_row([origin.setting.name, &origin.text, &origin.source.to_string()]);
    }
    let (set, from) = describe(token);
    table.add_row(["token", if set { "set" } else { "not set" }, &from]);
    let rows: String = table.lines().flat_map(|line| [line.trim().to_owned(), "\n".to_owned()]).collect();
    match &resolved.file {
        Some(path) => format!("{rows}\nfile: {}\n", path.display()),
        None => format!("{rows}\nfile: none\n"),
    }
}

/// Whether there is a token, and from where or when.
fn describe(token: &TokenSource) -> (bool, String) {
    match token {
        TokenSource::Variable(_) => (true, token::VARIABLE.to_owned()),
        TokenSource::File(path) => (true, path.display().to_string()),
        TokenSource::None => (false, "made at the first start".to_owned()),
    }
}

fn document(resolved: &Resolved, token: &TokenSource) -> Value {
    let settings: Vec<Value> = resolved
        .origins
        .iter()
        .map(|origin| {
            let from = match &origin.source {
                Source::Flag(_) => json!({"kind": "flag"}),
                Source::Env(_) => json!({"kind": "env"}),
                Source::File { path, line } => {
                    json!({"kind": "file", "path": path.display().to_string(), "line": line})
                }
                Source::Default => json!({"kind": "default"}),
            };
            let setting = origin.setting;
            json!({
                "name": setting.name, "value": origin.text, "from": from, "flag": format!("--{}", setting.flag),
                "env": setting.env, "default": setting.default, "description": setting.help,
            })
        })
        .collect();
    let file = resolved.file.as_ref().map(|path| path.display().to_string());
    let (set, from) = describe(token);
    json!({"file": file, "settings": settings, "token": {"set": set, "from": if set { json!(from) } else { Value::Null }}})
}
