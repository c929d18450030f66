//! The bench from beginning to end.

use std::fs::OpenOptions;
use std::path::Path;
use std::time::Instant;

use jiff::Timestamp;

use super::arguments::ServerArgs;
use super::candidate::Candidate;
use super::contest::{Contests, contest};
use super::place::Place;
use super::plan::{Row, groups, named};
use super::record::Record;
use super::stored::{Cache, Stocks, can_drop_caches};
use super::table;
use crate::exit::Exit;
use crate::failure::{Failure, reason};
use crate::signals::Signals;
use crate::terminal::{note, print};

/// Measures, shows the tables, and writes the record. A row that lost something fails the bench.
pub(crate) fn run(args: &ServerArgs) -> Result<Exit, Failure> {
    let candidates = Candidate::asked_for(args)?;
    check_names(&args.only, args.url.is_some())?;
    if let Some(path) = &args.out {
        check_writable(path)?;
    }
    let mut groups = groups(&args.only, args.url.is_some());
    let cold = [Row::Recovery(Cache::Cold)];
    if groups.iter().any(|group| *group == cold) && !can_drop_caches() {
        note("W5/cold is left out: the page cache can be dropped by root alone\n");
        groups.retain(|group| *group != cold);
    }
    if groups.is_empty() {
        return Err(Failure::with_help("there is no other row to be measured", "run it as root, or ask for W5/warm"));
    }
    let failed = |error: &std::io::Error| Failure::plain(format!("the bench cannot start: {}", reason(error)));
    // One thread: what the bench takes of the machine, the server does not have.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| failed(&error))?;
    let outcome = runtime.block_on(async {
        let mut signals = Signals::new().map_err(|error| failed(&error))?;
        // A signal drops the bench where it stands, and with it every server and all data.
        tokio::select! {
            record = measure(args, candidates, &groups) => record,
            signal = signals.next() => Err(Failure::plain(format!("ended by {signal}; there are no figures"))),
        }
    });
    runtime.shutdown_background();
    let record = outcome?;
    print(&table::write(&record));
    if let Some(path) = &args.out {
        write(path, &record)?;
    }
    let mut exit = Exit::Success;
    for (row, fault) in record.faults() {
        note(&format!("{row} has no figures: {fault}\n"));
        exit = Exit::Fail;
    }
    Ok(exit)
}

/// What was asked for is to be there, each by itself: a slip is told before half an hour has passed.
fn check_names(only: &[String], is_foreign: bool) -> Result<(), Failure> {
    for part in only {
        let rows = named(part);
        if part.is_empty() || rows.is_empty() {
            let message = format!("no row has '{part}' in its name");
            return Err(Failure::with_help(message, "a name is such as F, G/256, W1/32 or W2/claims/64; see --help"));
        }
        if is_foreign && !rows.iter().any(|row| row.is_v1() || !row.is_of_server()) {
            let message = format!("'{part}' cannot be measured at a server that is there already");
            return Err(Failure::with_help(message, "with --url there are W1, W2/v1 and W3/v1"));
        }
    }
    Ok(())
}

/// The same of a file that is written at the end. One that was not there is made, and is empty until then.
fn check_writable(path: &Path) -> Result<(), Failure> {
    OpenOptions::new().append(true).create(true).open(path).map(drop).map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    let message = format!("cannot write '{}': {}", path.display(), reason(error));
    Failure::with_help(message, "name a file with --out where one can be written")
}

async fn measure(args: &ServerArgs, candidates: Vec<Candidate>, groups: &[Vec<Row>]) -> Result<Record, Failure> {
    for candidate in &candidates {
        // Before minutes go by with what it is held against.
        candidate.reach().await?;
    }
    let place = Place::new(args.dir.as_deref())?;
    let (began, begun) = (Timestamp::now(), Instant::now());
    let (profile, stocks) = (args.profile, Stocks::default());
    let mut contests = Contests { candidates: &candidates, place: &place, profile, stocks, rows: Vec::new() };
    for (number, group) in (1..).zip(groups) {
        let names: Vec<String> = group.iter().map(ToString::to_string).collect();
        note(&format!("[{number}/{}] {}\n", groups.len(), names.join(", ")));
        contest(group, &mut contests).await;
    }
    let rows = contests.rows;
    Ok(Record::new(began, begun.elapsed(), profile, &place, candidates, &rows))
}

fn write(path: &Path, record: &Record) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(record).map_err(|error| Failure::plain(error.to_string()))?;
    std::fs::write(path, text + "\n").map_err(|error| unwritable(path, &error))
}
