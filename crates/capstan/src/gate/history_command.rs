//! `capstan gate history`: past evaluations, looked at and curated.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use capstan_engine::evaluate::PastEvaluation;
use capstan_model::event::CloudEvent;
use capstan_model::event::evaluation::{FINISHED, INVALIDATED, PINNED, UNPINNED};
use capstan_model::{duration, number, timeframe, yaml};
use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::run::DEFAULT_HISTORY;
use crate::exit::Exit;
use crate::failure::{ErrorFormat, Failure};
use crate::history::{HistoryFile, Loaded, invalidated, pin_event};
use crate::report::history_table;
use crate::terminal::{Style, print};

/// `capstan gate history ...`
#[derive(Debug, Subcommand)]
pub(crate) enum HistoryCommand {
    /// List evaluations, newest first
    List(ListArgs),
    /// Show one evaluation with its explanation
    Show(ShowArgs),
    /// Take an evaluation out of every later comparison, for good
    Invalidate(InvalidateArgs),
    /// Pin an evaluation, so that `comparison.baseline.pinned` can name it and prune keeps it
    Pin(OneArgs),
    /// Take the pin away
    Unpin(OneArgs),
    /// Remove old evaluations from the file; pinned ones stay
    Prune(PruneArgs),
}

impl HistoryCommand {
    pub(crate) fn error_format(&self) -> ErrorFormat {
        let json = match self {
            Self::List(args) => args.output == ListFormat::Json,
            Self::Show(args) => args.output == ListFormat::Json,
            _ => false,
        };
        if json { ErrorFormat::Json } else { ErrorFormat::Drawn }
    }
}

#[derive(Debug, Args)]
pub(crate) struct FileArgs {
    /// The file with the evaluations
    #[arg(long, value_name = "FILE", default_value = DEFAULT_HISTORY)]
    history: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    file: FileArgs,
    /// Only this project
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// Only this stage
    #[arg(long, value_name = "NAME")]
    stage: Option<String>,
    /// Only this service
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// How to write them
    #[arg(short, long, value_enum, default_value_t = ListFormat::Table, value_name = "FORMAT")]
    output: ListFormat,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    one: OneArgs,
    /// How to write it
    #[arg(short, long, value_enum, default_value_t = ListFormat::Table, value_name = "FORMAT")]
    output: ListFormat,
}

#[derive(Debug, Args)]
pub(crate) struct OneArgs {
    /// The evaluation: its id, an unambiguous beginning or end of it, or 'latest'
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    file: FileArgs,
}

#[derive(Debug, Args)]
pub(crate) struct InvalidateArgs {
    #[command(flatten)]
    one: OneArgs,
    /// Why, for whoever asks later
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true).args(["keep", "older_than"]))]
pub(crate) struct PruneArgs {
    #[command(flatten)]
    file: FileArgs,
    /// Keep the newest N of each project, stage and service
    #[arg(long, value_name = "N")]
    keep: Option<usize>,
    /// Remove what is older, such as 90d
    #[arg(long, value_name = "AGE", value_parser = age)]
    older_than: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ListFormat {
    /// For people
    Table,
    /// For programs
    Json,
    /// For programs and people
    Yaml,
}

fn age(text: &str) -> Result<i64, String> {
    duration::parse_with_days(text)
        .ok()
        .filter(|nanoseconds| *nanoseconds >= 0)
        .ok_or_else(|| "an age is a number with a unit: 36h, 90d, 2w".to_owned())
}

/// Runs a command on a history.
pub(crate) fn run(command: HistoryCommand) -> Result<Exit, Failure> {
    let now = Timestamp::now();
    match command {
        HistoryCommand::List(args) => list(&args, now),
        HistoryCommand::Show(args) => show(&args),
        HistoryCommand::Invalidate(args) => {
            let (file, past) = find(&args.one)?;
            if past.invalidated {
                print(&format!("{} was invalidated before\n", past.id));
                return Ok(Exit::Success);
            }
            file.append(&[invalidated(&past, &args.reason, now)])?;
            print(&format!("{} is invalidated: nothing compares with it any more\n", past.id));
            Ok(Exit::Success)
        }
        HistoryCommand::Pin(args) => pin(&args, true, now),
        HistoryCommand::Unpin(args) => pin(&args, false, now),
        HistoryCommand::Prune(args) => prune(&args, now),
    }
}

fn list(args: &ListArgs, now: Timestamp) -> Result<Exit, Failure> {
    let loaded = HistoryFile::new(&args.file.history).load_existing()?;
    let same = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| wanted == found);
    let wanted = |past: &&PastEvaluation| {
        let subject = &past.subject;
        same(&args.project, &subject.project)
            && same(&args.stage, &subject.stage)
            && same(&args.service, &subject.service)
    };
    let matching: Vec<_> = loaded.history.evaluations().iter().filter(wanted).collect();
    let shown = &matching[..matching.len().min(args.limit)];
    let values = || Value::from(shown.iter().map(|past| summary(past)).collect::<Vec<_>>());
    print(&match args.output {
        ListFormat::Table => history_table(shown, matching.len(), now, Style::stdout()),
        ListFormat::Json => format!("{:#}\n", values()),
        ListFormat::Yaml => yaml::emit(&values()),
    });
    Ok(Exit::Success)
}

