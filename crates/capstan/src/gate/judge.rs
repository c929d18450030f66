//! `capstan gate judge`: values from a file, no source.

use std::path::{Path, PathBuf};

use capstan_engine::evaluate::{self, GetSli, History};
use capstan_model::event::cloud_event::kind_of;
use capstan_model::event::sli::SliValue;
use clap::Args;
use serde_json::Value;

use super::arguments::{EXIT_CODES, SubjectArgs, VerdictArgs};
use super::inputs::{read_events, read_json, read_slo};
use crate::exit::Exit;
use crate::failure::{ErrorFormat, Failure};
use crate::history::assemble;
use crate::report::{self, Report};
use crate::terminal::print;

const VALUES_WANTED: &str =
    "wanted is a JSON list such as [{\"metric\": \"response_time_p95\", \"value\": 312.5, \"success\": true}]";

/// `capstan gate judge`
#[derive(Debug, Args)]
#[command(after_help = format!("{EXIT_CODES}

Examples:
  capstan gate judge --slo slo.yaml --values values.json
  capstan gate judge --slo slo.yaml --values values.json --previous history.jsonl -o markdown

values.json:
  [{{\"metric\": \"response_time_p95\", \"value\": 312.5, \"success\": true}},
   {{\"metric\": \"error_rate\", \"value\": 0, \"success\": false, \"message\": \"timeout\"}}]"))]
pub(crate) struct JudgeArgs {
    /// The objectives
    #[arg(long, value_name = "FILE")]
    slo: PathBuf,
    /// The values: a JSON list of {metric, value, success, message?}
    #[arg(long, value_name = "FILE")]
    values: PathBuf,
    /// Earlier evaluations to compare with: `CloudEvents` as a JSON list or as JSON Lines, in any order
    #[arg(long, value_name = "FILE")]
    previous: Option<PathBuf>,
    /// What the SLI source said of itself: JSON {status?, result?, message?}
    #[arg(long, value_name = "FILE")]
    get_sli: Option<PathBuf>,
    #[command(flatten)]
    subject: SubjectArgs,
    #[command(flatten)]
    verdict: VerdictArgs,
}

impl JudgeArgs {
    pub(crate) fn error_format(&self) -> ErrorFormat {
        self.verdict.error_format()
    }
}

/// Judges.
pub(crate) fn run(args: &JudgeArgs) -> Result<Exit, Failure> {
    let slo = read_slo(&args.slo)?;
    let mut get_sli = match &args.get_sli {
        Some(path) => read_get_sli(path)?,
        None => GetSli::default(),
    };
    get_sli.values = read_values(&args.values)?;
    let history = match &args.previous {
        Some(path) => read_history(path)?,
        None => History::default(),
    };
    let subject = args.subject.subject();
    let now = jiff::Timestamp::now();
    let report = Report::judge(&slo, &subject, None, &get_sli, &history, now).map_err(|overflow| {
        Failure::with_help(
            overflow.to_string(),
            "take the evaluation that does not belong there out of --previous, or add its .invalidated event",
        )
    })?;
    print(&report::write(&report, args.verdict.output));
    Ok(Exit::of(report.verdict, args.verdict.warning_ok))
}

fn read_history(path: &Path) -> Result<History, Failure> {
    assemble(read_events(path)?)
        .map_err(|(number, error)| Failure::plain(format!("{}: event {number}: {error}", path.display())))
}

fn read_values(path: &Path) -> Result<Vec<SliValue>, Failure> {
    let wrong = |message: String| Failure::with_help(format!("{}: {message}", path.display()), VALUES_WANTED);
    let Value::Array(entries) = read_json(path, VALUES_WANTED)? else {
        return Err(wrong("this is not a list".to_owned()));
    };
    let read = |(at, entry): (usize, &Value)| value(entry).map_err(|what| wrong(format!("entry {}: {what}", at + 1)));
    entries.iter().enumerate().map(read).collect()
}

fn value(entry: &Value) -> Result<SliValue, String> {
    let wrong = |name: &str, wanted: &str| match entry.get(name) {
        None => format!("'{name}' is missing, wanted is {wanted}"),
        Some(other) => format!("'{name}' is {}, wanted is {wanted}", kind_of(other)),
    };
    if !entry.is_object() {
        return Err(format!("this is {}, wanted is an object", kind_of(entry)));
    }
    let metric = entry["metric"].as_str().ok_or_else(|| wrong("metric", "a text"))?;
    let success = entry["success"].as_bool().ok_or_else(|| wrong("success", "true or false"))?;
    let number = |name: &str, needed: bool| match &entry[name] {
        Value::Null if !needed => Ok(0.0),
        other => other.as_f64().filter(|number| number.is_finite()).ok_or_else(|| wrong(name, "a number")),
    };
    let message = match &entry["message"] {
        Value::Null => "",
        other => other.as_str().ok_or_else(|| wrong("message", "a text"))?,
    };
    Ok(SliValue {
        metric: metric.to_owned(),
        value: number("value", success)?,
        compared_value: number("comparedValue", false)?,
        success,
        message: message.to_owned(),
    })
}

fn read_get_sli(path: &Path) -> Result<GetSli, Failure> {
    const WANTED: &str =
        "wanted is a JSON object such as {\"status\": \"succeeded\", \"result\": \"pass\", \"message\": \"\"}";
    let answer = read_json(path, WANTED)?;
    let text = |name: &str| match &answer[name] {
        Value::Null => Ok(""),
        Value::String(text) => Ok(text.as_str()),
        other => {
            let message = format!("{}: '{name}' is {}, wanted is a text", path.display(), kind_of(other));
            Err(Failure::with_help(message, WANTED))
        }
    };
    if !answer.is_object() {
        return Err(Failure::with_help(format!("{}: this is {}", path.display(), kind_of(&answer)), WANTED));
    }
    Ok(GetSli {
        failure: match text("status")? {
            "aborted" => Some(evaluate::Failure::Aborted),
            "errored" => Some(evaluate::Failure::Errored),
            _ => None,
        },
        failed: text("result")? == "fail",
        message: text("message")?.to_owned(),
        ..GetSli::default()
    })
}
