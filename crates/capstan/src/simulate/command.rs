//! What is asked for, and what it comes to.

use std::path::{Path, PathBuf};

use capstan_model::diagnostic::position;
use capstan_runtime::simulator::{Judgement, Played};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::{prepare, text};
use crate::exit::Exit;
use crate::failure::{ErrorFormat, Failure};
use crate::terminal::{Style, note, print};

/// `capstan simulate F...`
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 done, 1 an expectation does not hold, 2 a file that cannot be used.

Examples:
  capstan simulate delivery.yaml
  capstan simulate -o json scenarios/*.yaml

Time is virtual: a scenario of two weeks takes milliseconds, and the same file always prints the same.
docs/simulate.md explains the files.")]
pub(crate) struct SimulateArgs {
    /// Scenarios: a shipyard, tools, what happens, and what is expected
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How to tell what happens
    #[arg(short, long, value_enum, default_value_t = SimulateFormat::Text, value_name = "FORMAT")]
    output: SimulateFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SimulateFormat {
    /// A line for each thing that happens, then how everything stands
    Text,
    /// The same for programs, an object a line
    Json,
}

impl SimulateArgs {
    pub(crate) fn error_format(&self) -> ErrorFormat {
        if self.output == SimulateFormat::Json { ErrorFormat::Json } else { ErrorFormat::Drawn }
    }
}

/// Plays each scenario.
pub(crate) fn run(args: &SimulateArgs) -> Result<Exit, Failure> {
    let mut unusable = Vec::new();
    let mut all_hold = true;
    let mut told = 0;
    for path in &args.files {
        let (text, scenario) = match prepare::read(path) {
            Ok(read) => read,
            Err(failure) => {
                unusable.push(failure);
                continue;
            }
        };
        let mut played = scenario.play();
        if let Some(fault) = played.world.faults().first() {
            let help = "this is a fault of capstan and not of the scenario; please report it with the file";
            return Err(Failure::with_help(format!("'{}': {fault}", path.display()), help));
        }
        let differences: Vec<String> =
            played.judgements.iter().flat_map(|judgement| tell_differences(path, &text, judgement)).collect();
        all_hold &= differences.is_empty();
        match args.output {
            SimulateFormat::Text => {
                if args.files.len() > 1 {
                    let space = if told == 0 { "" } else { "\n" };
                    print(&format!("{space}{}\n\n", Style::stdout().bold(&path.display().to_string())));
                }
                print(&text::tell(&mut played, &scenario.about, &differences, Style::stdout()));
            }
            SimulateFormat::Json => print(&json_lines(path, &mut played, &differences)),
        }
        told += 1;
    }
    if let Some(last) = unusable.pop() {
        for failure in unusable {
            note(&failure.draw(Style::stderr()));
        }
        return Err(last);
    }
    Ok(if all_hold { Exit::Success } else { Exit::Fail })
}

fn tell_differences(path: &Path, text: &str, judgement: &Judgement) -> Vec<String> {
    let line = position(text, judgement.span.start).line;
    let tell = |difference: &String| format!("{}:{line}: {difference}", path.display());
    judgement.differences.iter().map(tell).collect()
}

fn json_lines(path: &Path, played: &mut Played, differences: &[String]) -> String {
    let mut lines = vec![json!({ "scenario": path.display().to_string() })];
    lines.extend(played.lines().into_iter().map(|line| json!({ "line": line })));
    lines.extend(played.standing().into_iter().map(|run| json!({ "standing": run })));
    let expectations = played.judgements.len();
    if expectations > 0 {
        lines.push(json!({ "expectations": expectations, "differences": differences }));
    }
    lines.iter().map(Value::to_string).flat_map(|line| [line, "\n".to_owned()]).collect()
}
