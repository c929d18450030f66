//! `capstan gate backtest`: a changed SLO file on past evaluations.

use std::path::PathBuf;

use capstan_engine::backtest::{Replayed, backtest};
use capstan_model::{number, timeframe, yaml};
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::inputs::read_slo;
use super::run::DEFAULT_HISTORY;
use crate::exit::Exit;
use crate::failure::{ErrorFormat, Failure};
use crate::history::HistoryFile;
use crate::report::backtest_table;
use crate::terminal::{Style, print};

/// `capstan gate backtest`
#[derive(Debug, Args)]
#[command(
    after_help = "The file is tried as if it had been in force all along: each evaluation is judged again by it and
compared with those before it by their new results. No source is asked, and nothing is written.

Example:
  capstan gate backtest --slo stricter.yaml --history .capstan/history.jsonl"
)]
pub(crate) struct BacktestArgs {
    /// The changed objectives
    #[arg(long, value_name = "FILE")]
    slo: PathBuf,
    /// The file with past evaluations
    #[arg(long, value_name = "FILE", default_value = DEFAULT_HISTORY)]
    history: PathBuf,
    /// How to write the outcome
    #[arg(short, long, value_enum, default_value_t = BacktestFormat::Table, value_name = "FORMAT")]
    output: BacktestFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum BacktestFormat {
    /// For people
    Table,
    /// For programs
    Json,
    /// For programs and people
    Yaml,
}

impl BacktestArgs {
    pub(crate) fn error_format(&self) -> ErrorFormat {
        if self.output == BacktestFormat::Json { ErrorFormat::Json } else { ErrorFormat::Drawn }
    }
}

/// Tries a file.
pub(crate) fn run(args: &BacktestArgs) -> Result<Exit, Failure> {
    let slo = read_slo(&args.slo)?;
    let Some(read) = slo.slo() else {
        let message = format!("'{}' is empty: there is nothing to try", args.slo.display());
        return Err(Failure::with_help(message, "write 'objectives:' and 'total_score:'"));
    };
    let loaded = HistoryFile::new(&args.history).load_existing()?;
    let replayed = backtest(read, &slo.text, &loaded.history);
    print(&match args.output {
        BacktestFormat::Table => backtest_table(&replayed, Timestamp::now(), Style::stdout()),
        BacktestFormat::Json => format!("{:#}\n", to_json(&replayed)),
        BacktestFormat::Yaml => yaml::emit(&to_json(&replayed)),
    });
    Ok(Exit::Success)
}

fn to_json(replayed: &[Replayed<'_>]) -> Value {
    let entry = |again: &Replayed<'_>| {
        let score = again.now.as_ref().map(|decision| decision.finished.evaluation.score).ok();
        json!({
            "id": again.past.id, "time": timeframe::display(again.past.time),
            "was": {"result": again.past.result, "score": number::to_json(again.past.score)},
            "wouldBe": {"result": again.result(), "score": score.map(number::to_json)},
            "flips": again.flipped(), "reasons": again.reasons, "unmeasured": again.unmeasured,
        })
    };
    json!({
        "evaluations": replayed.iter().rev().map(entry).collect::<Vec<_>>(),
        "flips": replayed.iter().filter(|again| again.flipped()).count(),
    })
}