fn summary(past: &PastEvaluation) -> Value {
    json!({
        "id": past.id, "time": timeframe::display(past.time), "project": past.subject.project, "stage": past.subject.stage,
        "service": past.subject.service, "labels": past.subject.labels, "result": past.result, "score": number::to_json(past.score),
        "invalidated": past.invalidated, "pinned": past.pinned.is_some(),
    })
}

fn show(args: &ShowArgs) -> Result<Exit, Failure> {
    let file = HistoryFile::new(&args.one.file.history);
    let loaded = file.load_existing()?;
    let past = lookup(&loaded, &args.one.id)?;
    let event = loaded.events.iter().find(|event| event.id == past.id && event.kind == FINISHED);
    let value = serde_json::to_value(event).unwrap_or_default();
    print(&match args.output {
        ListFormat::Table => {
            let explained = value["data"]["evaluation"]["explanation"]["text"].as_array();
            let lines: Vec<_> = explained.into_iter().flatten().filter_map(Value::as_str).collect();
            let text = if lines.is_empty() {
                format!(
                    "It holds no explanation; '-o yaml' shows all there is. {}",
                    value["data"]["message"].as_str().unwrap_or_default()
                )
            } else {
                lines.join("\n")
            };
            format!("{}{text}\n", history_table(&[past], 1, Timestamp::now(), Style::stdout()))
        }
        ListFormat::Json => format!("{value:#}\n"),
        ListFormat::Yaml => yaml::emit(&value),
    });
    Ok(Exit::Success)
}

fn pin(args: &OneArgs, pinned: bool, now: Timestamp) -> Result<Exit, Failure> {
    let (file, past) = find(args)?;
    if past.pinned.is_some() == pinned && !pinned {
        print(&format!("{} was not pinned\n", past.id));
        return Ok(Exit::Success);
    }
    file.append(&[pin_event(&past, pinned, now)])?;
    print(&format!("{} is {}\n", past.id, if pinned { "pinned" } else { "no longer pinned" }));
    Ok(Exit::Success)
}

fn find(args: &OneArgs) -> Result<(HistoryFile, PastEvaluation), Failure> {
    let file = HistoryFile::new(&args.file.history);
    let loaded = file.load_existing()?;
    let past = lookup(&loaded, &args.id)?.clone();
    Ok((file, past))
}

/// The evaluation that a user means.
fn lookup<'l>(loaded: &'l Loaded, id: &str) -> Result<&'l PastEvaluation, Failure> {
    let evaluations = loaded.history.evaluations();
    if id == "latest" {
        return evaluations.first().ok_or_else(|| Failure::plain("the history holds no evaluation"));
    }
    if let Some(exact) = evaluations.iter().find(|past| past.id == id) {
        return Ok(exact);
    }
    let near = |past: &&PastEvaluation| past.id.starts_with(id) || past.id.ends_with(id);
    let matching: Vec<_> = evaluations.iter().filter(near).collect();
    match matching.as_slice() {
        [one] if !id.is_empty() => Ok(one),
        [] => Err(Failure::with_help(
            format!("no evaluation has the id '{id}'"),
            "'capstan gate history list' shows the ids",
        )),
        several => Err(Failure::with_help(
            format!("'{id}' may be any of {} evaluations", several.len()),
            "write more of the id",
        )),
    }
}

fn prune(args: &PruneArgs, now: Timestamp) -> Result<Exit, Failure> {
    let file = HistoryFile::new(&args.file.history);
    file.load_existing()?;
    let mut removed = 0;
    let mut kept = 0;
    file.rewrite(|loaded| {
        let condemned = condemned(&loaded, args, now);
        let events = without(loaded.events, &condemned);
        kept = events.iter().filter(|event| event.kind == FINISHED).count();
        removed = condemned.len();
        events
    })?;
    print(&format!("removed {removed}, kept {kept}\n"));
    Ok(Exit::Success)
}

/// Ids of the evaluations to remove, each with its triggeredid.
fn condemned(loaded: &Loaded, args: &PruneArgs, now: Timestamp) -> HashSet<String> {
    let mut seen: BTreeMap<[&str; 3], usize> = BTreeMap::new();
    let mut condemned = HashSet::new();
    for past in loaded.history.evaluations() {
        let rank = seen.entry([&past.subject.project, &past.subject.stage, &past.subject.service]).or_default();
        *rank += 1;
        let too_many = args.keep.is_some_and(|keep| *rank > keep);
        let too_old =
            args.older_than.is_some_and(|age| now.as_nanosecond() - past.time.as_nanosecond() > i128::from(age));
        if past.pinned.is_none() && (too_many || too_old) {
            condemned.insert(past.id.clone());
        }
    }
    condemned
}

/// The events without the condemned evaluations and without what was said of them.
fn without(events: Vec<CloudEvent>, condemned: &HashSet<String>) -> Vec<CloudEvent> {
    let triggers: HashSet<String> = events
        .iter()
        .filter(|event| event.kind == FINISHED && condemned.contains(&event.id))
        .filter_map(|event| event.triggered_id.clone())
        .collect();
    let about = |event: &CloudEvent| {
        let named = event.data["evaluation"]["id"].as_str().is_some_and(|id| condemned.contains(id));
        named || event.triggered_id.as_ref().is_some_and(|id| triggers.contains(id))
    };
    let gone = |event: &CloudEvent| match event.kind.as_str() {
        FINISHED => condemned.contains(&event.id),
        INVALIDATED | PINNED | UNPINNED => about(event),
        _ => false,
    };
    events.into_iter().filter(|event| !gone(event)).collect()
}
