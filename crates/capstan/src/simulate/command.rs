//! What is asked for, and what it comes to.

use std::path::{Path, PathBuf};

use capstan_model::diagnostic::position;
use capstan_runtime::simulator::{Judgement, Played};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::seeds::{Seeds, plan};
use super::{prepare, text};
use crate::exit::Exit;
use crate::failure::{ErrorFormat, Failure};
use crate::terminal::{Style, note, print};

/// `capstan simulate F...`
#[derive(Debug, Args)]
#[command(
    group = clap::ArgGroup::new("what").args(["files", "seeds", "seed"]).required(true),
    after_help = "Exit codes: 0 done, 1 an expectation or a seed does not hold, 2 a file that cannot be used, 4 interrupted.

Examples:
  capstan simulate delivery.yaml
  capstan simulate -o json scenarios/*.yaml
  capstan simulate --seeds 10000
  capstan simulate --seed 7

Time is virtual: a scenario of two weeks takes milliseconds, and the same file always prints the same. \
docs/simulate.md explains the files, docs/reliability.md what seeds show."
)]
pub(crate) struct SimulateArgs {
    /// Scenarios: a shipyard, tools, what happens, and what is expected
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Play so many hostile schedules of chance, and stop at the first that does not hold
    #[arg(long, value_name = "N", value_parser = count, allow_negative_numbers = true)]
    seeds: Option<u64>,
    /// The first of these seeds
    #[arg(long, value_name = "S", default_value_t = 0, requires = "seeds", value_parser = number, allow_negative_numbers = true)]
    from: u64,
    /// Play the schedule of one seed, and tell what happens
    #[arg(long, value_name = "S", value_parser = number, allow_negative_numbers = true)]
    seed: Option<u64>,
    /// Have the store break its promises, to see that it is noticed
    #[arg(long, hide = true)]
    break_promises: bool,
    /// How to tell what happens
    #[arg(short, long, value_enum, default_value_t = SimulateFormat::Text, value_name = "FORMAT")]
    output: SimulateFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SimulateFormat {
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

/// A seed.
fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("seeds are whole numbers from 0 to {}", u64::MAX))
}

/// How many seeds.
fn count(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(count) if count > 0 => Ok(count),
        _ => Err(format!("write a whole number, at least 1 and at most {}", u64::MAX)),
    }
}

/// Plays each scenario, or those of seeds.
pub(crate) fn run(args: &SimulateArgs) -> Result<Exit, Failure> {
    match (args.seeds, args.seed) {
        (Some(count), _) => Seeds::new(args.from, count, args.break_promises)?.run(args.output),
        (_, Some(seed)) => one_seed(seed, args),
        (None, None) => files(args),
    }
}

fn one_seed(seed: u64, args: &SimulateArgs) -> Result<Exit, Failure> {
    let scenario = plan(seed, args.break_promises);
    let mut played = scenario.play();
    let name = format!("seed {seed}");
    match args.output {
        SimulateFormat::Text => print(&text::tell(&mut played, &scenario.about, &[], Style::stdout())),
        SimulateFormat::Json => print(&json_lines(&name, &mut played, &[])),
    }
    faultless(&name, &played)?;
    Ok(Exit::Success)
}

/// The world itself may not be at fault, whatever happens in it.
fn faultless(name: &str, played: &Played) -> Result<(), Failure> {
    let Some(fault) = played.world.faults().first() else { return Ok(()) };
    let help = "this is a fault of capstan and not of the scenario; please report it with the file";
    Err(Failure::with_help(format!("'{name}': {fault}"), help))
}

fn files(args: &SimulateArgs) -> Result<Exit, Failure> {
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
        faultless(&path.display().to_string(), &played)?;
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
            SimulateFormat::Json => print(&json_lines(&path.display().to_string(), &mut played, &differences)),
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

fn json_lines(name: &str, played: &mut Played, differences: &[String]) -> String {
    let mut lines = vec![json!({ "scenario": name })];
    lines.extend(played.lines().into_iter().map(|line| json!({ "line": line })));
    lines.extend(played.standing().into_iter().map(|run| json!({ "standing": run })));
    let expectations = played.judgements.len();
    if expectations > 0 {
        lines.push(json!({ "expectations": expectations, "differences": differences }));
    }
    lines.iter().map(Value::to_string).flat_map(|line| [line, "\n".to_owned()]).collect()
}
